// Work items over threads, each thread with scratch memory of its own.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>

#include "base/aligned.h"
#include "base/shares.h"
#include "base/team.h"

namespace minnow::kernels::simd {

/// Less work than this is done before another thread has noticed it.
inline constexpr int64_t kMultiplyAddsWorthSharing = 1 << 15;

/// Bytes of workspace for `threads` scratches.
inline size_t scratchWorkspace(size_t scratchBytes, int threads) {
  return base::alignUp(scratchBytes) * static_cast<size_t>(threads);
}

/// Calls fn(item, scratch) for every item of [0, items), in shares of the team's members. Calls that
/// share a scratch never overlap.
template <class Fn>
void forEachItem(base::Team& team, int64_t items, std::span<std::byte> workspace,
                 size_t scratchBytes, const Fn& fn) {
  const size_t slot = base::alignUp(scratchBytes);
  const int64_t slots = slot ? static_cast<int64_t>(workspace.size() / slot) : team.threads();
  const auto members = std::min<int64_t>({items, slots, team.threads()});
  if (members < 1) return;
  // Compiled once: a copy of a kernel takes kilobytes.
  const auto run = [&](int64_t item, int64_t end, std::byte* scratch) __attribute__((noinline)) {
    for (; item < end; ++item) fn(item, scratch);
  };
  if (members == 1) return run(0, items, workspace.data());
  base::Shares shares(items, 1, static_cast<int>(members));
  team.together(members, [&](int member) {
    std::byte* scratch = workspace.data() + static_cast<size_t>(member) * slot;
    for (int64_t item = 0, end = 0; shares.take(member, item, end);) run(item, end, scratch);
  });
}

}  // namespace minnow::kernels::simd
