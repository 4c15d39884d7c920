// Any bytes as EXIF: an orientation.
#include <cstdint>

#include "vision/codecs.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  const int orientation = minnow::vision::exifOrientation({data, size});
  if (orientation < 1 || orientation > 8) __builtin_trap();
  return 0;
}
