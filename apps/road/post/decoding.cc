// Shape checks and the way back to the picture, for all decoders.
#include "post/decoding.h"

#include <algorithm>
#include <cmath>

namespace road {

using minnow::Error;
using minnow::ErrorCode;
using minnow::Result;
using minnow::Shape;
using minnow::TensorView;

Point Decoding::toPicture(double column, double row) const {
  const auto [x, y] = placement.toPicture(column, row);
  if (!std::isfinite(x) || !std::isfinite(y)) return {};
  return {std::clamp<double>(x, 0, pictureWidth), std::clamp<double>(y, 0, pictureHeight)};
}

Result<void> expectOutput(const TensorView& output, const Shape& shape) {
  bool fits = output.type == minnow::DataType::Float32 && output.shape.rank() == shape.rank();
  for (int i = 0; fits && i < shape.rank(); ++i) fits = shape[i] < 0 || shape[i] == output.shape[i];
  if (fits) return {};
  return std::unexpected(Error{
      ErrorCode::ShapeMismatch,
      "an output is " + std::string(dataTypeName(output.type)) + " " + output.shape.toString() +
          ", this kind of post-processing wants " + "float32 " + shape.toString() + " (-1: any)"});
}

Result<void> expectOutputs(const Decoding& decoding, std::initializer_list<Shape> shapes) {
  if (decoding.outputs.size() != shapes.size())
    return std::unexpected(Error{ErrorCode::ShapeMismatch,
                                 "this kind of post-processing wants " +
                                     std::to_string(shapes.size()) + " outputs, the model gives " +
                                     std::to_string(decoding.outputs.size())});
  size_t i = 0;
  for (const Shape& shape : shapes)
    if (auto ok = expectOutput(decoding.outputs[i++], shape); !ok) return ok;
  return {};
}

}  // namespace road
