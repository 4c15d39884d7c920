// Memory on 64-byte boundaries.
#include "base/aligned.h"

#include <cstdlib>
#include <cstring>

namespace minnow::base {

void FreeBlock::operator()(std::byte* block) const { std::free(block); }

AlignedBlock alignedBlock(size_t bytes, Clear clear) {
  void* block = std::aligned_alloc(kAlignment, bytes);
  if (block && clear == Clear::Yes) std::memset(block, 0, bytes);
  return AlignedBlock(static_cast<std::byte*>(block));
}

std::shared_ptr<std::byte[]> alignedBytes(size_t bytes, Clear clear) {
  return alignedBlock(blockBytes(bytes), clear);
}

}  // namespace minnow::base
