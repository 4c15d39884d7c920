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
  mapFloatsHere()(epilogue, {output, output, channels, pixels, step});
}

}  // namespace minnow::kernels::simd
