// Pad: shape rule, and which input position an output position shows.
#include "ops/pad.h"

#include "ops/data_axes.h"
#include "ops/rows.h"

namespace minnow::ops {

std::unique_ptr<Operator> makePad() { return std::make_unique<Pad>(); }

Result<TensorTypes> Pad::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 2); !ok) return passOn(ok);
  const Shape& x = inputs[0].shape;
  if (auto ok = checkShape(x); !ok) return passOn(ok);
  if (padsBegin.size() != static_cast<size_t>(x.rank()) || padsEnd.size() != padsBegin.size())
    return fail(ErrorCode::BadModel, "expected ", x.rank(), " pads at either end");
  if (inputs.size() > 1 && inputs[1].type != DataType::Undefined &&
      (inputs[1].type != inputs[0].type || inputs[1].shape.elements() != 1))
    return fail(ErrorCode::ShapeMismatch, "the constant is ", inputs[1].type, " ", inputs[1].shape,
                ", expected one element of ", inputs[0].type);
  Shape y;
  for (int i = 0; i < x.rank(); ++i) {
    if (std::max(padsBegin[i], padsEnd[i]) > kMaxExtent ||
        std::min(padsBegin[i], padsEnd[i]) < -kMaxExtent)
      return fail(ErrorCode::BadModel, "pads of axis ", i, " are out of range");
    // What is taken away must be there: y = x[max(0,-begin) : extent - max(0,-end)], then padded.
    const int64_t kept =
        x[i] + std::min<int64_t>(padsBegin[i], 0) + std::min<int64_t>(padsEnd[i], 0);
    const bool grows = padsBegin[i] > 0 || padsEnd[i] > 0;
    if (kept < 0 || (mode != PadMode::Constant && kept == 0 && grows))
      return fail(ErrorCode::ShapeMismatch, "pads of axis ", i, " leave nothing of ", x);
    y.push_back(x[i] + padsBegin[i] + padsEnd[i]);
  }
  return oneOutput(inputs[0].type, y);
}

std::optional<Storage> Pad::viewOf(const Shape& inputShape, const Storage& input, int) const {
  Storage view = input;
  bool empty = false;
  for (int i = 0; i < inputShape.rank(); ++i) {
    if (padsBegin[i] > 0 || padsEnd[i] > 0) return std::nullopt;
    empty |= inputShape[i] + padsBegin[i] + padsEnd[i] <= 0;
    view.offset -= padsBegin[i] * input.strides[i];
  }
  if (empty) view.offset = input.offset;
  return view;
}

int64_t Pad::source(int axis, int64_t i, int64_t extent) const {
  // Positions are counted in what negative pads leave of the axis.
  const int64_t first = std::max<int64_t>(-padsBegin[axis], 0);
  const int64_t kept = extent - first - std::max<int64_t>(-padsEnd[axis], 0);
  int64_t at = i - std::max<int64_t>(padsBegin[axis], 0);
  if (at >= 0 && at < kept) return first + at;
  switch (mode) {
    case PadMode::Edge:
      return first + std::clamp<int64_t>(at, 0, kept - 1);
    case PadMode::Wrap:
      return first + ((at % kept) + kept) % kept;
    case PadMode::Reflect: {
      if (kept == 1) return first;
      const int64_t period = 2 * (kept - 1);
      at = ((at % period) + period) % period;
      return first + (at < kept ? at : period - at);
    }
    default:
      return -1;
  }
}

std::optional<Rows> Pad::rowsRead(int index, const Rows& output, std::span<const TensorType>,
                                  std::span<const TensorType>) const {
  if (padsBegin[output.axis] != 0 || padsEnd[output.axis] != 0) return std::nullopt;
  return index > 0 ? kAllRows : output;
}

std::optional<DataAxes> Pad::dataAxes(const DataInputs& in) const {
  DataAxes axes = in.axes(0);
  for (int i = 0; i < in.shape(0).rank(); ++i) {
    const bool known = in.least("padsBegin", i, padsBegin[i]) == padsBegin[i] &&
                       in.least("padsEnd", i, padsEnd[i]) == padsEnd[i];
    if (known && (axes[i] == 0 || (padsBegin[i] == 0 && padsEnd[i] == 0))) continue;
    axes[i] = in.fresh();
  }
  return in.knownFrom(1) ? std::optional(axes) : std::nullopt;
}

bool Pad::isIdentity(std::span<const TensorType>) const {
  return allAre(padsBegin, 0) && allAre(padsEnd, 0);
}

}  // namespace minnow::ops
