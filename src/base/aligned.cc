// Memory on 64-byte boundaries.
#include "base/aligned.h"

#include <cstdlib>
#include <cstring>

namespace minnow::base {

std::shared_ptr<std::byte[]> alignedBytes(size_t bytes, Clear clear) {
  const size_t padded = alignUp(bytes) + kAlignment;
  void* block = std::aligned_alloc(kAlignment, padded);
  if (!block) return nullptr;
  if (clear == Clear::Yes) std::memset(block, 0, padded);
  return {static_cast<std::byte*>(block), [](std::byte* p) { std::free(p); }};
}

}  // namespace minnow::base
