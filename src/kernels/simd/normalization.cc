// Layer, group and instance normalisation: along contiguous sets, or with a lane a channel.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/normalization.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/fold_plan.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/fold-inl.h"
#include "kernels/simd/normalization.h"
#include "ops/group_normalization.h"
#include "ops/layer_normalization.h"

namespace minnow::kernels::simd {
#ifndef MINNOW_SIMD_NORMALIZATION_TASKS_
#define MINNOW_SIMD_NORMALIZATION_TASKS_

struct LayerTask {
  FoldPlan plan;
  bool centred;
  float epsilon;
  const float *x, *scale, *bias;  ///< bias may be null
  float *y, *mean, *inverse;      ///< the last two may be null
};

struct GroupTask {
  FoldPlan plan;
  int64_t groups, channelsPerGroup;
  float epsilon;
  TensorView scale, bias;
  const float* x;
  float* y;
};

#endif
}  // namespace minnow::kernels::simd

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

/// fma((x - mean) * inverse, scale[lane], bias[lane]), or the product alone.
struct ScaleAndShift {
  float mean, inverse;
  const float *scale, *bias;
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t lane) const {
    const FoldVec unit = hn::Mul(hn::Sub(x, hn::Set(d, mean)), hn::Set(d, inverse));
    const FoldVec by = hn::LoadU(d, scale + lane);
    return bias ? hn::MulAdd(unit, by, hn::LoadU(d, bias + lane)) : hn::Mul(unit, by);
  }
};

/// fma(x - mean, scale, bias); a number each for a row.
struct RowShift {
  float mean, scale, bias;
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t) const {
    return hn::MulAdd(hn::Sub(x, hn::Set(d, mean)), hn::Set(d, scale), hn::Set(d, bias));
  }
};

/// The same with numbers a lane.
struct LaneShift {
  const float *mean, *scale, *bias;
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t lane) const {
    return hn::MulAdd(hn::Sub(x, hn::LoadU(d, mean + lane)), hn::LoadU(d, scale + lane),
                      hn::LoadU(d, bias + lane));
  }
};

/// Whole vectors by `fn`, the rest one by one: the parameters end where the row does.
HWY_INLINE void shiftRow(const float* x, float* y, int64_t n, const ScaleAndShift& fn) {
  const auto lanes = static_cast<int64_t>(hn::Lanes(FoldTag()));
  const int64_t whole = n / lanes * lanes;
  mapLanes(x, y, whole, fn);
  for (int64_t i = whole; i < n; ++i) {
    const float unit = (x[i] - fn.mean) * fn.inverse;
    y[i] = fn.bias ? std::fma(unit, fn.scale[i], fn.bias[i]) : unit * fn.scale[i];
  }
}

void layerTasks(const LayerTask& t, int64_t begin, int64_t end) {
  const auto n = static_cast<float>(t.plan.count);
  for (int64_t task = begin; task < end; ++task) {
    const auto [in, out] = t.plan.outer.offsets(task);
    const float* x = t.x + in;
    const float mean = t.centred ? foldRow<Sum>(true, x, t.plan.count, Itself{}) / n : 0.0f;
    const Minus minus{&mean, false};
    const float variance = foldRow<SumOfSquares>(true, x, t.plan.count, minus) / n;
    const float inverse = 1.0f / std::sqrt(variance + t.epsilon);
    shiftRow(x, t.y + out, t.plan.count, {mean, inverse, t.scale, t.bias});
    if (t.mean) t.mean[task] = mean;
    if (t.inverse) t.inverse[task] = inverse;
  }
}

HWY_INLINE float parameter(const TensorView& view, int64_t i) {
  return view.as<const float>()[i * view.strides[0]];
}

/// The group of one image, in one piece: its channels one after another.
HWY_INLINE void normaliseGroup(const GroupTask& t, int64_t group, const float* x, float* y) {
  const auto n = static_cast<float>(t.plan.count);
  const float mean = foldRow<Sum>(true, x, t.plan.count, Itself{}) / n;
  const float variance = foldRow<SumOfSquares>(true, x, t.plan.count, Minus{&mean, false}) / n;
  const float deviation = std::sqrt(variance + t.epsilon);
  const int64_t pixels = t.plan.count / t.channelsPerGroup;
  const bool perGroup = t.scale.shape[0] == t.groups;
  for (int64_t c = 0; c < t.channelsPerGroup; ++c) {
    const int64_t p = perGroup ? group : group * t.channelsPerGroup + c;
    mapLanes(x + c * pixels, y + c * pixels, pixels,
             RowShift{mean, parameter(t.scale, p) / deviation, parameter(t.bias, p)});
  }
}

/// `lanes` channels from `first` on, each a group of its own.
HWY_INLINE void normaliseChannels(const GroupTask& t, int64_t first, int64_t lanes, const float* x,
                                  float* y) {
  HWY_ALIGN float mean[kBlock] = {}, scale[kBlock] = {}, bias[kBlock] = {};
  const auto n = static_cast<float>(t.plan.count);
  foldLanes<Sum>(t.plan, x, lanes, Itself{}, mean);
  for (int64_t k = 0; k < lanes; ++k) mean[k] /= n;
  foldLanes<SumOfSquares>(t.plan, x, lanes, Minus{mean, true}, scale);
  for (int64_t k = 0; k < lanes; ++k) {
    scale[k] = parameter(t.scale, first + k) / std::sqrt(scale[k] / n + t.epsilon);
    bias[k] = parameter(t.bias, first + k);
  }
  mapBlock(t.plan.reduced, x, y, lanes, LaneShift{mean, scale, bias});
}

