// RNN, GRU, LSTM: names and default parameters of activations resolved. `layout` came with opset
// 14; before, its default holds.
#include "ops/recurrent.h"

#include "converter/onnx/node_context.h"

namespace minnow::converter {
namespace {

using ops::CellActivation;
using ops::CellFn;

struct Defaults {
  float alpha = 0, beta = 0;
  int parameters = 0;  ///< how many of them the function has
};

Defaults defaultsOf(CellActivation fn) {
  switch (fn) {
    case CellActivation::LeakyRelu:
      return {0.01f, 0, 1};
    case CellActivation::ThresholdedRelu:
    case CellActivation::Elu:
      return {1, 0, 1};
    case CellActivation::HardSigmoid:
      return {0.2f, 0.5f, 2};
    case CellActivation::Affine:
    case CellActivation::ScaledTanh:
      return {1, fn == CellActivation::Affine ? 0.0f : 1.0f, 2};
    default:
      return {};
  }
}

CellActivation activationNamed(const NodeContext& node, const std::string& name) {
  for (int i = 0; i < static_cast<int>(CellActivation::kCount); ++i) {
    const auto fn = static_cast<CellActivation>(i);
    if (name == ops::cellActivationName(fn)) return fn;
  }
  node.unsupported("activation '" + name + "'");
}

/// activation_alpha and activation_beta hold numbers only for the functions that take them, in
/// order; some exporters write one for every function instead.
void readActivations(NodeContext& node, ops::Recurrent& op) {
  std::vector<std::string> names = node.strings("activations");
  if (names.empty())
    for (int64_t d = 0; d < op.directions(); ++d) {
      if (op.cell != CellFn::Rnn) names.push_back("Sigmoid");
      names.push_back("Tanh");
      if (op.cell == CellFn::Lstm) names.push_back("Tanh");
    }
  const std::vector<float> alphas = node.numbers("activation_alpha");
  const std::vector<float> betas = node.numbers("activation_beta");
  size_t alpha = 0, beta = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    const CellActivation fn = activationNamed(node, names[i]);
    Defaults numbers = defaultsOf(fn);
    const size_t fromAlpha = alphas.size() == names.size() ? i : alpha;
    const size_t fromBeta = betas.size() == names.size() ? i : beta;
    if (numbers.parameters > 0 && fromAlpha < alphas.size())
      numbers.alpha = alphas[fromAlpha], ++alpha;
    if (numbers.parameters > 1 && fromBeta < betas.size()) numbers.beta = betas[fromBeta], ++beta;
    op.activations.push_back(static_cast<int64_t>(fn));
    op.alpha.push_back(numbers.alpha);
    op.beta.push_back(numbers.beta);
  }
}

}  // namespace

void importRecurrent(NodeContext& node) {
  auto op = std::make_unique<ops::Recurrent>();
  op->cell = node.type() == "RNN" ? CellFn::Rnn : node.type() == "GRU" ? CellFn::Gru : CellFn::Lstm;
  const std::string direction = node.string("direction", "forward");
  if (direction == "reverse")
    op->direction = ops::SequenceDirection::Reverse;
  else if (direction == "bidirectional")
    op->direction = ops::SequenceDirection::Both;
  else if (direction != "forward")
    node.broken("direction '" + direction + "' is unknown");
  readActivations(node, *op);
  op->clip = node.number("clip", 0);
  op->linearBeforeReset = node.integer("linear_before_reset", 0) != 0;
  op->inputForget = node.integer("input_forget", 0) != 0;
  op->batchFirst = node.integer("layout", 0) != 0;
  std::vector<ir::ValueId> inputs;
  for (int i = 0; i < node.inputs(); ++i) inputs.push_back(node.input(i));
  const int outputs = op->cell == CellFn::Lstm ? 3 : 2;
  const auto results = node.emitMany(std::move(op), inputs, outputs);
  for (int i = 0; i < outputs; ++i)
    if (node.wantsOutput(i)) node.setOutput(i, results[static_cast<size_t>(i)]);
}

}  // namespace minnow::converter
