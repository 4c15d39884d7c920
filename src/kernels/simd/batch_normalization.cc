// Batch normalisation: a scale and a shift a channel, over rows of pixels of one channel, or over
// rows of whole pixels with the parameters repeated as often as vectors need.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/batch_normalization.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <cmath>

#include "kernels/fold_plan.h"
#include "kernels/simd/batch_normalization.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/fold-inl.h"
#include "ops/batch_normalization.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

struct Constants {
  float mean, scale, bias;
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t) const {
    return hn::MulAdd(hn::Sub(x, hn::Set(d, mean)), hn::Set(d, scale), hn::Set(d, bias));
  }
};

struct Lists {
  const float *mean, *scale, *bias;
  HWY_INLINE FoldVec operator()(FoldTag d, FoldVec x, int64_t i) const {
    return hn::MulAdd(hn::Sub(x, hn::LoadU(d, mean + i)), hn::LoadU(d, scale + i),
                      hn::LoadU(d, bias + i));
  }
};

void shiftByConstants(const float* x, float* y, int64_t n, float mean, float scale, float bias) {
  mapLanes(x, y, n, Constants{mean, scale, bias});
}

/// The lists are `period` long, with a vector to spare behind each, and repeat along the row.
void shiftByLists(const float* x, float* y, int64_t n, int64_t period, const float* mean,
                  const float* scale, const float* bias) {
  for (int64_t i = 0; i < n; i += period)
    mapLanes(x + i, y + i, std::min(period, n - i), Lists{mean, scale, bias});
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

/// Rows walked alike in x and y. Lanes run over channels, or over pixels of one channel.
struct RowPlan {
  bool overChannels = false;
  FoldAxes outer;
  int64_t rowLength = 0;
  int64_t period = 0;  ///< floats of each parameter list
};

/// How often the parameters are repeated: lists of a few hundred numbers, whole vectors if short.
int64_t repeats(int64_t channels) {
  if (channels >= 256) return 1;
  return channels % 16 == 0 ? 256 / channels : 16;
}

RowPlan planOf(const TensorView& x, const TensorView& y) {
  RowPlan plan;
  const int64_t channels = x.shape[1];
  FoldAxes pixels;
  for (int axis = 0; axis < x.shape.rank(); ++axis)
    if (axis != 1) pixels.add(x.shape[axis], x.strides[axis], y.strides[axis]);
  const int last = pixels.rank - 1;
  plan.outer = pixels;
  if (channels == 1 || (x.strides[1] == 1 && y.strides[1] == 1)) {
    plan.overChannels = true;
    plan.rowLength = plan.period = channels;
    if (last >= 0 && pixels.in[last] == channels && pixels.out[last] == channels) {
      plan.rowLength = channels * pixels.extents[last];
      plan.period = channels * repeats(channels);
      plan.outer.remove(last);
    }
    return plan;
  }
  plan.outer = {};
  plan.outer.add(channels, x.strides[1], y.strides[1]);
  plan.period = channels;
  for (int axis = 0; axis < pixels.rank; ++axis)
    if (axis != last || pixels.in[last] != 1 || pixels.out[last] != 1)
      plan.outer.add(pixels.extents[axis], pixels.in[axis], pixels.out[axis]);
    else
      plan.rowLength = pixels.extents[last];
  return plan;
}

struct Parameters {
  float *mean, *scale, *bias;
};

constexpr int64_t kSpare = 16;  // floats a vector may read behind a list

/// Fills the workspace; the lists repeat channel after channel.
Parameters prepare(const ops::BatchNormalization& norm, const KernelArgs& args, int64_t period) {
  const int64_t channels = args.inputs[0].shape[1];
  auto* floats = reinterpret_cast<float*>(args.workspace.data());
  const Parameters lists{floats, floats + period + kSpare, floats + 2 * (period + kSpare)};
  const auto at = [&](size_t input, int64_t c) {
    return args.inputs[input].as<const float>()[c * args.inputs[input].strides[0]];
  };
  for (int64_t i = 0; i < period + kSpare; ++i) {
    const int64_t c = i % channels;
    if (i >= channels) {
      lists.mean[i] = lists.mean[i - channels];
      lists.scale[i] = lists.scale[i - channels];
      lists.bias[i] = lists.bias[i - channels];
      continue;
    }
    lists.mean[i] = at(3, c);
    lists.scale[i] = at(1, c) / std::sqrt(at(4, c) + norm.epsilon);
    lists.bias[i] = at(2, c);
  }
  return lists;
}

void runOverChannels(const RowPlan& plan, const Parameters& lists, const KernelArgs& args) {
  const auto shift = MINNOW_DISPATCH(shiftByLists);
  const auto* x = args.inputs[0].as<const float>();
  auto* y = args.outputs[0].as<float>();
  const int64_t chunk = plan.period * std::max<int64_t>(1, 8192 / plan.period);
  const int64_t chunks = (plan.rowLength + chunk - 1) / chunk;
  const int64_t grain = std::max<int64_t>(1, 8192 / std::min(chunk, plan.rowLength));
  args.team->parallelFor(plan.outer.count() * chunks, grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const auto [in, out] = plan.outer.offsets(task / chunks);
      const int64_t first = task % chunks * chunk;
      shift(x + in + first, y + out + first, std::min(chunk, plan.rowLength - first), plan.period,
            lists.mean, lists.scale, lists.bias);
    }
  });
}

/// One channel after another; the outermost axis of the plan is the channel.
void runOverPixels(const RowPlan& plan, const Parameters& lists, const KernelArgs& args) {
  const auto shift = MINNOW_DISPATCH(shiftByConstants);
  const auto* x = args.inputs[0].as<const float>();
  auto* y = args.outputs[0].as<float>();
  const int64_t perChannel = plan.outer.count() / plan.period;
  const int64_t grain = std::max<int64_t>(1, 8192 / plan.rowLength);
  args.team->parallelFor(plan.outer.count(), grain, [&](int64_t begin, int64_t end) {
    for (int64_t task = begin; task < end; ++task) {
      const auto [in, out] = plan.outer.offsets(task);
      const int64_t c = task / perChannel;
      shift(x + in, y + out, plan.rowLength, lists.mean[c], lists.scale[c], lists.bias[c]);
    }
  });
}

}  // namespace

bool acceptsBatchNormalization(const ops::Operator&, std::span<const TensorView> inputs,
                               std::span<const TensorView> outputs) {
  const TensorView& x = inputs[0];
  for (const TensorView& parameter : inputs.subspan(1))
    if (parameter.shape.rank() != 1) return false;
  if (x.elements() == 0 || inputs[1].shape[0] != x.shape[1]) return false;
  return planOf(x, outputs[0]).rowLength > 0;
}

size_t batchNormalizationWorkspace(const ops::Operator&, std::span<const TensorView> inputs,
                                   std::span<const TensorView> outputs, const CallShape&) {
  return 3 * static_cast<size_t>(planOf(inputs[0], outputs[0]).period + kSpare) * sizeof(float);
}

Result<void> runBatchNormalization(const ops::Operator& op, const KernelArgs& args) {
  const auto& norm = static_cast<const ops::BatchNormalization&>(op);
  const RowPlan plan = planOf(args.inputs[0], args.outputs[0]);
  const Parameters lists = prepare(norm, args, plan.period);
  if (plan.overChannels)
    runOverChannels(plan, lists, args);
  else
    runOverPixels(plan, lists, args);
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
