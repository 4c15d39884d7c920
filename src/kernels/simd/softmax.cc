// Softmax and LogSoftmax: along contiguous rows, or with a lane for each of neighbouring sets. Where
// the input lies neither way, as a transposed one may, it is copied to the output first.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/softmax.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/fold_plan.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/fold-inl.h"
#include "kernels/simd/softmax.h"
#include "kernels/simd/strided_copy.h"
#include "ops/softmax.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

/// x * by[lane].
struct Times {
  const float* by;
  bool perLane;
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t lane) const {
    return hn::Mul(x, perLane ? hn::LoadU(d, by + lane) : hn::Set(d, *by));
  }
};

/// (x - max) - log(sum).
struct LogOfShare {
  Minus max, logOfSum;
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t lane) const {
    return logOfSum(d, max(d, x, lane), lane);
  }
};

/// The logarithm, in place.
struct Log {
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t) const { return logarithm(d, x); }
};

HWY_INLINE void softmaxRow(const FoldPlan& plan, bool logs, const float* x, float* y) {
  const float max = greatestOfRow(x, plan.count);
  const Minus minus{&max, false};
  float sum = foldRow<Sum>(plan.striped, x, plan.count, ExpMinus{minus}, logs ? nullptr : y);
  if (logs) {
    mapLanes(&sum, &sum, 1, Log{});
    return mapLanes(x, y, plan.count, LogOfShare{minus, {&sum, false}});
  }
  const float inverse = 1.0f / sum;
  mapLanes(y, y, plan.count, Times{&inverse, false});
}

HWY_NOINLINE void softmaxLanes(const FoldPlan& plan, bool logs, const float* x, float* y,
                               int64_t lanes) {
  HWY_ALIGN float max[kBlock] = {}, sum[kBlock] = {};
  foldLanes<Greatest>(plan, x, lanes, Itself{}, max);
  for (int64_t k = 0; k < lanes; ++k) max[k] += 0.0f;
  const Minus minus{max, true};
  foldLanes<Sum>(plan, x, lanes, ExpMinus{minus}, sum, logs ? nullptr : y);
  if (logs) {
    mapLanes(sum, sum, lanes, Log{});
    return mapBlock(plan.reduced, x, y, lanes, LogOfShare{minus, {sum, true}});
  }
  for (int64_t k = 0; k < lanes; ++k) sum[k] = 1.0f / sum[k];
  FoldAxes written = plan.reduced;
  written.in = written.out;
  mapBlock(written, y, y, lanes, Times{sum, true});
}

/// Rows that are shorter than a vector, a lane for each: of the 4,420 pairs of UltraFace's scores
/// one at a time took a vector's work each.
void softmaxShortRows(const FoldPlan& plan, bool logs, const float* x, float* y, int64_t begin,
                      int64_t end) {
  HWY_ALIGN float turned[kPartials * kBlock];
  FoldPlan columns;
  columns.striped = plan.striped;
  columns.reduced.add(plan.count, kBlock, kBlock);
  for (int64_t first = begin; first < end; first += kBlock) {
    const int64_t rows = std::min(kBlock, end - first);
    for (int64_t row = 0; row < rows; ++row) {
      const float* from = x + plan.outer.offsets(first + row)[0];
      for (int64_t i = 0; i < plan.count; ++i) turned[i * kBlock + row] = from[i];
    }
    softmaxLanes(columns, logs, turned, turned, rows);
    for (int64_t row = 0; row < rows; ++row) {
      float* to = y + plan.outer.offsets(first + row)[1];
      for (int64_t i = 0; i < plan.count; ++i) to[i] = turned[i * kBlock + row];
    }
  }
}

void softmaxTasks(const FoldPlan& plan, bool logs, const float* x, float* y, int64_t begin,
                  int64_t end) {
  if (plan.along && plan.count < kPartials) return softmaxShortRows(plan, logs, x, y, begin, end);
  for (int64_t task = begin; task < end; ++task) {
    const auto [in, out] = plan.outer.offsets(task / plan.blocks());
    const int64_t first = task % plan.blocks() * kBlock;
    if (plan.along)
      softmaxRow(plan, logs, x + in, y + out);
    else
      softmaxLanes(plan, logs, x + in + first, y + out + first,
                   std::min(kBlock, plan.lanes - first));
  }
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

/// Of an element: its exponential and three passes.
constexpr int64_t kWeight = 8;

FoldPlan planOf(const ops::Softmax& softmax, const TensorView& x, const TensorView& y) {
  FoldPlan plan = foldPlan(x, y.strides, softmax.mask(x.shape.rank()));
  plan.possible = plan.possible && (plan.along || plan.laneOut == 1);
  return plan;
}

}  // namespace

bool acceptsSoftmax(const ops::Operator& op, std::span<const TensorView> inputs,
                    std::span<const TensorView> outputs) {
  const auto& softmax = static_cast<const ops::Softmax&>(op);
  if (softmax.fn == ops::SoftmaxFn::Hardmax || inputs[0].type != DataType::Float32) return false;
  return planOf(softmax, inputs[0], outputs[0]).possible ||
         planOf(softmax, outputs[0], outputs[0]).possible;
}

Result<void> runSoftmax(const ops::Operator& op, const KernelArgs& args) {
  const auto& softmax = static_cast<const ops::Softmax&>(op);
  const TensorView& y = args.outputs[0];
  TensorView x = args.inputs[0];
  FoldPlan plan = planOf(softmax, x, y);
  if (!plan.possible) {
    copyStrided(x, y, *args.team);
    x = y;
    plan = planOf(softmax, x, y);
  }
  const auto normalise = MINNOW_DISPATCH(softmaxTasks);
  const auto run = [&](int64_t begin, int64_t end) {
    normalise(plan, softmax.fn == ops::SoftmaxFn::LogSoftmax, x.as<const float>(), y.as<float>(),
              begin, end);
  };
  plan.run(*args.team, run, kWeight);
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
