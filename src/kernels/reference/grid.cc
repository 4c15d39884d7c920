// GridSample, AffineGrid and Col2Im.
#include "ops/grid.h"

#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {
namespace {

constexpr int kMostTaps = 4;

/// Reflects x at both ends of [low, high] until it lies between (ONNX GridSample, "reflection").
float reflect(float x, float low, float high) {
  const float range = high - low;
  if (range <= 0) return low;
  const bool below = x < low;
  if (!below && !(x > high)) return x;
  const float beyond = below ? low - x : x - high;
  const auto times = static_cast<int64_t>(beyond / range);
  const float rest = beyond - static_cast<float>(times) * range;
  return (times % 2 == 0) == below ? low + rest : high - rest;
}

/// Sampling along one axis: positions (-1: a zero) and weights.
struct AxisTaps {
  int64_t position[kMostTaps];
  float weight[kMostTaps];
  int count = 1;
};

class AxisSampler {
 public:
  AxisSampler(const ops::GridSample& op, int64_t extent) : op_(op), extent_(extent) {
    const auto length = static_cast<float>(extent);
    low_ = op.alignCorners ? 0.0f : -0.5f;
    high_ = op.alignCorners ? length - 1 : length - 0.5f;
  }

  AxisTaps taps(float grid) const {
    const auto length = static_cast<float>(extent_);
    float x = op_.alignCorners ? (grid + 1) / 2 * (length - 1) : ((grid + 1) * length - 1) / 2;
    if (!(std::fabs(x) < 1e9f)) x = x > 0 ? 1e9f : -1e9f;
    if (op_.mode == ops::ResizeMode::Cubic) return cubic(x);
    if (op_.padding == ops::GridPadding::Border) x = std::min(std::max(x, 0.0f), length - 1);
    if (op_.padding == ops::GridPadding::Reflection) x = reflect(x, low_, high_);
    AxisTaps taps;
    if (op_.mode == ops::ResizeMode::Nearest) {
      taps.position[0] = place(static_cast<int64_t>(round(x)));
      taps.weight[0] = 1;
      return taps;
    }
    const float first = std::floor(x), rest = x - first;
    taps.count = 2;
    for (int t = 0; t < 2; ++t) taps.position[t] = place(static_cast<int64_t>(first) + t);
    taps.weight[0] = 1 - rest, taps.weight[1] = rest;
    return taps;
  }

 private:
  AxisTaps cubic(float x) const {
    constexpr float a = -0.75f;
    const float first = std::floor(x), r = x - first;
    AxisTaps taps;
    taps.count = 4;
    for (int t = 0; t < 4; ++t) taps.position[t] = place(static_cast<int64_t>(first) - 1 + t);
    const auto far = [](float d) { return ((a * d - 5 * a) * d + 8 * a) * d - 4 * a; };
    const auto near = [](float d) { return ((a + 2) * d - (a + 3)) * d * d + 1; };
    taps.weight[0] = far(r + 1), taps.weight[1] = near(r);
    taps.weight[2] = near(1 - r), taps.weight[3] = far(2 - r);
    return taps;
  }

  int64_t place(int64_t i) const {
    if (i >= 0 && i < extent_) return i;
    if (op_.padding == ops::GridPadding::Zeros) return -1;
    if (op_.padding == ops::GridPadding::Reflection)
      i = static_cast<int64_t>(reflect(static_cast<float>(i), low_, high_));
    return std::clamp<int64_t>(i, 0, extent_ - 1);
  }

  const ops::GridSample& op_;
  int64_t extent_;
  float low_, high_;
};

/// The weighted sum over spatial axes `axis` …, as in Resize.
float sumTaps(const AxisTaps* taps, int axis, const TensorView& x, const float* at) {
  if (axis == x.shape.rank()) return *at;
  const AxisTaps& here = taps[axis];
  const auto value = [&](int t) {
    return here.position[t] < 0
               ? 0.0f
               : sumTaps(taps, axis + 1, x, at + here.position[t] * x.strides[axis]);
  };
  float sum = value(0);
  if (here.count == 1) return sum;
  sum *= here.weight[0];
  for (int t = 1; t < here.count; ++t) sum = std::fma(value(t), here.weight[t], sum);
  return sum;
}

}  // namespace

