// Memory on 64-byte boundaries: what kernels and the model file expect.
#pragma once

#include <cstddef>
#include <memory>

namespace minnow::base {

inline constexpr size_t kAlignment = 64;

constexpr size_t alignUp(size_t bytes, size_t alignment = kAlignment) {
  return (bytes + alignment - 1) / alignment * alignment;
}

/// Whether fresh memory is zeroed; an arena is not, so that its pages are taken only when touched.
enum class Clear { No, Yes };

/// Bytes that a block for `bytes` takes: rounded up, and 64 more so that a vector may be read past
/// the end.
constexpr size_t blockBytes(size_t bytes) { return alignUp(bytes) + kAlignment; }

struct FreeBlock {
  void operator()(std::byte* block) const;
};
using AlignedBlock = std::unique_ptr<std::byte[], FreeBlock>;
/// Exactly `bytes`, a multiple of 64, on a 64-byte boundary. Null when memory is short.
AlignedBlock alignedBlock(size_t bytes, Clear clear);

/// blockBytes(bytes), shared. Null when memory is short.
std::shared_ptr<std::byte[]> alignedBytes(size_t bytes, Clear clear = Clear::Yes);

}  // namespace minnow::base
