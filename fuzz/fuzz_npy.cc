// Any bytes as an .npy file: a tensor that is the same after it was written and read again, or an
// error.
#include <cstdint>

#include "analysis/npy.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  using namespace minnow::analysis;
  const auto tensor = parseNpy(std::as_bytes(std::span(data, size)), "fuzz");
  if (!tensor) return 0;
  const auto again = parseNpy(encodeNpy(*tensor), "again");
  if (!again || !(again->type == tensor->type) || again->bytes != tensor->bytes) __builtin_trap();
  return 0;
}
