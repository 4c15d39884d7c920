// Recurrent cells, one sequence of the batch after another: gates, then the cell's equations (ONNX
// RNN, GRU, LSTM, "Equations").
#include "ops/recurrent.h"

#include <algorithm>
#include <cmath>

#include "kernels/kernel.h"
#include "kernels/reference/scalar_math.h"
#include "kernels/reference/weights.h"

namespace minnow::kernels::reference {
namespace {

using ops::CellActivation;
using ops::CellFn;

float activated(CellActivation fn, float alpha, float beta, float x) {
  switch (fn) {
    case CellActivation::Relu:
      return std::max(x, 0.0f);
    case CellActivation::Tanh:
      return tanh(x);
    case CellActivation::Sigmoid:
      return sigmoid(x);
    case CellActivation::Affine:
      return std::fma(alpha, x, beta);
    case CellActivation::LeakyRelu:
      return x < 0 ? alpha * x : x;
    case CellActivation::ThresholdedRelu:
      return x < alpha ? 0.0f : x;
    case CellActivation::ScaledTanh:
      return alpha * tanh(beta * x);
    case CellActivation::HardSigmoid:
      return std::min(std::max(std::fma(alpha, x, beta), 0.0f), 1.0f);
    case CellActivation::Elu:
      return x < 0 ? alpha * (exp(x) - 1.0f) : x;
    case CellActivation::Softsign:
      return x / (1.0f + std::fabs(x));
    case CellActivation::Softplus:
      return softplus(x);
    default:
      return x;
  }
}

/// What one direction reads, and its state for one sequence.
class Direction {
 public:
  Direction(const ops::Recurrent& op, const KernelArgs& args, int64_t d)
      : op_(op),
        args_(args),
        d_(d),
        hidden_(args.inputs[2].shape[2]),
        inputs_(args.inputs[1].shape[2]) {
    h_ = reinterpret_cast<float*>(args.workspace.data());
    c_ = h_ + hidden_;
    gates_ = c_ + hidden_;
  }
  static size_t workspace(int64_t hidden) {
    return static_cast<size_t>(7 * hidden) * sizeof(float);
  }

  void run(int64_t batch, int64_t steps) {
    for (int64_t i = 0; i < hidden_; ++i) {
      h_[i] = initial(5, batch, i);
      c_[i] = initial(6, batch, i);
    }
    const bool reverse = op_.direction == ops::SequenceDirection::Reverse || d_ == 1;
    const int64_t all = args_.inputs[0].shape[op_.batchFirst ? 1 : 0];
    for (int64_t t = 0; t < steps; ++t) {
      const int64_t at = reverse ? steps - 1 - t : t;
      step(batch, at);
      for (int64_t i = 0; i < hidden_; ++i) store(batch, at, i, h_[i]);
    }
    for (int64_t t = steps; t < all; ++t)
      for (int64_t i = 0; i < hidden_; ++i) store(batch, t, i, 0.0f);
    storeState(1, batch, h_);
    storeState(2, batch, c_);
  }

 private:
  bool has(size_t input) const { return input < args_.inputs.size() && args_.inputs[input]; }

  float initial(size_t input, int64_t batch, int64_t i) const {
    if (!has(input) || (input == 6 && op_.cell != CellFn::Lstm)) return 0.0f;
    const TensorView& view = args_.inputs[input];
    return view.as<const float>()[stateOffset(view, batch, i)];
  }
  int64_t stateOffset(const TensorView& view, int64_t batch, int64_t i) const {
    return view.strides[op_.batchFirst ? 1 : 0] * d_ +
           view.strides[op_.batchFirst ? 0 : 1] * batch + i * view.strides[2];
  }
  void storeState(size_t output, int64_t batch, const float* state) const {
    if (output >= args_.outputs.size() || !args_.outputs[output]) return;
    const TensorView& view = args_.outputs[output];
    for (int64_t i = 0; i < hidden_; ++i) view.as<float>()[stateOffset(view, batch, i)] = state[i];
  }
  void store(int64_t batch, int64_t t, int64_t i, float value) const {
    const TensorView& y = args_.outputs[0];
    if (!y) return;
    const bool first = op_.batchFirst;
    y.as<float>()[t * y.strides[first ? 1 : 0] + d_ * y.strides[first ? 2 : 1] +
                  batch * y.strides[first ? 0 : 2] + i * y.strides[3]] = value;
  }

