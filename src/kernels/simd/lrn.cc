// Local response normalisation: lanes over the channels of a pixel, or over pixels of a channel.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/lrn.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/fold_plan.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/fold-inl.h"
#include "kernels/simd/lrn.h"
#include "ops/lrn.h"

namespace minnow::kernels::simd {
#ifndef MINNOW_SIMD_LRN_ROW_
#define MINNOW_SIMD_LRN_ROW_

/// A row of pixels of one channel, or of channels of one pixel.
struct LrnRow {
  const float* x;
  float* y;
  int64_t length, before, after;  ///< channels of the window before and after
  int64_t channelStride;
  float weight, beta, bias;
};

#endif
}  // namespace minnow::kernels::simd

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

/// x * (bias + weight * sum)^-beta.
HWY_INLINE FoldVec scaled(FoldTag d, const LrnRow& row, FoldVec x, FoldVec sum) {
  const FoldVec base = hn::MulAdd(hn::Set(d, row.weight), sum, hn::Set(d, row.bias));
  const FoldVec exponent = hn::Mul(hn::Set(d, row.beta), logarithm(d, base));
  return hn::Mul(x, exponential(d, hn::Neg(exponent)));
}

void lrnPixels(const LrnRow& row) {
  const FoldTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < row.length; i += lanes) {
    const int64_t n = std::min(lanes, row.length - i);
    const auto load = [&](int64_t channel) HWY_ATTR {
      const float* from = row.x + i + channel * row.channelStride;
      return n == lanes ? hn::LoadU(d, from) : loadFirst(d, from, n);
    };
    FoldVec sum = hn::Zero(d);
    for (int64_t c = -row.before; c <= row.after; ++c) {
      const FoldVec v = load(c);
      sum = hn::MulAdd(v, v, sum);
    }
    storeFirst(d, scaled(d, row, load(0), sum), row.y + i, n);
  }
}

/// A channel beyond either end counts as 0, which adds nothing.
void lrnChannels(const LrnRow& row) {
  const FoldTag d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  const auto load = [&](int64_t first) HWY_ATTR {
    if (first >= 0 && first + lanes <= row.length) return hn::LoadU(d, row.x + first);
    HWY_ALIGN float values[kPartials] = {};
    for (int64_t k = 0; k < lanes; ++k)
      if (first + k >= 0 && first + k < row.length) values[k] = row.x[first + k];
    return hn::Load(d, values);
  };
  for (int64_t i = 0; i < row.length; i += lanes) {
    FoldVec sum = hn::Zero(d);
    for (int64_t c = -row.before; c <= row.after; ++c) {
      const FoldVec v = load(i + c);
      sum = hn::MulAdd(v, v, sum);
    }
    storeFirst(d, scaled(d, row, load(i), sum), row.y + i, std::min(lanes, row.length - i));
  }
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

struct LrnPlan {
  bool possible = false, overChannels = false;
  FoldAxes outer;  ///< batch and pixels, but for a row
  int64_t rowLength = 1;
};

LrnPlan planOf(const TensorView& x, const TensorView& y) {
  LrnPlan plan;
  for (int axis = 0; axis < x.shape.rank(); ++axis)
    if (axis != 1) plan.outer.add(x.shape[axis], x.strides[axis], y.strides[axis]);
  plan.overChannels = x.shape[1] > 1 && x.strides[1] == 1 && y.strides[1] == 1;
  plan.possible = x.elements() > 0;
  if (plan.overChannels) return plan;
  const int last = plan.outer.rank - 1;
  if (last < 0 || plan.outer.in[last] != 1 || plan.outer.out[last] != 1) return {};
  plan.rowLength = plan.outer.extents[last];
  plan.outer.remove(last);
  return plan;
}

LrnRow rowOf(const ops::Lrn& lrn, const TensorView& x) {
  LrnRow row{};
  row.before = std::min((lrn.size - 1) / 2, x.shape[1]);
  row.after = std::min(lrn.size / 2, x.shape[1]);
  row.channelStride = x.strides[1];
  row.weight = lrn.alpha / static_cast<float>(lrn.size);
  row.beta = lrn.beta;
  row.bias = lrn.bias;
  return row;
}

void runPixels(const ops::Lrn& lrn, const LrnPlan& plan, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const int64_t channels = x.shape[1];
  const auto normalise = MINNOW_DISPATCH(lrnPixels);
  args.team->parallelFor(plan.outer.count() * channels, 1, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const auto [in, out] = plan.outer.offsets(task / channels);
      const int64_t c = task % channels;
      LrnRow row = rowOf(lrn, x);
      row.length = plan.rowLength;
      row.before = std::min(row.before, c);
      row.after = std::min(row.after, channels - 1 - c);
      row.x = x.as<const float>() + in + c * x.strides[1];
      row.y = y.as<float>() + out + c * y.strides[1];
      normalise(row);
    }
  });
}

void runChannels(const ops::Lrn& lrn, const LrnPlan& plan, const KernelArgs& args) {
  const auto normalise = MINNOW_DISPATCH(lrnChannels);
  args.team->parallelFor(plan.outer.count(), 64, [&](int64_t begin, int64_t end) {
    LrnRow row = rowOf(lrn, args.inputs[0]);
    row.length = args.inputs[0].shape[1];
    for (int64_t task = begin; task < end; ++task) {
      const auto [in, out] = plan.outer.offsets(task);
      row.x = args.inputs[0].as<const float>() + in;
      row.y = args.outputs[0].as<float>() + out;
      normalise(row);
    }
  });
}

}  // namespace

bool acceptsLrn(const ops::Operator&, std::span<const TensorView> inputs,
                std::span<const TensorView> outputs) {
  return planOf(inputs[0], outputs[0]).possible;
}

Result<void> runLrn(const ops::Operator& op, const KernelArgs& args) {
  const auto& lrn = static_cast<const ops::Lrn&>(op);
  const LrnPlan plan = planOf(args.inputs[0], args.outputs[0]);
  if (plan.overChannels)
    runChannels(lrn, plan, args);
  else
    runPixels(lrn, plan, args);
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
