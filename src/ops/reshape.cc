// Shapes of Reshape, Flatten, Squeeze and Unsqueeze.
#include "ops/reshape.h"

#include "ops/data_axes.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeReshape() { return std::make_unique<Reshape>(); }
std::unique_ptr<Operator> makeFlatten() { return std::make_unique<Flatten>(); }
std::unique_ptr<Operator> makeSqueeze() { return std::make_unique<Squeeze>(); }
std::unique_ptr<Operator> makeUnsqueeze() { return std::make_unique<Unsqueeze>(); }

Result<Shape> Reshape::outputShape(const Shape& input, bool atMost) const {
  if (shape.size() > kMaxRank)
    return fail(ErrorCode::Unsupported, "a shape of ", shape.size(), " axes (at most ", kMaxRank,
                ")");
  if (auto ok = checkShape(input); !ok) return passOn(ok);
  Shape out;
  int rest = -1;
  for (size_t i = 0; i < shape.size(); ++i) {
    const int axis = static_cast<int>(i);
    if (shape[i] == -1 && rest >= 0) return fail(ErrorCode::BadModel, "two extents are -1");
    if (shape[i] == 0 && !allowZero && axis >= input.rank())
      return fail(ErrorCode::ShapeMismatch, "extent ", axis, " is copied from ", input,
                  ", which has fewer axes");
    if (shape[i] == -1) rest = axis;
    const bool copied = shape[i] == 0 && !allowZero;
    out.push_back(shape[i] == -1 ? 1 : copied ? input[axis] : shape[i]);
  }
  if (auto ok = checkShape(out); !ok) return passOn(ok);
  int64_t known = out.elements(), elements = input.elements();
  if (rest >= 0) {
    // Copied axes count on neither side, so that -1 has one answer beside one that is empty.
    known = elements = 1;
    for (int i = 0; i < std::max(out.rank(), input.rank()); ++i) {
      if (i < out.rank() && shape[i] == 0 && !allowZero) continue;
      if (i < out.rank()) known *= out[i];
      if (i < input.rank()) elements *= input[i];
    }
    if (known == 0 || (!atMost && elements % known != 0))
      return fail(ErrorCode::ShapeMismatch, elements, " elements do not divide by ", known);
    out[rest] = elements / known;
  } else if (!atMost && known != elements) {
    return fail(ErrorCode::ShapeMismatch, input, " does not hold the elements of ", out);
  }
  return out;
}

Result<Shape> Flatten::outputShape(const Shape& input) const {
  if (axis < -input.rank() || axis > input.rank())
    return fail(ErrorCode::ShapeMismatch, "axis ", axis, " is outside a tensor of rank ",
                input.rank());
  if (auto ok = checkShape(input); !ok) return passOn(ok);
  const int64_t split = axis < 0 ? axis + input.rank() : axis;
  Shape out{1, 1};
  for (int i = 0; i < input.rank(); ++i) out[i < split ? 0 : 1] *= input[i];
  return out;
}

Result<Shape> Squeeze::outputShape(const Shape& input) const {
  const auto dropped = markAxes(axes, input.rank());
  if (!dropped) return passOn(dropped);
  Shape out;
  for (int i = 0; i < input.rank(); ++i) {
    if ((*dropped)[i] && input[i] != 1)
      return fail(ErrorCode::ShapeMismatch, "axis ", i, " of ", input, " is not of extent 1");
    if (!(axes.empty() ? input[i] == 1 : (*dropped)[i])) out.push_back(input[i]);
  }
  return out;
}

Result<Shape> Unsqueeze::outputShape(const Shape& input) const {
  if (axes.size() + input.rank() > kMaxRank)
    return fail(ErrorCode::Unsupported, "more than ", kMaxRank, " axes");
  const int rank = input.rank() + static_cast<int>(axes.size());
  const auto added = markAxes(axes, rank);
  if (!added) return passOn(added);
  Shape out;
  for (int i = 0, from = 0; i < rank; ++i) out.push_back((*added)[i] ? 1 : input[from++]);
  return out;
}

/// An extent that is copied from the input has 0 though a run sets it to more.
bool Reshape::isSetInRun(const DataInputs& in, size_t axis) const {
  const int64_t least = in.least("shape", axis, shape[axis]);
  return least < shape[axis] || (least != shape[axis] && shape[axis] > 0);
}

bool Reshape::isSetInRun(const DataInputs& in) const {
  for (size_t axis = 0; axis < shape.size(); ++axis)
    if (isSetInRun(in, axis)) return true;
  return false;
}

