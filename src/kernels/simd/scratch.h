// Work items over threads, each thread with scratch memory of its own.
#pragma once

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/aligned.h"
#include "base/team.h"

namespace minnow::kernels::simd {

/// Less work than this is done before another thread has noticed it.
inline constexpr int64_t kMultiplyAddsWorthSharing = 1 << 15;

/// Bytes of workspace for `threads` scratches.
inline size_t scratchWorkspace(size_t scratchBytes, int threads) {
  return base::alignUp(scratchBytes) * static_cast<size_t>(threads);
}

/// Calls fn(item, scratch) for every item of [0, items); items are taken one by one, so that a slow
/// core takes fewer. Calls that share a scratch never overlap.
template <class Fn>
void forEachItem(base::Team& team, int64_t items, std::span<std::byte> workspace,
                 size_t scratchBytes, const Fn& fn) {
  const size_t slot = base::alignUp(scratchBytes);
  const int64_t slots = slot ? static_cast<int64_t>(workspace.size() / slot) : team.threads();
  std::atomic<int64_t> next{0};
  team.parallelFor(std::min<int64_t>({items, slots, team.threads()}), 1,
                   [&](int64_t begin, int64_t end) {
                     for (int64_t i = begin; i < end; ++i)
                       for (int64_t item = next++; item < items; item = next++)
                         fn(item, workspace.data() + static_cast<size_t>(i) * slot);
                   });
}

}  // namespace minnow::kernels::simd
