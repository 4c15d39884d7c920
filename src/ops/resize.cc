// Resize: shape rule and sampling positions. Positions are computed in double by single IEEE
// operations, so that they are the same on every machine.
#include "ops/resize.h"

#include <cmath>

#include "ops/bytes.h"
#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeResize() { return std::make_unique<Resize>(); }

namespace {
/// Antialiasing filters are at most this many times wider than their input.
constexpr double kMostShrink = 1 << 20;

Result<int64_t> resizedExtent(const Resize& op, int axis, int64_t in) {
  if (!op.sizes.empty()) return op.sizes[axis] == -1 ? in : op.sizes[axis];
  // In float, as ONNX's shape inference has it: 10 * 0.7f is 7.
  const float extent = std::floor(static_cast<float>(in) * op.scales[axis]);
  if (!(extent >= 0) || extent > static_cast<float>(kMaxExtent))
    return fail(ErrorCode::ShapeMismatch, "axis ", axis, " is resized out of range");
  return static_cast<int64_t>(extent);
}

/// How far an interpolating filter reaches to either side.
int64_t reachOf(const Resize& op) { return op.mode == ResizeMode::Linear ? 1 : 2; }

/// A length that misses that of whole elements by the rounding of its scale is that.
double resizedLength(double exact, double whole) {
  return std::fabs(exact - whole) < 1e-4 * whole ? whole : exact;
}

/// What is sampled as TensorFlow Lite does.
Result<void> checkBytes(const Resize& op, const TensorType& x) {
  const bool isTheirs = op.coordinates == ResizeCoordinates::HalfPixel ||
                        op.coordinates == ResizeCoordinates::AlignCorners ||
                        op.coordinates == ResizeCoordinates::Asymmetric;
  if (!isByte(x.type) || op.mode != ResizeMode::Linear || !isTheirs || op.antialias ||
      op.excludeOutside || !op.scales.empty() || x.shape.rank() != 4 || op.sizes.size() != 4 ||
      op.sizes[0] != -1 || op.sizes[1] != -1)
    return fail(ErrorCode::Unsupported, "such an interpolation of ", x.type, " ", x.shape);
  return {};
}

}  // namespace

Result<TensorTypes> Resize::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  if (mode != ResizeMode::Nearest && inputs[0].type != DataType::Float32)
    if (auto ok = checkBytes(*this, inputs[0]); !ok) return passOn(ok);
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
    if (!extent) return passOn(extent);
    if (*extent < 0 || *extent > kMaxExtent || (x[i] == 0 && *extent != 0))
      return fail(ErrorCode::ShapeMismatch, "cannot resize axis ", i, " of ", x, " to ", *extent);
    y.push_back(*extent);
  }
  return oneOutput(inputs[0].type, y);
}

ResizeAxis::ResizeAxis(const Resize& op, int axis, int64_t in, int64_t out, DataType type)
    : op_(op), axis_(axis), in_(in), out_(out), type_(type) {
  scale_ = op.scales.empty() ? static_cast<double>(std::max<int64_t>(out, 1)) /
                                   static_cast<double>(std::max<int64_t>(in, 1))
                             : op.scales[axis];
  length_ =
      resizedLength(op.scales.empty() ? static_cast<double>(out) : scale_ * static_cast<double>(in),
                    static_cast<double>(out));
  const bool crops = op.coordinates == ResizeCoordinates::TfCropAndResize;
  kept_ = in == out && scale_ == 1 &&
          (!crops || (op.roi[axis] == 0 && op.roi[axis + op.roi.size() / 2] == 1));
  if (op.mode == ResizeMode::Nearest || kept_) return;
  if (op.antialias) filterScale_ = std::min(scale_, 1.0);
  taps_ = 2 * static_cast<int64_t>(std::ceil(static_cast<double>(reachOf(op)) / filterScale_));
}

// An antialiasing filter has 2 * ceil(reach / scale) taps where the scale is below 1, and at most
// scale * in + 1/2 positions have them.
int64_t mostTaps(const Resize& op, int64_t in, int64_t out) {
  if (op.mode == ResizeMode::Nearest) return out;
  const int64_t reach = reachOf(op);
  return op.antialias ? 2 * (2 * reach + 1) * std::max(in, out) : 2 * reach * out;
}

