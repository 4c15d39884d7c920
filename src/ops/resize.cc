// Resize: shape rule and sampling positions. Positions are computed in double by single IEEE
// operations, so that they are the same on every machine.
#include "ops/resize.h"

#include <cmath>

namespace minnow::ops {

std::unique_ptr<Operator> makeResize() { return std::make_unique<Resize>(); }

namespace {
/// Antialiasing filters are at most this many times wider than their input.
constexpr double kMostShrink = 1 << 20;

Result<int64_t> resizedExtent(const Resize& op, int axis, int64_t in) {
  if (!op.sizes.empty()) return op.sizes[axis] < 0 ? in : op.sizes[axis];
  // In float, as ONNX's shape inference has it: 10 * 0.7f is 7.
  const float extent = std::floor(static_cast<float>(in) * op.scales[axis]);
  if (!(extent >= 0) || extent > static_cast<float>(kMaxExtent))
    return fail(ErrorCode::ShapeMismatch, "axis ", axis, " is resized out of range");
  return static_cast<int64_t>(extent);
}
}  // namespace

Result<std::vector<TensorType>> Resize::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return std::unexpected(ok.error());
  const Shape& x = inputs[0].shape;
  if (mode != ResizeMode::Nearest && inputs[0].type != DataType::Float32)
    return fail(ErrorCode::Unsupported, "interpolation of ", inputs[0].type,
                " (float32 is supported)");
  const auto rank = static_cast<size_t>(x.rank());
  const bool haveSizes = sizes.size() == rank, haveScales = scales.size() == rank;
  if ((!haveSizes && !sizes.empty()) || (!haveScales && !scales.empty()) ||
      (rank > 0 && !haveSizes && !haveScales))
    return fail(ErrorCode::BadModel, "expected sizes or scales of ", rank, " axes");
  if (coordinates == ResizeCoordinates::TfCropAndResize && roi.size() != 2 * rank)
    return fail(ErrorCode::BadModel, "expected a region of interest of ", 2 * rank, " numbers");
  for (float edge : roi)
    if (!(std::fabs(edge) <= 1e6f))
      return fail(ErrorCode::BadModel, "the region of interest is out of range");
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (haveScales && !(scales[i] >= 1.0 / kMostShrink && scales[i] <= kMostShrink))
      return fail(ErrorCode::BadModel, "scale ", scales[i], " of axis ", i, " is out of range");
    if (x[i] > kMaxExtent) return fail(ErrorCode::ShapeMismatch, x, " is too large");
    const auto extent = resizedExtent(*this, i, x[i]);
    if (!extent) return std::unexpected(extent.error());
    if (*extent > kMaxExtent || (x[i] == 0 && *extent != 0))
      return fail(ErrorCode::ShapeMismatch, "cannot resize axis ", i, " of ", x, " to ", *extent);
    y.push_back(*extent);
  }
  return oneOutput(inputs[0].type, y);
}

double Resize::scaleOf(int axis, int64_t in, int64_t out) const {
  if (!scales.empty()) return scales[axis];
  return static_cast<double>(std::max<int64_t>(out, 1)) /
         static_cast<double>(std::max<int64_t>(in, 1));
}

bool Resize::keepsAxis(int axis, int64_t in, int64_t out) const {
  if (in != out || scaleOf(axis, in, out) != 1) return false;
  if (coordinates != ResizeCoordinates::TfCropAndResize) return true;
  return roi[axis] == 0 && roi[axis + roi.size() / 2] == 1;
}

namespace {
/// ONNX counts the resized length before it is rounded to whole elements; a scale that misses a
/// whole length by its own rounding means that length.
double alignCorners(double x, double extent, double out, double scale) {
  const double exact = scale * extent;
  const double length = std::fabs(exact - out) < 1e-4 * out ? out : exact;
  return length > 1 ? x * (extent - 1) / (length - 1) : 0.0;
}
}  // namespace

