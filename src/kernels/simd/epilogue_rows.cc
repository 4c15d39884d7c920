// An epilogue over stored pixels.
#include "kernels/simd/epilogue_rows.h"

#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/epilogue_rows.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include "kernels/simd/epilogue-inl.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

void EpilogueRows(const ops::Epilogue& epilogue, float* output, int64_t pixels, int64_t step,
                  int64_t channels) {
  if (step == channels) {
    channels *= pixels;
    pixels = 1;
  }
  visitFunction(epilogue, [&](auto function) HWY_ATTR {
    for (int64_t p = 0; p < pixels; ++p)
      mapRow(function, output + p * step, output + p * step, static_cast<size_t>(channels));
  });
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
HWY_EXPORT(EpilogueRows);

void applyEpilogueRows(const ops::Epilogue& epilogue, float* output, int64_t pixels, int64_t step,
                       int64_t channels) {
  HWY_DYNAMIC_DISPATCH(EpilogueRows)(epilogue, output, pixels, step, channels);
}

}  // namespace minnow::kernels::simd
#endif
