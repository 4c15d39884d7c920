// Recurrent cells: validation and shape rule.
#include "ops/recurrent.h"

namespace minnow::ops {

std::unique_ptr<Operator> makeRecurrent() { return std::make_unique<Recurrent>(); }

const char* cellActivationName(CellActivation fn) {
  static constexpr const char* kNames[] = {
      "Relu",       "Tanh",        "Sigmoid", "Affine",   "LeakyRelu", "ThresholdedRelu",
      "ScaledTanh", "HardSigmoid", "Elu",     "Softsign", "Softplus"};
  return fn < CellActivation::kCount ? kNames[static_cast<int>(fn)] : "?";
}

std::string Recurrent::name() const {
  static constexpr const char* kNames[] = {"RNN", "GRU", "LSTM"};
  return cell < CellFn::kCount ? kNames[static_cast<int>(cell)] : "Recurrent";
}

Result<void> Recurrent::checkAttributes() const {
  const auto wanted = static_cast<size_t>(activationsPerDirection() * directions());
  if (activations.size() != wanted || alpha.size() != wanted || beta.size() != wanted)
    return fail(ErrorCode::BadModel, name(), ": expected ", wanted, " activations, found ",
                activations.size());
  for (int64_t fn : activations)
    if (fn < 0 || fn >= static_cast<int64_t>(CellActivation::kCount))
      return fail(ErrorCode::BadModel, name(), ": activation ", fn, " is out of range");
  if (!(clip >= 0)) return fail(ErrorCode::BadModel, name(), ": clip is negative");
  return {};
}

Result<TensorTypes> Recurrent::inferShape(std::span<const TensorType> inputs) const {
  const bool lstm = cell == CellFn::Lstm;
  if (auto ok = expectInputs(inputs, 3, lstm ? 8 : 6); !ok) return passOn(ok);
  if (auto ok = checkAttributes(); !ok) return passOn(ok);
  for (int i = 0; i < 3; ++i) {
    if (inputs[i].shape.rank() != 3)
      return fail(ErrorCode::ShapeMismatch, name(), ": input ", i, " is ", inputs[i].shape,
                  ", expected three axes");
    if (auto ok = checkShape(inputs[i].shape); !ok) return passOn(ok);
  }
  const Shape& x = inputs[0].shape;
  const int64_t steps = x[batchFirst ? 1 : 0], batch = x[batchFirst ? 0 : 1];
  const int64_t hidden = inputs[2].shape[2], d = directions();
  if (hidden < 1 || hidden > (int64_t{1} << 24))
    return fail(ErrorCode::ShapeMismatch, name(), " of ", hidden, " hidden elements");
  const Shape state = batchFirst ? Shape{batch, d, hidden} : Shape{d, batch, hidden};
  const Shape wanted[] = {x,
                          Shape{d, gates() * hidden, x[2]},
                          Shape{d, gates() * hidden, hidden},
                          Shape{d, 2 * gates() * hidden},
                          Shape{batch},
                          state,
                          state,
                          Shape{d, 3 * hidden}};
  for (size_t i = 0; i < inputs.size(); ++i) {
    if (inputs[i].type == DataType::Undefined) continue;
    const DataType type = i == 4 ? DataType::Int32 : DataType::Float32;
    if (inputs[i].type != type || inputs[i].shape != wanted[i])
      return fail(ErrorCode::ShapeMismatch, name(), ": input ", i, " is ", inputs[i].type, " ",
                  inputs[i].shape, ", expected ", type, " ", wanted[i]);
  }
  const Shape y = batchFirst ? Shape{batch, steps, d, hidden} : Shape{steps, d, batch, hidden};
  if (auto ok = checkShape(y); !ok) return passOn(ok);
  if (auto ok = checkShape(state); !ok) return passOn(ok);
  TensorTypes types{{DataType::Float32, y}, {DataType::Float32, state}};
  if (lstm) types.push_back({DataType::Float32, state});
  return types;
}

int64_t Recurrent::multiplyAdds(std::span<const TensorType> inputs,
                                std::span<const TensorType> outputs) const {
  return outputs[0].shape.elements() * gates() * (inputs[1].shape[2] + inputs[2].shape[2]);
}

std::optional<WeightMatrices> Recurrent::weightMatrices(int index, const Shape& shape,
                                                        const Strides& strides) const {
  if (index != 1 && index != 2) return std::nullopt;
  const int64_t outputs = shape[1] / gates();
  WeightMatrices w{{shape[0], gates(), outputs}, {strides[0], outputs * strides[1], strides[1]}, 2};
  w.addAxis(shape[2], strides[2]);
  return w;
}

Result<void> Recurrent::checkLengths(const TensorView& lengths, int64_t steps) const {
  for (int64_t i = 0; lengths && i < lengths.shape[0]; ++i) {
    const int64_t length = lengths.as<const int32_t>()[i * lengths.strides[0]];
    if (length < 0 || length > steps)
      return fail(ErrorCode::InvalidArgument, name(), ": sequence length ", length,
                  " is outside 0 to ", steps);
  }
  return {};
}

}  // namespace minnow::ops
