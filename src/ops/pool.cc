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

Result<Shape> Pool::windowedShape(const Shape& x) const {
  const int spatial = x.rank() - 2;
  if (spatial < 1 || spatial > 3)
    return fail(ErrorCode::ShapeMismatch, "pooling of ", x,
                ": expected N,C and one to three spatial axes");
  for (const auto* list : {&kernel, &strides, &dilations, &padsBegin, &padsEnd})
    if (list->size() != static_cast<size_t>(spatial))
      return fail(ErrorCode::BadModel, "pooling: expected ", spatial,
                  " numbers a spatial attribute, found ", list->size());
  Shape y{x[0], x[1]};
  for (int i = 0; i < spatial; ++i) {
    for (int64_t number :
         {kernel[i] - 1, strides[i] - 1, dilations[i] - 1, padsBegin[i], padsEnd[i]})
      if (number < 0 || number > kMaxExtent)
        return fail(ErrorCode::BadModel,
                    "pooling: kernel, stride, dilation or padding of spatial axis ", i,
                    " is out of range");
    const int64_t reach = (kernel[i] - 1) * dilations[i] + 1;
    const int64_t padded = x[i + 2] + padsBegin[i] + padsEnd[i];
    if (padded < reach || x[i + 2] < 1)
      return fail(ErrorCode::ShapeMismatch, "pooling window of ", reach,
                  " is larger than the padded input of ", padded);
    const int64_t room = padded - reach;
    int64_t windows = (ceilMode ? room + strides[i] - 1 : room) / strides[i] + 1;
    if (ceilMode && (windows - 1) * strides[i] >= x[i + 2] + padsBegin[i]) --windows;
    y.push_back(windows);
  }
  return y;
}

Result<std::vector<TensorType>> Pool::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return std::unexpected(ok.error());
  const auto [type, x] = inputs[0];
  const bool small = type == DataType::Uint8 || type == DataType::Int8;
  if (type != DataType::Float32 && type != DataType::Float64 && !(small && fn == PoolFn::Max))
    return fail(ErrorCode::Unsupported, name(), " of ", type, " (float32 is supported)");
  if (x.rank() < 2) return fail(ErrorCode::ShapeMismatch, name(), " of ", x, ": expected N,C,…");
  if (fn == PoolFn::Lp && (p < 1 || p > 1024))
    return fail(ErrorCode::BadModel, name(), ": p is ", p, ", expected 1 to 1024");
  if (indices && fn != PoolFn::Max)
    return fail(ErrorCode::BadModel, name(), " has no indices; only MaxPool has");
  if (auto ok = checkShape(x); !ok) return std::unexpected(ok.error());
  Shape y = Shape::ofRank(x.rank());
  y[0] = x[0], y[1] = x[1];
  if (global && !(kernel.empty() && strides.empty() && dilations.empty() && padsBegin.empty() &&
                  padsEnd.empty()))
    return fail(ErrorCode::BadModel, name(), " has a window of its own besides the whole extent");
  if (!global) {
    auto windowed = windowedShape(x);
    if (!windowed) return std::unexpected(windowed.error());
    y = *windowed;
  }
  if (auto ok = checkShape(y); !ok) return std::unexpected(ok.error());
  std::vector<TensorType> types{{type, y}};
  if (indices) types.push_back({DataType::Int64, y});
  return types;
}

std::optional<Rows> Pool::rowsRead(int, const Rows& output, std::span<const TensorType> inputs,
                                   std::span<const TensorType> outputs) const {
  if (global || indices || !isImageStrip(output, outputs)) return std::nullopt;
  return rowsUnderWindow(output, {kernel[0], strides[0], dilations[0], padsBegin[0]},
                         inputs[0].shape[2]);
}

PoolSpan poolSpan(const Pool& pool, int axis, int64_t extent, int64_t position) {
  if (pool.global) return {0, extent, extent};
  const int64_t step = pool.dilations[axis];
  const int64_t start = position * pool.strides[axis] - pool.padsBegin[axis];
  const int64_t last = start + (pool.kernel[axis] - 1) * step;
  if (start >= 0 && last < extent) return {start, pool.kernel[axis], pool.kernel[axis]};
  // How many taps lie below a bound that is above `start`.
  const auto tapsBelow = [&](int64_t bound) {
    return bound <= start ? 0 : std::min(pool.kernel[axis], (bound - start + step - 1) / step);
  };
  const int64_t skipped = tapsBelow(0);
  return {start + skipped * step, tapsBelow(extent) - skipped,
          tapsBelow(extent + pool.padsEnd[axis])};
}

std::optional<DataAxes> Pool::dataAxes(const DataInputs& in) const {
  return axesOfInput(in, 1U);  // N
}

}  // namespace minnow::ops
