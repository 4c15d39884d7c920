// Max unpooling: validation and shape rule.
#include "ops/max_unpool.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeMaxUnpool() { return std::make_unique<MaxUnpool>(); }

Result<Shape> MaxUnpool::impliedShape(const Shape& x) const {
  const int spatial = x.rank() - 2;
  if (spatial < 1 || spatial > 3)
    return fail(ErrorCode::ShapeMismatch, "unpooling of ", x,
                ": expected N,C and one to three spatial axes");
  for (const auto* list : {&kernel, &strides, &padsBegin, &padsEnd})
    if (list->size() != static_cast<size_t>(spatial))
      return fail(ErrorCode::BadModel, "unpooling: expected ", spatial,
                  " numbers a spatial attribute, found ", list->size());
  Shape y{x[0], x[1]};
  for (int i = 0; i < spatial; ++i) {
    for (int64_t number : {kernel[i] - 1, strides[i] - 1, padsBegin[i], padsEnd[i], x[i + 2] - 1})
      if (number < 0 || number > kMaxExtent)
        return fail(ErrorCode::BadModel, "unpooling: an attribute or extent of spatial axis ", i,
                    " is out of range");
    y.push_back((x[i + 2] - 1) * strides[i] + kernel[i] - padsBegin[i] - padsEnd[i]);
  }
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  return y;
}

Result<TensorTypes> MaxUnpool::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 2); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  if (inputs[0].type != DataType::Float32 || inputs[1].type != DataType::Int64)
    return fail(ErrorCode::Unsupported, "unpooling of ", inputs[0].type, " by indices of ",
                inputs[1].type, " (float32 and int64 are supported)");
  if (inputs[1].shape != x)
    return fail(ErrorCode::ShapeMismatch, "unpooling: indices ", inputs[1].shape,
                " differ in shape from ", x);
  auto implied = impliedShape(x);
  if (!implied) return passOn(implied);
  Shape y = *implied;
  if (!outputShape.empty()) {
    if (outputShape.size() != static_cast<size_t>(x.rank()))
      return fail(ErrorCode::ShapeMismatch, "unpooling: an output shape of ", outputShape.size(),
                  " axes, expected ", x.rank());
    for (int axis = 0; axis < x.rank(); ++axis) {
      y[axis] = outputShape[axis];
      if (y[axis] < (*implied)[axis])
        return fail(ErrorCode::ShapeMismatch, "unpooling into ", y, ", which is smaller than ",
                    *implied);
    }
  }
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  return TensorTypes{TensorType{DataType::Float32, y}};
}

}  // namespace minnow::ops
