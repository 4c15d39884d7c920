// Relayout: the type passes through.
#include "ops/relayout.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeRelayout() { return std::make_unique<Relayout>(); }

Result<TensorTypes> Relayout::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
  return TensorTypes{inputs[0]};
}

std::optional<Storage> Relayout::viewOf(const Shape& inputShape, const Storage& input, int) const {
  if (crosses) return std::nullopt;
  const Strides wanted = stridesIn(order, inputShape);
  for (int i = 0; i < inputShape.rank(); ++i)
    if (inputShape[i] != 1 && input.strides[i] != wanted[i]) return std::nullopt;
  return Storage{wanted, input.offset};
}

std::optional<Rows> Relayout::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                       std::span<const TensorType>) const {
  return output;
}

std::optional<DataAxes> Relayout::dataAxes(const DataInputs& in) const { return axesOfInput(in); }

}  // namespace minnow::ops
