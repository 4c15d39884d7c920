// Convolution: validation, shape rule and cost.
#include "ops/conv.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {
namespace {

/// All rows of the tiles in which these lie, as far as there are any.
Rows rowsOfTiles(const Rows& output, int64_t height) {
  constexpr int64_t kTile = Conv::kWinogradTile;
  return {output.axis, output.begin / kTile * kTile,
          std::min((output.end + kTile - 1) / kTile * kTile, height)};
}

}  // namespace

std::unique_ptr<Operator> makeConv() { return std::make_unique<Conv>(); }

Result<TensorTypes> Conv::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 3); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  const Shape& w = inputs[1].shape;
  const int spatial = x.rank() - 2;
  for (const TensorType& input : inputs)
    if (input.type != DataType::Float32 && input.type != DataType::Undefined)
      return fail(ErrorCode::Unsupported, "convolution of ", input.type, " (float32 is supported)");
  if (spatial < 1 || spatial > 3 || w.rank() != x.rank())
    return fail(ErrorCode::ShapeMismatch, "convolution of ", x, " with weights ", w,
                ": expected N,C and one to three spatial axes, and weights of the same rank");
  if (auto ok = check(spatial); !ok) return passOn(ok);
  if (groups < 1 || x[1] % groups != 0 || w[0] % groups != 0 || w[1] != x[1] / groups)
    return fail(ErrorCode::ShapeMismatch, "convolution of ", x[1], " channels in ", groups,
                " groups does not fit weights ", w);
  if (inputs.size() > 2 && inputs[2].type != DataType::Undefined && inputs[2].shape != Shape{w[0]})
    return fail(ErrorCode::ShapeMismatch, "convolution bias is ", inputs[2].shape, ", expected ",
                w[0]);
  if (winograd && !fitsWinograd())
    return fail(
        ErrorCode::BadModel,
        "Winograd's tiles are for one group of 3x3 kernels with strides and dilations of 1");
  Shape y{x[0], w[0]};
  const bool atPoints = winograd && w[2] == kWinogradPatch && w[3] == kWinogradPatch;
  for (int i = 0; i < spatial; ++i) {
    if (kernel[i] != w[i + 2] && !atPoints)
      return fail(ErrorCode::BadModel, "a kernel of ", kernel[i], " does not fit weights ", w);
    const SlidingWindow window = along(i, x[i + 2]);
    const int64_t room = window.room(x[i + 2]);
    if (room < 0)
      return fail(ErrorCode::ShapeMismatch, "convolution window of ", window.reach(),
                  " is larger than the padded input of ", room + window.reach());
    y.push_back(room / window.stride + 1);
  }
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  return TensorTypes{TensorType{DataType::Float32, y}};
}

bool Conv::fitsWinograd() const {
  return groups == 1 && kernel == std::vector<int64_t>{3, 3} &&
         strides == std::vector<int64_t>{1, 1} && dilations == std::vector<int64_t>{1, 1};
}

int64_t Conv::multiplyAdds(std::span<const TensorType> inputs,
                           std::span<const TensorType> outputs) const {
  int64_t taps = inputs[1].shape[1];
  for (const int64_t extent : kernel) taps *= extent;
  return outputs[0].shape.elements() * taps;
}

int64_t Conv::multiplyAddsPerCall(std::span<const TensorType> inputs) const {
  // Nine taps to 36 points: 72 operations and 36 stores.
  constexpr int64_t kOfTaps = 80;
  const Shape& w = inputs[1].shape;
  return winograd && !areAtPoints(w) ? w.elements() / 9 * kOfTaps : 0;
}

std::optional<Rows> Conv::rowsRead(int index, const Rows& output,
                                   std::span<const TensorType> inputs,
                                   std::span<const TensorType> outputs) const {
  if (!isImageStrip(output, outputs)) return std::nullopt;
  if (index > 0) return kAllRows;
  const int64_t extent = inputs[0].shape[2];
  if (!winograd) return rowsUnderWindow(output, along(0, extent), extent);
  Rows rows = rowsUnderWindow(rowsOfTiles(output, outputs[0].shape[2]), along(0, extent), extent);
  rows.together = kWinogradTile;
  return rows;
}

WeightMatrices convWeights(int64_t groups, const Shape& shape, const Strides& strides) {
  const int64_t outputs = shape[0] / groups;
  WeightMatrices w{{groups, outputs}, {outputs * strides[0], strides[0]}, 1};
  for (int axis = 2; axis < shape.rank(); ++axis) w.addAxis(shape[axis], strides[axis]);
  w.addAxis(shape[1], strides[1]);
  w.perChannel = shape[1] == 1 && outputs == 1;
  return w;
}

std::optional<WeightMatrices> Conv::weightMatrices(int index, const Shape& shape,
                                                   const Strides& strides) const {
  if (index != 1) return std::nullopt;
  return convWeights(groups, shape, strides);
}

std::optional<DataAxes> Conv::dataAxes(const DataInputs& in) const { return axesOfWindows(in); }

std::optional<LinearAxes> Conv::linearAxes(std::span<const TensorType>,
                                           std::span<const TensorType>) const {
  return LinearAxes{1, 0};
}

}  // namespace minnow::ops
