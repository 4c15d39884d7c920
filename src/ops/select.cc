// TopK, NonZero, Compress, NonMaxSuppression: shape rules.
#include "ops/select.h"

#include "ops/data_axes.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeTopK() { return std::make_unique<TopK>(); }
std::unique_ptr<Operator> makeNonZero() { return std::make_unique<NonZero>(); }
std::unique_ptr<Operator> makeCompress() { return std::make_unique<Compress>(); }
std::unique_ptr<Operator> makeChoose() { return std::make_unique<Choose>(); }
std::unique_ptr<Operator> makeNonMaxSuppression() { return std::make_unique<NonMaxSuppression>(); }

Result<TensorTypes> TopK::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
  if (inputs[0].type == DataType::Float16)
    return fail(ErrorCode::Unsupported, "comparison of ", inputs[0].type);
  Shape y = inputs[0].shape;
  const auto along = normaliseAxis(axis, y.rank());
  if (!along) return passOn(along);
  if (k < 0 || k > y[*along])
    return fail(ErrorCode::ShapeMismatch, "the best ", k, " of ", y[*along], " along axis ",
                *along);
  y[*along] = k;
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  return TensorTypes{TensorType{inputs[0].type, y}, TensorType{DataType::Int64, y}};
}

Result<TensorTypes> NonZero::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 1, 1); !ok) return passOn(ok);
  if (inputs[0].type == DataType::Float16)
    return fail(ErrorCode::Unsupported, "comparison of ", inputs[0].type);
  if (auto ok = checkShape(inputs[0].shape); !ok) return passOn(ok);
  return oneOutput(DataType::Int64, {inputs[0].shape.rank(), inputs[0].shape.elements()});
}

Result<TensorTypes> Compress::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectMovable(inputs, 2, 2); !ok) return passOn(ok);
  if (inputs[1].type != DataType::Bool || inputs[1].shape.rank() != 1)
    return fail(ErrorCode::ShapeMismatch, "the condition is ", inputs[1].type, " ", inputs[1].shape,
                ", expected a row of bool");
  Shape y = inputs[0].shape;
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  if (flat) return oneOutput(inputs[0].type, {std::min(y.elements(), inputs[1].shape[0])});
  const auto along = normaliseAxis(axis, y.rank());
  if (!along) return passOn(along);
  y[*along] = std::min(y[*along], inputs[1].shape[0]);
  return oneOutput(inputs[0].type, y);
}

Result<void> NonMaxSuppression::checkLimits(std::span<const TensorType> inputs) const {
  for (size_t i = 2; i < inputs.size(); ++i) {
    const auto& [type, shape] = inputs[i];
    const DataType expected = i == 2 ? DataType::Int64 : DataType::Float32;
    if (type == DataType::Undefined) continue;
    if (type != expected || shape.rank() > 1 || shape.elements() != 1)
      return fail(ErrorCode::ShapeMismatch, "input ", i, " is ", type, " ", shape,
                  ", expected one ", expected);
  }
  return {};
}

Result<TensorTypes> NonMaxSuppression::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 2, 5); !ok) return passOn(ok);
  if (auto ok = checkLimits(inputs); !ok) return passOn(ok);
  const Shape &boxes = inputs[0].shape, &scores = inputs[1].shape;
  if (inputs[0].type != DataType::Float32 || inputs[1].type != DataType::Float32)
    return fail(ErrorCode::Unsupported, "boxes and scores other than float32");
  if (boxes.rank() != 3 || scores.rank() != 3 || boxes[2] != 4 || boxes[0] != scores[0] ||
      boxes[1] != scores[2])
    return fail(ErrorCode::ShapeMismatch, "boxes ", boxes, " and scores ", scores);
  if (auto ok = checkShape(scores); !ok) return passOn(ok);
  const bool given = inputs.size() > 2 && inputs[2].type != DataType::Undefined;
  const int64_t most = given ? boxes[1] : std::clamp<int64_t>(mostPerClass, 0, boxes[1]);
  if (auto ok = checkShape({scores[0], scores[1], most}); !ok) return passOn(ok);
  return oneOutput(DataType::Int64, {scores[0] * scores[1] * most, 3});
}

std::optional<DataAxes> TopK::dataAxes(const DataInputs& in) const {
  DataAxes axes = in.axes(0);
  axes[*normaliseAxis(axis, in.shape(0).rank())] = in.least("k", 0, k) != k ? in.fresh() : 0;
  return axes;
}

Result<TensorTypes> TopK::largestOutputs(const DataInputs& in) const {
  TopK most = *this;
  const auto along = normaliseAxis(axis, in.shape(0).rank());
  if (along && in.least("k", 0, k) != k) most.k = std::min(k, in.shape(0)[*along]);
  return most.inferShape(in.types());
}

Result<TensorTypes> Choose::inferShape(std::span<const TensorType> inputs) const {
  if (auto ok = expectInputs(inputs, 3, 3); !ok) return passOn(ok);
  const auto& [type, yes] = inputs[1];
  const auto& [other, no] = inputs[2];
  if (inputs[0].type != DataType::Bool || inputs[0].shape.elements() != 1)
    return fail(ErrorCode::ShapeMismatch, "the condition is ", inputs[0].type, " ", inputs[0].shape,
                ", expected one bool");
  if (type != other || yes.rank() != no.rank() || elementSize(type) == 0)
    return fail(ErrorCode::Unsupported, "a choice between ", type, " ", yes, " and ", other, " ",
                no, ": both must have one type and rank");
  Shape most = yes;
  for (int i = 0; i < yes.rank(); ++i) most[i] = std::max(yes[i], no[i]);
  return oneOutput(type, most);
}

std::optional<DataAxes> Choose::dataAxes(const DataInputs& in) const {
  if (anyFromData(in.axes(0))) return std::nullopt;
  DataAxes axes = in.axes(1);
  for (int i = 0; i < in.shape(1).rank(); ++i)
    if (in.at(2, i) != axes[i] || (axes[i] == 0 && in.shape(1)[i] != in.shape(2)[i]))
      axes[i] = in.fresh();
  return axes;
}

std::optional<DataAxes> NonZero::dataAxes(const DataInputs& in) const {
  return DataAxes{0, in.fresh()};
}

std::optional<DataAxes> Compress::dataAxes(const DataInputs& in) const {
  if (flat) return DataAxes{in.fresh()};
  DataAxes axes = in.axes(0);
  axes[*normaliseAxis(axis, in.shape(0).rank())] = in.fresh();
  return axes;
}

std::optional<DataAxes> NonMaxSuppression::dataAxes(const DataInputs& in) const {
  if (!in.knownFrom(2)) return std::nullopt;
  return DataAxes{in.fresh()};
}

Result<TensorTypes> NonMaxSuppression::largestOutputs(const DataInputs& in) const {
  if (in.count() < 2 || in.shape(0).rank() != 3 || in.shape(1).rank() != 3)
    return inferShape(in.types());
  AlikeAxes alike(in);
  alike.join(0, 0, 1, 0);
  alike.join(0, 1, 1, 2);
  if (in.at(0, 2) != 0) alike.shape(0)[2] = 4;
  return inferShape(alike.types());
}

int64_t NonMaxSuppression::elementsVisited(std::span<const TensorType> inputs,
                                           std::span<const TensorType> outputs) const {
  return cappedProduct(outputs[0].shape.elements(), inputs[0].shape[1]);
}

}  // namespace minnow::ops
