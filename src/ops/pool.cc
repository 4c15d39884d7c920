// Pooling: validation, shape rule and window geometry.
#include "ops/pool.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makePool() { return std::make_unique<Pool>(); }

std::string Pool::name() const {
  static constexpr const char* kNames[] = {"MaxPool",       "AveragePool",       "LpPool",
                                           "GlobalMaxPool", "GlobalAveragePool", "GlobalLpPool"};
  const int i = static_cast<int>(fn);
  return i < 3 ? kNames[i + (global ? 3 : 0)] : "Pool";
}

/// ONNX rounds the quotient up, also below zero, where the window is larger than the padded input:
/// one window by less than a stride, none by more. Those that start in the end padding are ignored.
int64_t Pool::windowsOn(const SlidingWindow& window, int64_t extent) const {
  const int64_t room = window.room(extent), stride = window.stride;
  if (!ceilMode) return room < 0 ? 0 : room / stride + 1;
  if (room <= -stride) return 0;
  const int64_t started = (extent + window.padBegin - 1) / stride + 1;
  return std::min((room + stride - 1) / stride + 1, started);
}

Result<Shape> Pool::windowedShape(const Shape& x) const {
  const int spatial = x.rank() - 2;
  if (auto ok = check(spatial); !ok) return passOn(ok);
  Shape y{x[0], x[1]};
  for (int i = 0; i < spatial; ++i) {
    const SlidingWindow window = along(i, x[i + 2]);
    const int64_t windows = windowsOn(window, x[i + 2]);
    if (windows < 1 || x[i + 2] < 1)
      return fail(ErrorCode::ShapeMismatch, "pooling window of ", window.reach(),
                  " is larger than the padded input of ", window.room(x[i + 2]) + window.reach());
    y.push_back(windows);
  }
  return y;
}

Result<TensorTypes> Pool::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  const auto [type, x] = inputs[0];
  const bool small = type == DataType::Uint8 || type == DataType::Int8;
  if (type != DataType::Float32 && type != DataType::Float64 && !(small && fn == PoolFn::Max))
    return fail(ErrorCode::Unsupported, name(), " of ", type, " (float32 is supported)");
  if (x.rank() < 2) return fail(ErrorCode::ShapeMismatch, name(), " of ", x, ": expected N,C,…");
  if (fn == PoolFn::Lp && (p < 1 || p > 1024))
    return fail(ErrorCode::BadModel, name(), ": p is ", p, ", expected 1 to 1024");
  if (indices && fn != PoolFn::Max)
    return fail(ErrorCode::BadModel, name(), " has no indices; only MaxPool has");
  if (auto ok = checkShape(x); !ok) return passOn(ok);
  Shape y = Shape::ofRank(x.rank());
  y[0] = x[0], y[1] = x[1];
  if (global && !(kernel.empty() && strides.empty() && dilations.empty() && padsBegin.empty() &&
                  padsEnd.empty()))
    return fail(ErrorCode::BadModel, name(), " has a window of its own besides the whole extent");
  if (!global) {
    auto windowed = windowedShape(x);
    if (!windowed) return passOn(windowed);
    y = *windowed;
  }
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  TensorTypes types{{type, y}};
  if (indices) types.push_back({DataType::Int64, y});
  return types;
}

std::optional<Rows> Pool::rowsRead(int, const Rows& output, std::span<const TensorType> inputs,
                                   std::span<const TensorType> outputs) const {
  if (global || indices || !isImageStrip(output, outputs)) return std::nullopt;
  const int64_t extent = inputs[0].shape[2];
  return rowsUnderWindow(output, along(0, extent), extent);
}

PoolSpan poolSpan(const Pool& pool, int axis, int64_t extent, int64_t position) {
  if (pool.global) return {0, extent, extent};
  const SlidingWindow window = pool.along(axis, extent);
  const int64_t taps = window.kernel, step = window.dilation;
  const int64_t start = window.tapAt(position, 0);
  if (start >= 0 && window.tapAt(position, taps - 1) < extent) return {start, taps, taps};
  // How many taps lie below a bound that is above `start`.
  const auto tapsBelow = [&](int64_t bound) {
    return bound <= start ? 0 : std::min(taps, (bound - start + step - 1) / step);
  };
  const int64_t skipped = tapsBelow(0);
  return {start + skipped * step, tapsBelow(extent) - skipped, tapsBelow(extent + window.padEnd)};
}

std::optional<DataAxes> Pool::dataAxes(const DataInputs& in) const {
  if (!global) return axesOfWindows(in);
  auto axes = axesOfInput(in);
  for (int axis = 2; axes && axis < in.shape(0).rank(); ++axis) (*axes)[axis] = 0;
  return axes;
}

int64_t Pool::elementsVisited(std::span<const TensorType>,
                              std::span<const TensorType> outputs) const {
  int64_t taps = outputs[0].shape.elements();
  for (const int64_t extent : kernel) taps = cappedProduct(taps, extent);
  return taps;
}

}  // namespace minnow::ops