Result<void> runGridSample(const ops::Operator& op, const KernelArgs& args) {
  const auto& attributes = static_cast<const ops::GridSample&>(op);
  const TensorView &x = args.inputs[0], &grid = args.inputs[1], &y = args.outputs[0];
  const int rank = x.shape.rank(), spatial = rank - 2;
  Shape pixels = y.shape;
  pixels[1] = 1;
  forEachIndex(pixels, [&](const auto& at) {
    int64_t offset = at[0] * grid.strides[0];
    for (int i = 0; i < spatial; ++i) offset += at[i + 2] * grid.strides[i + 1];
    AxisTaps taps[kMaxRank];
    for (int i = 0; i < spatial; ++i)
      taps[i + 2] =
          AxisSampler(attributes, x.shape[i + 2])
              .taps(grid.as<const float>()[offset + (spatial - 1 - i) * grid.strides[rank - 1]]);
    for (int64_t c = 0; c < x.shape[1]; ++c)
      y.as<float>()[offsetOf(at, y.strides, rank) + c * y.strides[1]] =
          sumTaps(taps, 2, x, x.as<const float>() + at[0] * x.strides[0] + c * x.strides[1]);
  });
  return {};
}

Result<void> runAffineGrid(const ops::Operator& op, const KernelArgs& args) {
  const bool align = static_cast<const ops::AffineGrid&>(op).alignCorners;
  const TensorView &theta = args.inputs[0], &y = args.outputs[0];
  const int spatial = y.shape.rank() - 2;
  const auto coordinate = [&](int64_t i, int64_t extent) {
    if (!align) return static_cast<float>(static_cast<double>(2 * i + 1) / extent - 1.0);
    return extent > 1 ? static_cast<float>(static_cast<double>(2 * i) / (extent - 1) - 1.0) : 0.0f;
  };
  forEachIndex(y.shape, [&](const auto& at) {
    const float* row =
        theta.as<const float>() + at[0] * theta.strides[0] + at[spatial + 1] * theta.strides[1];
    float sum = row[spatial * theta.strides[2]];
    for (int i = 0; i < spatial; ++i) {
      const int axis = spatial - i;  // x is the last spatial axis
      sum = std::fma(coordinate(at[axis], y.shape[axis]), row[i * theta.strides[2]], sum);
    }
    y.as<float>()[offsetOf(at, y.strides, y.shape.rank())] = sum;
  });
  return {};
}

namespace {

/// Where window `window` puts tap `tap` (both row-major), as an offset in one image; -1 on padding.
int64_t imageOffset(const ops::Col2Im& op, const TensorView& y, int64_t window, int64_t tap) {
  int64_t offset = 0;
  for (int i = static_cast<int>(op.image.size()) - 1; i >= 0; --i) {
    const int64_t at = window % op.places(i) * op.strides[i] +
                       tap % op.kernel[i] * op.dilations[i] - op.padsBegin[i];
    window /= op.places(i);
    tap /= op.kernel[i];
    if (at < 0 || at >= op.image[i]) return -1;
    offset += at * y.strides[i + 2];
  }
  return offset;
}

}  // namespace

Result<void> runCol2Im(const ops::Operator& op, const KernelArgs& args) {
  const auto& col2im = static_cast<const ops::Col2Im&>(op);
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  int64_t taps = 1;
  for (int64_t extent : col2im.kernel) taps *= extent;
  forEachIndex(y.shape,
               [&](const auto& at) { y.as<float>()[offsetOf(at, y.strides, y.shape.rank())] = 0; });
  forEachIndex(x.shape, [&](const auto& at) {
    const int64_t offset = imageOffset(col2im, y, at[2], at[1] % taps);
    if (offset >= 0)
      y.as<float>()[at[0] * y.strides[0] + at[1] / taps * y.strides[1] + offset] +=
          x.as<const float>()[offsetOf(at, x.strides, 3)];
  });
  return {};
}

}  // namespace minnow::kernels::reference