double Resize::sourceOf(int axis, int64_t in, int64_t out, int64_t at) const {
  const auto x = static_cast<double>(at), extent = static_cast<double>(in);
  const double scale = scaleOf(axis, in, out);
  // Without scales the ratio is that of two integers: then multiply first, so that positions that
  // should be whole are.
  const auto unscale = [&](double position) {
    return scales.empty() ? position * extent / static_cast<double>(out) : position / scale;
  };
  switch (coordinates) {
    case ResizeCoordinates::HalfPixelSymmetric: {
      const double adjustment = static_cast<double>(out) / (scale * extent);
      return extent / 2 * (1 - adjustment) + unscale(x + 0.5) - 0.5;
    }
    case ResizeCoordinates::PytorchHalfPixel:
      return out > 1 ? unscale(x + 0.5) - 0.5 : 0.0;
    case ResizeCoordinates::AlignCorners:
      return alignCorners(x, extent, static_cast<double>(out), scale);
    case ResizeCoordinates::Asymmetric:
      return unscale(x);
    case ResizeCoordinates::TfHalfPixelForNn:
      return unscale(x + 0.5);
    case ResizeCoordinates::TfCropAndResize: {
      const double start = roi[axis], end = roi[axis + roi.size() / 2];
      if (out == 1) return 0.5 * (start + end) * (extent - 1);
      return start * (extent - 1) + x * (end - start) * (extent - 1) / static_cast<double>(out - 1);
    }
    default:
      return unscale(x + 0.5) - 0.5;
  }
}

namespace {
int64_t roundNearest(ResizeRounding rounding, double x, bool shrinks) {
  switch (rounding) {
    case ResizeRounding::CeilToShrink:
      return static_cast<int64_t>(shrinks ? std::ceil(x) : std::floor(x));
    case ResizeRounding::PreferCeil:
      return static_cast<int64_t>(std::floor(x + 0.5));
    case ResizeRounding::Floor:
      return static_cast<int64_t>(std::floor(x));
    case ResizeRounding::Ceil:
      return static_cast<int64_t>(std::ceil(x));
    default:
      return static_cast<int64_t>(std::ceil(x - 0.5));
  }
}
}  // namespace

/// The linear (triangle) or cubic (Keys, 1981) filter at a distance.
double Resize::filter(double distance) const {
  const double x = std::fabs(distance), a = cubicA;
  if (mode == ResizeMode::Linear) return std::max(0.0, 1 - x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0.0;
}

int64_t Resize::tapsOf(int axis, int64_t in, int64_t out) const {
  if (mode == ResizeMode::Nearest || keepsAxis(axis, in, out)) return 1;
  const double reach = mode == ResizeMode::Linear ? 1 : 2;
  if (!antialias) return static_cast<int64_t>(2 * reach);
  const double scale = std::min(scaleOf(axis, in, out), 1.0);
  return 2 * static_cast<int64_t>(std::ceil(reach / scale));
}

bool Resize::sampleAxis(int axis, int64_t in, int64_t out, int64_t at, std::span<int64_t> positions,
                        std::span<float> weights) const {
  weights[0] = 1, positions[0] = at;
  if (keepsAxis(axis, in, out)) return true;
  const double x = sourceOf(axis, in, out, at);
  if (coordinates == ResizeCoordinates::TfCropAndResize &&
      (x < 0 || x > static_cast<double>(in - 1)))
    return false;
  if (mode == ResizeMode::Nearest) {
    positions[0] =
        std::clamp<int64_t>(roundNearest(rounding, x, scaleOf(axis, in, out) < 1), 0, in - 1);
    return true;
  }
  const auto taps = static_cast<int64_t>(positions.size());
  const auto base = static_cast<int64_t>(std::floor(x)) + 1 - taps / 2;
  const double scale = antialias ? std::min(scaleOf(axis, in, out), 1.0) : 1.0;
  double sum = 0;
  const auto weightOf = [&](int64_t t) {
    const bool outside = base + t < 0 || base + t >= in;
    return outside && excludeOutside ? 0.0 : filter((static_cast<double>(base + t) - x) * scale);
  };
  for (int64_t t = 0; t < taps; ++t) sum += weightOf(t);
  const bool normalise = (antialias || excludeOutside) && sum != 0;
  for (int64_t t = 0; t < taps; ++t) {
    positions[t] = std::clamp<int64_t>(base + t, 0, in - 1);
    weights[t] = static_cast<float>(normalise ? weightOf(t) / sum : weightOf(t));
  }
  return true;
}

}  // namespace minnow::ops
