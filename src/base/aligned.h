// Memory on 64-byte boundaries: what kernels and the model file expect.
#pragma once

#include <cstddef>
#include <memory>

namespace minnow::base {

inline constexpr size_t kAlignment = 64;

inline size_t alignUp(size_t bytes, size_t alignment = kAlignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// Whether fresh memory is zeroed; an arena is not, so that its pages are taken only when touched.
enum class Clear { No, Yes };

/// 64-byte aligned, with at least 64 bytes more so that a vector may be read past the end. Null
/// when memory is short.
std::shared_ptr<std::byte[]> alignedBytes(size_t bytes, Clear clear = Clear::Yes);

}  // namespace minnow::base
