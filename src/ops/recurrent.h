// Recurrent cells over a sequence (ONNX RNN, GRU, LSTM), one or both directions.
// Inputs: x [T,B,I], w [D,G*H,I], r [D,G*H,H], optional bias [D,2*G*H], sequence lengths int32 [B],
// initial h [D,B,H]; LSTM also initial c [D,B,H] and peepholes [D,3*H]. Outputs: y [T,D,B,H], last
// h [D,B,H], for LSTM last c [D,B,H]; with batchFirst the batch axis comes first everywhere. D
// counts directions, G gates (1, 3 in the order z r h, 4 in the order i o f c). float32. A gate
// accumulates by fused multiply-add over the input, then over the hidden state, in rising order
// from the sum of its two biases. Steps beyond a sequence's length give zeros.
#pragma once

#include "ops/operator.h"

namespace minnow::ops {

enum class CellFn : uint8_t { Rnn, Gru, Lstm, kCount };
enum class SequenceDirection : uint8_t { Forward, Reverse, Both, kCount };

/// Activations, ONNX's names and formulas (ONNX LSTM, "Activation functions").
enum class CellActivation : uint8_t {
  Relu,
  Tanh,
  Sigmoid,
  Affine,           ///< alpha*x + beta
  LeakyRelu,        ///< x < 0 ? alpha*x : x
  ThresholdedRelu,  ///< x < alpha ? 0 : x
  ScaledTanh,       ///< alpha*tanh(beta*x)
  HardSigmoid,      ///< min(max(alpha*x + beta, 0), 1)
  Elu,              ///< x < 0 ? alpha*(e^x - 1) : x
  Softsign,         ///< x / (1 + |x|)
  Softplus,         ///< log(1 + e^x)
  kCount
};
const char* cellActivationName(CellActivation fn);

struct Recurrent final : OperatorBase<Recurrent> {
  static constexpr OpKind kKind = OpKind::Recurrent;
  static constexpr Facts kFacts{.takesWeights = true};
  CellFn cell = CellFn::Lstm;
  SequenceDirection direction = SequenceDirection::Forward;
  std::vector<int64_t> activations;  ///< CellActivation; as many as activationsPerDirection, twice
                                     ///< for both directions
  std::vector<float> alpha, beta;    ///< of each activation
  float clip = 0;                    ///< activations see x clipped to [-clip, clip]; 0: unclipped
  bool linearBeforeReset = false;    ///< GRU
  bool inputForget = false;          ///< LSTM: the forget gate is 1 - input gate
  bool batchFirst = false;

  template <class V>
  void fields(V& v) {
    v("cell", cell, static_cast<int>(CellFn::kCount));
    v("direction", direction, static_cast<int>(SequenceDirection::kCount));
    v("activations", activations);
    v("alpha", alpha);
    v("beta", beta);
    v("clip", clip);
    v("linearBeforeReset", linearBeforeReset);
    v("inputForget", inputForget);
    v("batchFirst", batchFirst);
  }
  std::string name() const override;
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  bool mayLackOutput(int) const override { return true; }
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
  /// Of w and r: each gate of each direction is a group.
  std::optional<WeightMatrices> weightMatrices(int index, const Shape& shape,
                                               const Strides& strides) const override;

  /// Whether every sequence has from 0 to `steps` steps. `lengths`, input 4, may be absent.
  Result<void> checkLengths(const TensorView& lengths, int64_t steps) const;
  int64_t gates() const { return cell == CellFn::Rnn ? 1 : cell == CellFn::Gru ? 3 : 4; }
  int activationsPerDirection() const {
    return cell == CellFn::Rnn ? 1 : cell == CellFn::Gru ? 2 : 3;
  }
  int64_t directions() const { return direction == SequenceDirection::Both ? 2 : 1; }

 private:
  Result<void> checkAttributes() const;
};

}  // namespace minnow::ops
