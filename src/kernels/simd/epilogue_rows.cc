// An epilogue over stored pixels.
#include "kernels/simd/epilogue_rows.h"

#include "kernels/simd/unary.h"

namespace minnow::kernels::simd {

void applyEpilogueRows(const ops::Epilogue& epilogue, float* output, int64_t pixels, int64_t step,
                       int64_t channels) {
  if (step == channels) {
    channels *= pixels;
    pixels = 1;
  }
  const MapFloats map = mapFloatsHere();
  for (int64_t p = 0; p < pixels; ++p)
    map(epilogue, output + p * step, output + p * step, static_cast<size_t>(channels));
}

}  // namespace minnow::kernels::simd
