// Cast: types and shapes.
#include "ops/cast.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeCast() { return std::make_unique<Cast>(); }

Result<TensorTypes> Cast::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 1, 1); !ok) return passOn(ok);
  if (elementSize(inputs[0].type) == 0 || elementSize(to) == 0)
    return fail(ErrorCode::Unsupported, "Cast from ", inputs[0].type, " to ", to);
  if (auto ok = checkShape(inputs[0].shape); !ok) return passOn(ok);
  return TensorTypes{TensorType{to, inputs[0].shape}};
}

std::optional<Rows> Cast::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                   std::span<const TensorType>) const {
  return output;
}

std::optional<DataAxes> Cast::dataAxes(const DataInputs& in) const { return axesOfInput(in); }

bool Cast::isIdentity(std::span<const TensorType>) const {
  return true;  // wherever the type stays
}

}  // namespace minnow::ops
