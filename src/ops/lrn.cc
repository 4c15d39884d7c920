// LRN: types and shapes.
#include "ops/lrn.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeLrn() { return std::make_unique<Lrn>(); }

Result<TensorTypes> Lrn::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  if (inputs[0].type != DataType::Float32)
    return fail(ErrorCode::Unsupported, "LRN of ", inputs[0].type, " (float32 is supported)");
  if (inputs[0].shape.rank() < 2)
    return fail(ErrorCode::ShapeMismatch, "LRN of ", inputs[0].shape, ": expected N,C,…");
  if (size < 1 || size > kMaxExtent)
    return fail(ErrorCode::BadModel, "LRN: a size of ", size, " is out of range");
  return TensorTypes{inputs[0]};
}

std::optional<Rows> Lrn::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                  std::span<const TensorType>) const {
  return rowsUnlessMixed(output, 1u << 1);
}

std::optional<DataAxes> Lrn::dataAxes(const DataInputs& in) const { return axesOfInput(in); }

int64_t Lrn::elementsVisited(std::span<const TensorType> inputs,
                             std::span<const TensorType>) const {
  const Shape& x = inputs[0].shape;
  return cappedProduct(x.elements(), std::min(size, x[1]));
}

}  // namespace minnow::ops