std::optional<DataAxes> Reshape::dataAxes(const DataInputs& in) const {
  const Shape& x = in.shape(0);
  const bool set = isSetInRun(in);
  DataAxes axes{};
  // -1 takes what is left of the input without the axes that are copied.
  int rest = -1, left = 0;
  int32_t number = 0;
  int64_t known = 1, literal = 1;
  for (int i = 0; i < std::max(x.rank(), static_cast<int>(shape.size())); ++i) {
    const bool named = i < static_cast<int>(shape.size());
    const bool setHere = named && isSetInRun(in, static_cast<size_t>(i));
    const bool copied = named && !setHere && shape[i] == 0 && !allowZero;
    if (setHere) axes[i] = in.fresh();
    if (copied) axes[i] = in.at(0, i);
    if (named && shape[i] == -1) rest = i;
    if (named && !copied && shape[i] != -1) literal *= shape[i];
    if (copied || i >= x.rank()) continue;
    if (in.at(0, i) == 0) known *= x[i];
    if (in.at(0, i) != 0) number = in.at(0, i), ++left;
  }
  if (set && rest >= 0) axes[rest] = in.fresh();
  if (set || left == 0) return axes;
  if (rest < 0 || literal == 0) return std::nullopt;
  axes[rest] = left == 1 && known == literal ? number : in.fresh();
  return axes;
}

/// A row of elements need not divide where it is longest.
Result<TensorTypes> Reshape::largestOutputs(const DataInputs& in) const {
  if (auto ok = expectMovable(in.types(), 1, 1); !ok) return passOn(ok);
  const bool rounds = anyFromData(in.axes(0)) && std::ranges::count(shape, -1) > 0;
  const auto most = isSetInRun(in) ? largestInRun(in) : outputShape(in.shape(0), rounds);
  if (!most) return passOn(most);
  return oneOutput(in.types()[0].type, *most);
}

/// Extents that a run sets are any that they can be, each for itself; what is left is most where
/// they are least, and where they copy the axes that are empty.
Result<Shape> Reshape::largestInRun(const DataInputs& in) const {
  const Shape& x = in.shape(0);
  Shape filled = x;
  for (int i = 0; i < x.rank(); ++i) filled[i] = std::max<int64_t>(1, x[i]);
  Reshape least = *this;
  for (size_t i = 0; i < shape.size(); ++i)
    if (isSetInRun(in, i)) least.shape[i] = std::max<int64_t>(1, in.least("shape", i, shape[i]));
  auto most = least.outputShape(filled, true);
  if (!most) return most;
  for (int i = 0; i < most->rank(); ++i) {
    const int64_t from = in.least("shape", static_cast<size_t>(i), shape[i]);
    const int64_t copied = from <= 0 && !allowZero && i < x.rank() ? x[i] : 0;
    if (isSetInRun(in, static_cast<size_t>(i)))
      (*most)[i] = std::max({shape[i], copied, from < 0 ? filled.elements() : 0});
    else if (shape[i] == 0)
      (*most)[i] = copied;
  }
  return most;
}

std::optional<DataAxes> Flatten::dataAxes(const DataInputs& in) const {
  const int rank = in.shape(0).rank();
  const auto split = static_cast<int>(axis < 0 ? axis + rank : axis);
  return DataAxes{axisOfProduct(in, 0, split), axisOfProduct(in, split, rank)};
}

std::optional<DataAxes> Squeeze::dataAxes(const DataInputs& in) const {
  const auto dropped = markAxes(axes, in.shape(0).rank());
  DataAxes left{};
  int next = 0;
  for (int i = 0; i < in.shape(0).rank(); ++i) {
    // Whether an unknown extent is 1 is not known.
    if (in.at(0, i) != 0 && axes.empty()) return std::nullopt;
    if (!(axes.empty() ? in.shape(0)[i] == 1 : (*dropped)[i])) left[next++] = in.at(0, i);
  }
  return left;
}

/// The run tells whether the extents that it drops are 1.
Result<TensorTypes> Squeeze::largestOutputs(const DataInputs& in) const {
  std::vector<TensorType> types(in.types().begin(), in.types().end());
  const auto dropped = markAxes(axes, in.shape(0).rank());
  for (int i = 0; dropped && i < in.shape(0).rank(); ++i)
    if ((*dropped)[i] && in.at(0, i) != 0 && types[0].shape[i] > 0) types[0].shape[i] = 1;
  return inferShape(types);
}

std::optional<DataAxes> Unsqueeze::dataAxes(const DataInputs& in) const {
  const int rank = in.shape(0).rank() + static_cast<int>(axes.size());
  const auto added = markAxes(axes, rank);
  DataAxes wider{};
  for (int i = 0, from = 0; i < rank; ++i)
    if (!(*added)[i]) wider[i] = in.at(0, from++);
  return wider;
}

bool Reshape::isIdentity(std::span<const TensorType>) const {
  return allAre(shape, 0) && !allowZero;
}

}  // namespace minnow::ops
