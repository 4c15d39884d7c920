// Transpose: shape rule and view.
#include "ops/transpose.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeTranspose() { return std::make_unique<Transpose>(); }

Result<TensorTypes> Transpose::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  if (perm.size() != static_cast<size_t>(x.rank()))
    return fail(ErrorCode::ShapeMismatch, "a permutation of ", perm.size(), " axes for ", x);
  std::array<bool, kMaxRank> used{};
  Shape y;
  for (int64_t axis : perm) {
    if (axis < 0 || axis >= x.rank() || used[axis])
      return fail(ErrorCode::BadModel, "perm is not a permutation of the axes");
    used[axis] = true;
    y.push_back(x[static_cast<int>(axis)]);
  }
  return oneOutput(inputs[0].type, y);
}

std::optional<Storage> Transpose::viewOf(const Shape&, const Storage& input, int) const {
  Storage view{{}, input.offset};
  for (size_t i = 0; i < perm.size(); ++i) view.strides[i] = input.strides[perm[i]];
  return view;
}

std::optional<Rows> Transpose::rowsRead(int, const Rows& output, std::span<const TensorType>,
                                        std::span<const TensorType>) const {
  return sameRows(output, static_cast<int>(perm[output.axis]));
}

std::optional<DataAxes> Transpose::dataAxes(const DataInputs& in) const {
  DataAxes axes{};
  for (size_t i = 0; i < perm.size(); ++i) axes[i] = in.at(0, static_cast<int>(perm[i]));
  return axes;
}

bool Transpose::isIdentity(std::span<const TensorType>) const {
  for (size_t i = 0; i < perm.size(); ++i)
    if (perm[i] != static_cast<int64_t>(i)) return false;
  return true;
}

}  // namespace minnow::ops
