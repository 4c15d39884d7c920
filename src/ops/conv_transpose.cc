// Transposed convolution: validation, shape rule and cost.
#include "ops/conv_transpose.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {
namespace {

/// The output's extent along one spatial axis.
Result<int64_t> extentOf(const ConvTranspose& op, int i, int64_t input) {
  const int64_t wanted = op.outputShape.empty() ? 0 : op.outputShape[i];
  for (int64_t number : {op.outputPadding[i], wanted, input})
    if (number < 0 || number > kMaxExtent)
      return fail(ErrorCode::BadModel,
                  "transposed convolution: an attribute or extent of spatial axis ", i,
                  " is out of range");
  if (input == 0) return fail(ErrorCode::ShapeMismatch, "transposed convolution of nothing");
  const SlidingWindow window = op.along(i, input);
  const int64_t extent =
      (input - 1) * window.stride + window.reach() - window.padBegin - window.padEnd;
  if (extent < 0)
    return fail(ErrorCode::ShapeMismatch, "transposed convolution: the padding of spatial axis ", i,
                " leaves nothing");
  return extent;
}

}  // namespace

std::unique_ptr<Operator> makeConvTranspose() { return std::make_unique<ConvTranspose>(); }

Result<TensorTypes> ConvTranspose::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 3); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  const Shape& w = inputs[1].shape;
  const int spatial = x.rank() - 2;
  for (const TensorType& input : inputs)
    if (input.type != DataType::Float32 && input.type != DataType::Undefined)
      return fail(ErrorCode::Unsupported, "transposed convolution of ", input.type,
                  " (float32 is supported)");
  if (spatial < 1 || spatial > 3 || w.rank() != x.rank())
    return fail(ErrorCode::ShapeMismatch, "transposed convolution of ", x, " with weights ", w,
                ": expected N,C and one to three spatial axes, and weights of the same rank");
  if (auto ok = check(spatial); !ok) return passOn(ok);
  const auto count = static_cast<size_t>(spatial);
  if (outputPadding.size() != count || (!outputShape.empty() && outputShape.size() != count))
    return fail(ErrorCode::BadModel, "transposed convolution: expected ", spatial,
                " numbers of output padding and of output shape");
  if (!outputShape.empty() && autoPad == AutoPad::None)
    return fail(ErrorCode::BadModel, "transposed convolution: an output shape without autoPad");
  if (auto ok = checkShape(w); !ok) return passOn(ok);
  if (groups < 1 || groups > kMaxExtent || w[1] > kMaxExtent || x[1] % groups != 0 || w[0] != x[1])
    return fail(ErrorCode::ShapeMismatch, "transposed convolution of ", x[1], " channels in ",
                groups, " groups does not fit weights ", w);
  Shape y{x[0], w[1] * groups};
  if (inputs.size() > 2 && inputs[2].type != DataType::Undefined && inputs[2].shape != Shape{y[1]})
    return fail(ErrorCode::ShapeMismatch, "transposed convolution's bias is ", inputs[2].shape,
                ", expected ", y[1]);
  for (int i = 0; i < spatial; ++i) {
    if (kernel[i] != w[i + 2])
      return fail(ErrorCode::BadModel, "transposed convolution: a kernel of ", kernel[i],
                  " does not fit weights ", w);
    auto extent = extentOf(*this, i, x[i + 2]);
    if (!extent) return passOn(extent);
    y.push_back(*extent);
  }
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  return TensorTypes{TensorType{DataType::Float32, y}};
}

SlidingWindow ConvTranspose::along(int axis, int64_t input) const {
  SlidingWindow window{kernel[axis], strides[axis], dilations[axis], padsBegin[axis],
                       padsEnd[axis] - outputPadding[axis]};
  if (autoPad == AutoPad::None) return window;
  const int64_t whole = (input - 1) * window.stride + window.reach();
  const int64_t wanted = outputShape.empty() ? input * window.stride : outputShape[axis];
  const int64_t cut = std::max<int64_t>(0, whole + outputPadding[axis] - wanted);
  window.padBegin = padBefore(autoPad, cut);
  window.padEnd = whole - wanted - window.padBegin;
  return window;
}

int64_t ConvTranspose::multiplyAdds(std::span<const TensorType> inputs,
                                    std::span<const TensorType>) const {
  const Shape& w = inputs[1].shape;
  return inputs[0].shape.elements() * (w.elements() / std::max<int64_t>(w[0], 1));
}

std::optional<Rows> ConvTranspose::rowsRead(int index, const Rows& output,
                                            std::span<const TensorType> inputs,
                                            std::span<const TensorType> outputs) const {
  if (!isImageStrip(output, outputs)) return std::nullopt;
  if (index > 0) return kAllRows;
  // Output row oy reads input rows iy with iy * stride = oy + pad - ky * dilation.
  const int64_t extent = inputs[0].shape[2];
  const SlidingWindow window = along(0, extent);
  const int64_t stride = window.stride;
  const int64_t first = output.begin + window.padBegin - (window.reach() - 1);
  const int64_t last = output.end - 1 + window.padBegin;
  const int64_t begin = first <= 0 ? 0 : std::min((first + stride - 1) / stride, extent);
  return Rows{output.axis, begin, std::clamp(last / stride + 1, begin, extent)};
}

std::optional<WeightMatrices> ConvTranspose::weightMatrices(int index, const Shape& shape,
                                                            const Strides& strides) const {
  if (index != 1) return std::nullopt;
  const int64_t inputs = shape[0] / groups;
  WeightMatrices w{{groups, shape[1]}, {inputs * strides[0], strides[1]}, 1};
  for (int axis = 2; axis < shape.rank(); ++axis) w.addAxis(shape[axis], strides[axis]);
  w.addAxis(inputs, strides[0]);
  w.perChannel = shape[1] == 1 && inputs == 1;
  return w;
}

std::optional<DataAxes> ConvTranspose::dataAxes(const DataInputs& in) const {
  auto axes = axesOfWindows(in);
  for (size_t i = 0; axes && i < outputShape.size(); ++i) (*axes)[i + 2] = 0;
  return axes;
}

std::optional<LinearAxes> ConvTranspose::linearAxes(std::span<const TensorType>,
                                                    std::span<const TensorType>) const {
  return LinearAxes{1, 1, groups};
}

}  // namespace minnow::ops
