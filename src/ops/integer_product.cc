// Integer products: validation and shape rules, which are those of the float operators.
#include "ops/integer_product.h"

#include "ops/conv.h"
#include "ops/matmul.h"

namespace minnow::ops {
namespace {

bool isByte(DataType type) { return type == DataType::Uint8 || type == DataType::Int8; }

/// The two factors and their zero points, inputs 2 and 3.
Result<void> checkTypes(std::span<const TensorType> inputs) {
  for (size_t i = 0; i < 2; ++i) {
    if (!isByte(inputs[i].type))
      return fail(ErrorCode::Unsupported, "integer product of ", inputs[i].type,
                  " (int8 and uint8 are supported)");
    if (present(inputs, i + 2) && inputs[i + 2].type != inputs[i].type)
      return fail(ErrorCode::ShapeMismatch, "integer product of ", inputs[i].type,
                  " with a zero point of ", inputs[i + 2].type);
  }
  return {};
}

bool broadcastsTo(const Shape& from, const Shape& to) {
  const auto shape = broadcastShapes(from, to);
  return shape && *shape == to;
}

}  // namespace

std::unique_ptr<Operator> makeConvInteger() { return std::make_unique<ConvInteger>(); }
std::unique_ptr<Operator> makeMatMulInteger() { return std::make_unique<MatMulInteger>(); }

Result<TensorTypes> ConvInteger::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 5); !ok) return passOn(ok);
  if (auto ok = checkTypes(inputs); !ok) return passOn(ok);
  Conv plain;
  static_cast<WindowAttributes&>(plain) = *this;
  plain.groups = groups;
  const std::vector<TensorType> floats{{DataType::Float32, inputs[0].shape},
                                       {DataType::Float32, inputs[1].shape}};
  auto types = plain.inferShape(floats);
  if (!types) return types;
  const int64_t outputs = inputs[1].shape[0];
  const auto oneOr = [&](size_t i, int64_t count) {
    if (!present(inputs, i)) return true;
    const Shape& shape = inputs[i].shape;
    return shape.rank() == 0 || (shape.rank() == 1 && (shape[0] == 1 || shape[0] == count));
  };
  if (!oneOr(2, 1) || !oneOr(3, outputs))
    return fail(ErrorCode::ShapeMismatch, "integer convolution: zero points of the wrong shape");
  if (present(inputs, 4) && inputs[4] != TensorType{DataType::Int32, Shape{outputs}})
    return fail(ErrorCode::ShapeMismatch, "integer convolution's bias is ", inputs[4].type, " ",
                inputs[4].shape, ", expected int32 ", outputs);
  (*types)[0].type = DataType::Int32;
  return types;
}

Result<TensorTypes> MatMulInteger::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 4); !ok) return passOn(ok);
  if (auto ok = checkTypes(inputs); !ok) return passOn(ok);
  const Shape& a = inputs[0].shape;
  const Shape& b = inputs[1].shape;
  const auto extents = matMulExtents(a, b, false, false);
  if (!extents) return passOn(extents);
  for (size_t i = 2; i < inputs.size(); ++i)
    if (present(inputs, i) && !broadcastsTo(inputs[i].shape, inputs[i - 2].shape))
      return fail(ErrorCode::ShapeMismatch, "integer product: zero points of ", inputs[i].shape,
                  " do not fit ", inputs[i - 2].shape);
  const Shape y = matMulShape(*extents, a, b);
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  return TensorTypes{TensorType{DataType::Int32, y}};
}

int64_t ConvInteger::multiplyAdds(std::span<const TensorType> inputs,
                                  std::span<const TensorType> outputs) const {
  return Conv().multiplyAdds(inputs, outputs);
}
int64_t MatMulInteger::multiplyAdds(std::span<const TensorType> inputs,
                                    std::span<const TensorType> outputs) const {
  return MatMul().multiplyAdds(inputs, outputs);
}

}  // namespace minnow::ops
