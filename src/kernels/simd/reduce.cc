// Reductions of float32: along contiguous rows, or with a lane for each of neighbouring outputs.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/reduce.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/fold_plan.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/fold-inl.h"
#include "kernels/simd/reduce.h"
#include "ops/reduce.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

HWY_INLINE float finished(ops::ReduceFn fn, float folded, int64_t count) {
  switch (fn) {
    case ops::ReduceFn::Mean:
      return folded / static_cast<float>(count);
    case ops::ReduceFn::L2:
      return std::sqrt(folded);
    case ops::ReduceFn::Max:
    case ops::ReduceFn::Min:
      return folded + 0.0f;
    default:
      return folded;
  }
}

/// Tasks begin … end of the plan.
template <class Join, class F>
HWY_INLINE void reduceTasks(const FoldPlan& plan, ops::ReduceFn fn, const float* x, float* y,
                            int64_t begin, int64_t end, const F& element) {
  for (int64_t task = begin; task < end; ++task) {
    const auto [in, out] = plan.outer.offsets(task / plan.blocks());
    if (plan.along) {
      y[out] = finished(fn, foldRow<Join>(plan.striped, x + in, plan.count, element), plan.count);
      continue;
    }
    const int64_t first = task % plan.blocks() * kBlock;
    const int64_t lanes = std::min(kBlock, plan.lanes - first);
    float folded[kBlock];
    foldLanes<Join>(plan, x + in + first, lanes, element, folded);
    for (int64_t k = 0; k < lanes; ++k)
      y[out + (first + k) * plan.laneOut] = finished(fn, folded[k], plan.count);
  }
}

void reduceFloats(const FoldPlan& plan, ops::ReduceFn fn, const float* x, float* y, int64_t begin,
                  int64_t end) {
  switch (fn) {
    case ops::ReduceFn::Max:
      return reduceTasks<Greatest>(plan, fn, x, y, begin, end, Itself{});
    case ops::ReduceFn::Min:
      return reduceTasks<Least>(plan, fn, x, y, begin, end, Itself{});
    case ops::ReduceFn::L2:
    case ops::ReduceFn::SumSquare:
      return reduceTasks<SumOfSquares>(plan, fn, x, y, begin, end, Itself{});
    default:  // a copy of the loops for L1 alone takes 1,700 bytes
      return reduceTasks<Sum>(plan, fn, x, y, begin, end,
                              Masked{fn == ops::ReduceFn::L1 ? 0x7FFFFFFFu : 0xFFFFFFFFu});
  }
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

FoldPlan planOf(const ops::Reduce& reduce, const TensorView& x, const TensorView& y) {
  uint32_t mask = 0;
  for (int64_t axis : reduce.axes) mask |= 1u << axis;
  Strides out{};
  for (int axis = 0, at = 0; axis < x.shape.rank(); ++axis) {
    const bool reduced = mask >> axis & 1;
    if (!reduced) out[axis] = y.strides[at];
    if (!reduced || reduce.keepDims) ++at;
  }
  return foldPlan(x, out, mask);
}

}  // namespace

bool acceptsReduce(const ops::Operator& op, std::span<const TensorView> inputs,
                   std::span<const TensorView> outputs) {
  const auto& reduce = static_cast<const ops::Reduce&>(op);
  switch (reduce.fn) {
    case ops::ReduceFn::Prod:
    case ops::ReduceFn::LogSum:
    case ops::ReduceFn::LogSumExp:
      return false;
    default:
      return inputs[0].type == DataType::Float32 && !reduce.axes.empty() &&
             planOf(reduce, inputs[0], outputs[0]).possible;
  }
}

Result<void> runReduce(const ops::Operator& op, const KernelArgs& args) {
  const auto& reduce = static_cast<const ops::Reduce&>(op);
  const FoldPlan plan = planOf(reduce, args.inputs[0], args.outputs[0]);
  const auto fold = MINNOW_DISPATCH(reduceFloats);
  plan.run(*args.team, [&](int64_t begin, int64_t end) {
    fold(plan, reduce.fn, args.inputs[0].as<const float>(), args.outputs[0].as<float>(), begin,
         end);
  });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