void groupTasks(const GroupTask& t, int64_t begin, int64_t end) {
  for (int64_t task = begin; task < end; ++task) {
    const auto [in, out] = t.plan.outer.offsets(task / t.plan.blocks());
    const int64_t first = task % t.plan.blocks() * kBlock;
    if (t.plan.along)
      normaliseGroup(t, task % t.groups, t.x + in, t.y + out);
    else
      normaliseChannels(t, first, std::min(kBlock, t.plan.lanes - first), t.x + in + first,
                        t.y + out + first);
  }
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

/// True if `parameter` has exactly the elements of a set, in order.
bool coversSet(const TensorView& parameter, const Shape& x, int axis) {
  return parameter.isPlain() && parameter.shape == Shape(x.dims().subspan(axis));
}

FoldPlan planOf(const ops::LayerNormalization& norm, const TensorView& x, const TensorView& y) {
  return foldPlan(x, y.strides, ~0u << norm.axis);
}

/// x as [N, groups, channels of a group, spatial…].
TensorView inGroups(const TensorView& x, int64_t groups) {
  TensorView view = x;
  view.shape = Shape{x.shape[0], groups, x.shape[1] / groups};
  view.strides = {x.strides[0], x.strides[1] * (x.shape[1] / groups), x.strides[1]};
  for (int axis = 2; axis < x.shape.rank(); ++axis) {
    view.strides[static_cast<size_t>(axis) + 1] = x.strides[static_cast<size_t>(axis)];
    view.shape.push_back(x.shape[axis]);
  }
  return view;
}

FoldPlan planOf(const ops::GroupNormalization& norm, const TensorView& x, const TensorView& y) {
  const int64_t groups = norm.groupsOf(x.shape);
  return foldPlan(inGroups(x, groups), inGroups(y, groups).strides, ~3u);
}

}  // namespace

bool acceptsLayerNormalization(const ops::Operator& op, std::span<const TensorView> inputs,
                               std::span<const TensorView> outputs) {
  const auto& norm = static_cast<const ops::LayerNormalization&>(op);
  const int axis = static_cast<int>(norm.axis);
  const Shape& x = inputs[0].shape;
  if (inputs[0].type != DataType::Float32) return false;
  if (!coversSet(inputs[1], x, axis)) return false;
  if (inputs.size() > 2 && inputs[2] && !coversSet(inputs[2], x, axis)) return false;
  for (size_t i = 1; i < outputs.size(); ++i)
    if (outputs[i] && !outputs[i].isPlain()) return false;
  const FoldPlan plan = planOf(norm, inputs[0], outputs[0]);
  return plan.possible && plan.along;
}

Result<void> runLayerNormalization(const ops::Operator& op, const KernelArgs& args) {
  const auto& norm = static_cast<const ops::LayerNormalization&>(op);
  const auto output = [&](size_t i) {
    return i < args.outputs.size() && args.outputs[i] ? args.outputs[i].as<float>() : nullptr;
  };
  const bool hasBias = args.inputs.size() > 2 && args.inputs[2];
  const LayerTask task{planOf(norm, args.inputs[0], args.outputs[0]),
                       norm.centred,
                       norm.epsilon,
                       args.inputs[0].as<const float>(),
                       args.inputs[1].as<const float>(),
                       hasBias ? args.inputs[2].as<const float>() : nullptr,
                       output(0),
                       output(1),
                       output(2)};
  const auto run = MINNOW_DISPATCH(layerTasks);
  task.plan.run(*args.team, [&](int64_t begin, int64_t end) { run(task, begin, end); });
  return {};
}

bool acceptsGroupNormalization(const ops::Operator& op, std::span<const TensorView> inputs,
                               std::span<const TensorView> outputs) {
  const auto& norm = static_cast<const ops::GroupNormalization&>(op);
  if (inputs[0].type != DataType::Float32 || inputs[0].shape.rank() >= kMaxRank) return false;
  const FoldPlan plan = planOf(norm, inputs[0], outputs[0]);
  if (!plan.possible) return false;
  if (plan.along) return true;
  const int64_t groups = norm.groupsOf(inputs[0].shape);
  return groups == inputs[0].shape[1] && inputs[0].strides[1] == 1 && plan.laneOut == 1 &&
         plan.lanes == groups;
}

Result<void> runGroupNormalization(const ops::Operator& op, const KernelArgs& args) {
  const auto& norm = static_cast<const ops::GroupNormalization&>(op);
  const int64_t groups = norm.groupsOf(args.inputs[0].shape);
  const GroupTask task{planOf(norm, args.inputs[0], args.outputs[0]),
                       groups,
                       args.inputs[0].shape[1] / groups,
                       norm.epsilon,
                       args.inputs[1],
                       args.inputs[2],
                       args.inputs[0].as<const float>(),
                       args.outputs[0].as<float>()};
  const auto run = MINNOW_DISPATCH(groupTasks);
  task.plan.run(*args.team, [&](int64_t begin, int64_t end) { run(task, begin, end); });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