  float bias(int64_t row) const {
    if (!has(3)) return 0.0f;
    const TensorView& b = args_.inputs[3];
    return b.as<const float>()[d_ * b.strides[0] + row * b.strides[1]];
  }
  ops::WeightMatrices matricesOf(int input) const {
    const TensorView& view = args_.inputs[static_cast<size_t>(input)];
    return *op_.weightMatrices(input, view.shape, view.strides);
  }
  WeightsOfOutput<float> weightsOf(size_t input, const ops::WeightMatrices& matrices,
                                   int64_t row) const {
    return {matrices, args_.inputs[input], d_ * op_.gates() + row / hidden_, row % hidden_};
  }
  float inputSum(int64_t row, int64_t batch, int64_t t, float sum) const {
    const TensorView& x = args_.inputs[0];
    const float* from = x.as<const float>() + t * x.strides[op_.batchFirst ? 1 : 0] +
                        batch * x.strides[op_.batchFirst ? 0 : 1];
    const auto matrices = matricesOf(1);
    const auto weights = weightsOf(1, matrices, row);
    for (int64_t i = 0; i < inputs_; ++i) sum = std::fma(from[i * x.strides[2]], weights[i], sum);
    return sum;
  }
  float hiddenSum(int64_t row, const float* state, float sum) const {
    const auto matrices = matricesOf(2);
    const auto weights = weightsOf(2, matrices, row);
    for (int64_t i = 0; i < hidden_; ++i) sum = std::fma(state[i], weights[i], sum);
    return sum;
  }
  /// The whole linear part of one row of a gate.
  float gate(int64_t row, int64_t batch, int64_t t) const {
    const float from = bias(row) + bias(row + op_.gates() * hidden_);
    return hiddenSum(row, h_, inputSum(row, batch, t, from));
  }
  float act(int index, float x) const {
    const auto i = static_cast<size_t>(index + d_ * op_.activationsPerDirection());
    if (op_.clip > 0) x = std::min(std::max(x, -op_.clip), op_.clip);
    return activated(static_cast<CellActivation>(op_.activations[i]), op_.alpha[i], op_.beta[i], x);
  }
  float peephole(int64_t which, int64_t i, float c, float x) const {
    if (!has(7)) return x;
    const TensorView& p = args_.inputs[7];
    const float weight =
        p.as<const float>()[d_ * p.strides[0] + (which * hidden_ + i) * p.strides[1]];
    return std::fma(weight, c, x);
  }

  void step(int64_t batch, int64_t t) {
    if (op_.cell == CellFn::Gru) return stepGru(batch, t);
    const int64_t rows = op_.gates() * hidden_;
    for (int64_t row = 0; row < rows; ++row) gates_[row] = gate(row, batch, t);
    for (int64_t i = 0; i < hidden_; ++i) {
      if (op_.cell == CellFn::Rnn)
        h_[i] = act(0, gates_[i]);
      else
        stepLstm(i);
    }
  }
  void stepLstm(int64_t i) {
    const float in = act(0, peephole(0, i, c_[i], gates_[i]));
    const float forget =
        op_.inputForget ? 1.0f - in : act(0, peephole(2, i, c_[i], gates_[2 * hidden_ + i]));
    const float candidate = act(1, gates_[3 * hidden_ + i]);
    c_[i] = std::fma(forget, c_[i], in * candidate);
    const float out = act(0, peephole(1, i, c_[i], gates_[hidden_ + i]));
    h_[i] = out * act(2, c_[i]);
  }
  void stepGru(int64_t batch, int64_t t) {
    float* update = gates_;
    float* reset = gates_ + hidden_;
    float* candidate = gates_ + 2 * hidden_;
    for (int64_t i = 0; i < 2 * hidden_; ++i) gates_[i] = act(0, gate(i, batch, t));
    float* scaled = gates_ + 3 * hidden_;  // the state behind the reset gate
    for (int64_t i = 0; i < hidden_; ++i) scaled[i] = reset[i] * h_[i];
    for (int64_t i = 0; i < hidden_; ++i) {
      const int64_t row = 2 * hidden_ + i;
      const float hiddenBias = bias(row + 3 * hidden_);
      const float x = op_.linearBeforeReset
                          ? std::fma(reset[i], hiddenSum(row, h_, hiddenBias),
                                     inputSum(row, batch, t, bias(row)))
                          : hiddenSum(row, scaled, inputSum(row, batch, t, bias(row) + hiddenBias));
      candidate[i] = act(1, x);
    }
    for (int64_t i = 0; i < hidden_; ++i)
      h_[i] = std::fma(update[i], h_[i], (1.0f - update[i]) * candidate[i]);
  }

  const ops::Recurrent& op_;
  const KernelArgs& args_;
  int64_t d_, hidden_, inputs_;
  float *h_, *c_, *gates_;
};

}  // namespace

size_t recurrentWorkspace(const ops::Operator&, std::span<const TensorView> inputs,
                          std::span<const TensorView>, const CallShape&) {
  return Direction::workspace(inputs[2].shape[2]);
}

Result<void> runRecurrent(const ops::Operator& op, const KernelArgs& args) {
  const auto& recurrent = static_cast<const ops::Recurrent&>(op);
  const Shape& x = args.inputs[0].shape;
  const int64_t steps = x[recurrent.batchFirst ? 1 : 0], batches = x[recurrent.batchFirst ? 0 : 1];
  const TensorView lengths = args.has(4) ? args.inputs[4] : TensorView{};
  if (auto ok = recurrent.checkLengths(lengths, steps); !ok) return ok;
  for (int64_t batch = 0; batch < batches; ++batch) {
    const int64_t length =
        lengths ? lengths.as<const int32_t>()[batch * lengths.strides[0]] : steps;
    for (int64_t d = 0; d < recurrent.directions(); ++d)
      Direction(recurrent, args, d).run(batch, length);
  }
  return {};
}

}  // namespace minnow::kernels::reference
