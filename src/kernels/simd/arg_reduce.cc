// ArgMax and ArgMin of float32: a lane for each of neighbouring outputs, or one contiguous row at a
// time.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/arg_reduce.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/fold_plan.h"
#include "kernels/simd/arg_reduce.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/fold-inl.h"
#include "ops/arg_reduce.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

// Comparisons: true where a new value takes the champion's place. A NaN is above every number.
struct First {
  static HWY_INLINE auto beats(FoldVec value, FoldVec champion) {
    return hn::AndNot(hn::Le(value, champion), hn::Eq(champion, champion));
  }
  static bool beats(float value, float champion) {
    return !(value <= champion) && champion == champion;
  }
};
struct Last {
  static HWY_INLINE auto beats(FoldVec value, FoldVec champion) {
    return hn::Or(hn::Ge(value, champion), hn::IsNaN(value));
  }
  static bool beats(float value, float champion) { return value >= champion || value != value; }
};

/// The minimum is the maximum of the negated values.
template <class Order, bool kMax>
HWY_INLINE void chooseLanes(const FoldPlan& plan, const float* x, int64_t lanes, int64_t* y) {
  const FoldTag d;
  const hn::RebindToSigned<FoldTag> di;
  const auto step = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t k = 0; k < lanes; k += step) {
    const int64_t n = std::min(step, lanes - k);
    const auto load = [&](int64_t i) HWY_ATTR {
      const float* from = x + k + i * plan.reduced.in[0];
      const FoldVec v = n == step ? hn::LoadU(d, from) : loadFirst(d, from, n);
      return kMax ? v : hn::Neg(v);
    };
    FoldVec champion = load(0);
    auto best = hn::Zero(di);
    for (int64_t i = 1; i < plan.count; ++i) {
      const FoldVec value = load(i);
      const auto beats = Order::beats(value, champion);
      champion = hn::IfThenElse(beats, value, champion);
      best = hn::IfThenElse(hn::RebindMask(di, beats), hn::Set(di, static_cast<int32_t>(i)), best);
    }
    HWY_ALIGN int32_t chosen[kPartials];
    hn::Store(best, di, chosen);
    for (int64_t i = 0; i < n; ++i) y[(k + i) * plan.laneOut] = chosen[i];
  }
}

template <class Order, bool kMax>
HWY_INLINE int64_t chooseInRow(const float* x, int64_t n) {
  float champion = kMax ? x[0] : -x[0];
  int64_t best = 0;
  for (int64_t i = 1; i < n; ++i) {
    const float value = kMax ? x[i] : -x[i];
    const bool beats = Order::beats(value, champion);
    champion = beats ? value : champion;
    best = beats ? i : best;
  }
  return best;
}

template <class Order, bool kMax>
HWY_INLINE void chooseTasks(const FoldPlan& plan, const float* x, int64_t* y, int64_t begin,
                            int64_t end) {
  for (int64_t task = begin; task < end; ++task) {
    const auto [in, out] = plan.outer.offsets(task / plan.blocks());
    const int64_t first = task % plan.blocks() * kBlock;
    if (plan.along)
      y[out] = chooseInRow<Order, kMax>(x + in, plan.count);
    else
      chooseLanes<Order, kMax>(plan, x + in + first, std::min(kBlock, plan.lanes - first),
                               y + out + first * plan.laneOut);
  }
}

void choose(const FoldPlan& plan, bool max, bool last, const float* x, int64_t* y, int64_t begin,
            int64_t end) {
  if (max && last) return chooseTasks<Last, true>(plan, x, y, begin, end);
  if (max) return chooseTasks<First, true>(plan, x, y, begin, end);
  if (last) return chooseTasks<Last, false>(plan, x, y, begin, end);
  chooseTasks<First, false>(plan, x, y, begin, end);
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

FoldPlan planOf(const ops::ArgReduce& arg, const TensorView& x, const TensorView& y) {
  Strides out{};
  for (int axis = 0, at = 0; axis < x.shape.rank(); ++axis) {
    if (axis != arg.axis) out[axis] = y.strides[at];
    if (axis != arg.axis || arg.keepDims) ++at;
  }
  return foldPlan(x, out, 1u << arg.axis);
}

}  // namespace

bool acceptsArgReduce(const ops::Operator& op, std::span<const TensorView> inputs,
                      std::span<const TensorView> outputs) {
  const auto& arg = static_cast<const ops::ArgReduce&>(op);
  const FoldPlan plan = planOf(arg, inputs[0], outputs[0]);
  return inputs[0].type == DataType::Float32 && plan.possible && plan.count < (int64_t{1} << 31);
}

Result<void> runArgReduce(const ops::Operator& op, const KernelArgs& args) {
  const auto& arg = static_cast<const ops::ArgReduce&>(op);
  const FoldPlan plan = planOf(arg, args.inputs[0], args.outputs[0]);
  const auto run = MINNOW_DISPATCH(choose);
  plan.run(*args.team, [&](int64_t begin, int64_t end) {
    run(plan, arg.max, arg.selectLast, args.inputs[0].as<const float>(),
        args.outputs[0].as<int64_t>(), begin, end);
  });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