double ResizeAxis::source(int64_t at) const {
  // Positions far outside, which attributes may ask for, are all alike; these fit integers.
  constexpr double kMost = 1e12;
  return std::clamp(unclampedSource(static_cast<double>(at)), -kMost, kMost);
}

// Without scales the ratio is that of two integers: then multiply first, so that positions that
// should be whole are.
double ResizeAxis::unscale(double position) const {
  if (!op_.scales.empty()) return position / scale_;
  return position * static_cast<double>(in_) / static_cast<double>(out_);
}

double ResizeAxis::unclampedSource(double x) const {
  const auto extent = static_cast<double>(in_), out = static_cast<double>(out_);
  const bool several = length_ > 1;
  switch (op_.coordinates) {
    case ResizeCoordinates::HalfPixelSymmetric: {
      const double adjustment = out / length_;
      return extent / 2 * (1 - adjustment) + unscale(x + 0.5) - 0.5;
    }
    case ResizeCoordinates::PytorchHalfPixel:
      return several ? unscale(x + 0.5) - 0.5 : 0.0;
    case ResizeCoordinates::AlignCorners:
      return several ? x * (extent - 1) / (length_ - 1) : 0.0;
    case ResizeCoordinates::Asymmetric:
      return unscale(x);
    case ResizeCoordinates::TfHalfPixelForNn:
      return unscale(x + 0.5);
    case ResizeCoordinates::TfCropAndResize: {
      const double start = op_.roi[axis_], end = op_.roi[axis_ + op_.roi.size() / 2];
      if (!several) return 0.5 * (start + end) * (extent - 1);
      return start * (extent - 1) + x * (end - start) * (extent - 1) / (length_ - 1);
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

/// The first of an even number of taps around a source position.
int64_t firstTap(double source, int64_t taps) {
  return static_cast<int64_t>(std::floor(source)) + 1 - taps / 2;
}
}  // namespace

int64_t ResizeAxis::nearest(double source) const {
  return clamped(roundNearest(op_.rounding, source, scale_ < 1));
}

/// The linear (triangle) or cubic (Keys, 1981) filter at a distance.
double ResizeAxis::filter(double distance) const {
  const double x = std::fabs(distance), a = op_.cubicA;
  if (op_.mode == ResizeMode::Linear) return std::max(0.0, 1 - x);
  if (x <= 1) return ((a + 2) * x - (a + 3)) * x * x + 1;
  return x < 2 ? ((a * x - 5 * a) * x + 8 * a) * x - 4 * a : 0.0;
}

ResizeAxis::Between ResizeAxis::betweenBytes(int64_t at) const {
  const bool toCorners = op_.coordinates == ResizeCoordinates::AlignCorners && out_ > 1;
  const bool isHalf = op_.coordinates == ResizeCoordinates::HalfPixel;
  const int64_t from = toCorners ? in_ - 1 : in_, to = toCorners ? out_ - 1 : out_;
  if (type_ == DataType::Int8) {
    const int64_t step = (1024 * from + to / 2) / to;
    const int64_t place = std::min(at * step + (isHalf ? step / 2 - 512 : 0), 1024 * (in_ - 1));
    const int64_t lower = clamped(place / 1024), upper = clamped((place + 1023) / 1024);
    return {lower, upper, static_cast<float>(place - 1024 * lower), 1024};
  }
  const float step = static_cast<float>(from) / static_cast<float>(to);
  const float half = isHalf ? 0.5f : 0.0f;
  const float place = (static_cast<float>(at) + half) * step - half;
  const int64_t lower = clamped(static_cast<int64_t>(std::floor(place))),
                upper = clamped(static_cast<int64_t>(std::ceil(place)));
  return {lower, upper, place - static_cast<float>(lower), 1};
}

std::pair<int64_t, int64_t> ResizeAxis::reach(int64_t at) const {
  if (kept_) return {at, at};
  if (op_.mode == ResizeMode::Linear && isByte(type_)) {
    const Between found = betweenBytes(at);
    return {found.lower, found.upper};
  }
  const double x = source(at);
  if (op_.mode == ResizeMode::Nearest) return {nearest(x), nearest(x)};
  const int64_t first = firstTap(x, taps_);
  return {clamped(first), clamped(first + taps_ - 1)};
}

bool ResizeAxis::sample(int64_t at, std::span<int64_t> positions, std::span<float> weights) const {
  weights[0] = type_ == DataType::Int8 ? 1024.0f : 1.0f, positions[0] = at;
  if (kept_) return true;
  if (op_.mode == ResizeMode::Linear && isByte(type_)) {
    const Between found = betweenBytes(at);
    positions[0] = found.lower, positions[1] = found.upper;
    weights[0] = found.one - found.part, weights[1] = found.part;
    return true;
  }
  const double x = source(at);
  if (op_.coordinates == ResizeCoordinates::TfCropAndResize &&
      (x < 0 || x > static_cast<double>(in_ - 1)))
    return false;
  if (op_.mode == ResizeMode::Nearest) {
    positions[0] = nearest(x);
    return true;
  }
  const int64_t base = firstTap(x, taps_);
  const auto weightOf = [&](int64_t t) {
    const bool outside = base + t < 0 || base + t >= in_;
    return outside && op_.excludeOutside
               ? 0.0
               : filter((static_cast<double>(base + t) - x) * filterScale_);
  };
  double sum = 0;
  if (op_.antialias || op_.excludeOutside)
    for (int64_t t = 0; t < taps_; ++t) sum += weightOf(t);
  for (int64_t t = 0; t < taps_; ++t) {
    positions[t] = clamped(base + t);
    weights[t] = static_cast<float>(sum != 0 ? weightOf(t) / sum : weightOf(t));
  }
  return true;
}

std::optional<Rows> Resize::rowsRead(int, const Rows& output, std::span<const TensorType> inputs,
                                     std::span<const TensorType> outputs) const {
  if (!isImageStrip(output, outputs)) return std::nullopt;
  const ResizeAxis rows(*this, 2, inputs[0].shape[2], outputs[0].shape[2], inputs[0].type);
  if (rows.kept()) return output;
  // A region of interest may lie backwards.
  if (coordinates == ResizeCoordinates::TfCropAndResize) return std::nullopt;
  const int64_t extent = outputs[0].shape[2];
  if (extent == 0) return output;
  const int64_t first = rows.reach(std::min(output.begin, extent - 1)).first;
  if (output.begin == output.end) return Rows{2, first, first};
  return Rows{2, first, rows.reach(output.end - 1).second + 1};
}

std::optional<DataAxes> Resize::dataAxes(const DataInputs& in) const {
  const Shape& x = in.shape(0);
  DataAxes axes = in.axes(0);
  for (int i = 0; i < x.rank(); ++i) {
    const bool exact = x[i] <= 1 << 24;  // as a float
    const bool scaled = sizes.empty() && !in.isKnown("scales", i, scales[i]);
    if (scaled || (!sizes.empty() && !in.isKnown("sizes", i, sizes[i])))
      axes[i] = in.fresh();
    else if (!sizes.empty() && sizes[i] >= 0)
      axes[i] = 0;
    else if (axes[i] != 0 && !scales.empty() && (scales[i] != 1 || !exact))
      axes[i] = in.fresh();
  }
  return axes;
}

/// A size that a run sets may be -1.
Result<TensorTypes> Resize::largestOutputs(const DataInputs& in) const {
  Resize most = *this;
  const auto rank = static_cast<size_t>(in.shape(0).rank());
  for (size_t i = 0; i < std::min(rank, sizes.size()); ++i)
    if (!in.isKnown("sizes", i, sizes[i]) && in.least("sizes", i, sizes[i]) < 0)
      most.sizes[i] = std::max(sizes[i], in.shape(0)[static_cast<int>(i)]);
  return most.inferShape(in.types());
}

int64_t Resize::elementsVisited(std::span<const TensorType> inputs,
                                std::span<const TensorType> outputs) const {
  const Shape &x = inputs[0].shape, &y = outputs[0].shape;
  int64_t visited = y.elements();
  for (int axis = 0; axis < x.rank() && visited > 0; ++axis)
    visited = cappedProduct(visited, ResizeAxis(*this, axis, x[axis], y[axis]).taps());
  return visited;
}

}  // namespace minnow::ops
