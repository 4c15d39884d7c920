// Float32 elementwise functions: one loop over contiguous rows, the function passed in.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/unary.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/loop_nest.h"
#include "kernels/simd/epilogue-inl.h"
#include "kernels/simd/unary.h"
#include "ops/unary.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

void mapFloats(const ops::Epilogue& fn, const float* from, float* to, size_t n) {
  visitFunction(fn, [&](auto function) HWY_ATTR { mapRow(function, from, to, n); });
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

HWY_EXPORT(mapFloats);

LoopNest<2> nestOf(const TensorView& in, const TensorView& out) {
  return {out.shape, {out.strides, in.strides}};
}

}  // namespace

bool acceptsUnary(const ops::Operator& op, std::span<const TensorView> inputs,
                  std::span<const TensorView> outputs) {
  const auto& unary = static_cast<const ops::Unary&>(op);
  if (unary.fn >= ops::UnaryFn::kEpilogueCount || inputs[0].type != DataType::Float32) return false;
  const LoopNest<2> nest = nestOf(inputs[0], outputs[0]);
  return nest.inner() == 1 || (nest.innerStride(0) == 1 && nest.innerStride(1) == 1);
}

Result<void> runUnary(const ops::Operator& op, const KernelArgs& args) {
  const auto& unary = static_cast<const ops::Unary&>(op);
  const ops::Epilogue fn{unary.fn, unary.alpha, unary.beta};
  const float* from = args.inputs[0].as<const float>();
  float* to = args.outputs[0].as<float>();
  const auto map = HWY_DYNAMIC_DISPATCH(mapFloats);
  nestOf(args.inputs[0], args.outputs[0]).run(*args.pool, [&](const auto& at, int64_t n) {
    map(fn, from + at[1], to + at[0], static_cast<size_t>(n));
  });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
