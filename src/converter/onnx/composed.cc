// Operators that ONNX defines by others: SwiGLU, CausalConvWithState, LinearAttention, the windows
// of signal processing, and the losses.
#include <algorithm>
#include <cmath>
#include <numbers>

#include "converter/onnx/compose.h"
#include "ops/conv.h"
#include "ops/softmax.h"

namespace minnow::converter {
namespace {

using ops::BinaryFn;
using ops::ReduceFn;
using ops::UnaryFn;
using Value = ir::ValueId;

Value zeros(NodeContext& node, DataType type, Composer::Dims shape) {
  const Composer c(node);
  return c.expand(c.number(0, type), std::move(shape));
}

}  // namespace

void importSwiGlu(NodeContext& node) {
  if (node.shape(0) != node.shape(1)) node.broken("the inputs' shapes differ");
  const Composer c(node);
  const Value gate = c(UnaryFn::Swish, node.input(0), node.number("alpha", 1.0f));
  node.setOutput(0, c(BinaryFn::Mul, gate, node.input(1)));
}

/// A depthwise convolution along the last axis that sees what came before; the last k - 1 columns
/// are the state for the next call.
void importCausalConvWithState(NodeContext& node) {
  needShapes(node);
  if (node.rank(0) != 3 || node.rank(1) != 3) node.broken("input and weights have not 3 axes");
  const Composer c(node);
  const Shape x = node.shape(0);
  const int64_t before = node.shape(1)[2] - 1;
  if (before < 0) node.broken("the kernel is empty");
  const bool hasPast = node.hasInput(3), wantsState = node.wantsOutput(1);
  Value all = node.input(0);
  if (hasPast || wantsState) {
    const Value past =
        hasPast ? node.input(3) : zeros(node, node.typeOf(all).type, {x[0], x[1], before});
    if (node.typeOf(past).shape != Shape{x[0], x[1], before})
      node.broken("past_state's shape does not fit input and weights");
    if (before > 0) all = c.concat({past, all}, 2);
    node.noteShapeDependence();
  }
  auto op = std::make_unique<ops::Conv>();
  op->kernel = {before + 1};
  op->strides = op->dilations = {1};
  op->padsBegin = {hasPast || wantsState ? 0 : before};
  op->padsEnd = {0};
  op->groups = x[1];
  std::vector<Value> inputs{all, node.input(1)};
  if (node.hasInput(2)) inputs.push_back(node.input(2));
  Value y = node.emit(std::move(op), inputs);
  const std::string activation = node.string("activation", "none");
  if (activation == "silu" || activation == "swish")
    y = c(UnaryFn::Swish, y, 1.0f);
  else if (activation != "none")
    node.unsupported("activation '" + activation + "'");
  node.setOutput(0, y);
  if (wantsState) node.setOutput(1, c.slice(all, 2, x[2], x[2] + before));
}

// LinearAttention ---------------------------------------------------------------------------------

namespace {

/// A matrix of keys by values for each head, which each position changes and reads.
class Recurrence {
 public:
  explicit Recurrence(NodeContext& node)
      : node_(node),
        c_(node),
        rule_(node.string("update_rule", "gated_delta")),
        queryHeads_(node.integer("q_num_heads")),
        heads_(node.integer("kv_num_heads")) {
    if (queryHeads_ < 1 || heads_ < 1 || queryHeads_ % heads_ != 0)
      node.broken("q_num_heads is no multiple of kv_num_heads");
    for (int i = 0; i < 3; ++i)
      if (node.rank(i) != 3) node.broken("query, key and value have not 3 axes");
    if (rule_ != "linear" && rule_ != "gated" && rule_ != "delta" && rule_ != "gated_delta")
      node.unsupported("update_rule '" + rule_ + "'");
    decays_ = rule_.starts_with("gated");
    corrects_ = rule_.ends_with("delta");
    if (decays_ != node.hasInput(4) || corrects_ != node.hasInput(5))
      node.broken("decay and beta do not fit update_rule '" + rule_ + "'");
  }

  void import() {
    needShapes(node_);
    if (node_.typeOf(node_.input(0)).type != DataType::Float32)
      node_.unsupported("LinearAttention of another type than float32");
    const Shape x = node_.shape(0);
    const int64_t keySize = x[2] / queryHeads_, valueSize = node_.shape(2)[2] / heads_;
    Value state = node_.hasInput(3)
                      ? node_.input(3)
                      : zeros(node_, DataType::Float32, {x[0], heads_, keySize, valueSize});
    if (node_.typeOf(state).shape != Shape{x[0], heads_, keySize, valueSize})
      node_.broken("past_state's shape does not fit query and value");
    const float given = node_.number("scale", 0);
    const Value scale = c_.number(
        given != 0 ? given : 1.0f / std::sqrt(static_cast<float>(std::max<int64_t>(keySize, 1))));
    node_.noteShapeDependence();
    std::vector<Value> rows;
    for (int64_t t = 0; t < x[1]; ++t) {
      state = updated(state, t);
      rows.push_back(c_(BinaryFn::Mul, scale, read(state, t)));
    }
    if (rows.empty()) node_.unsupported("LinearAttention of no positions");
    const Value all = c_.transpose(c_.concat(rows, 2), {0, 2, 1, 3});
    node_.setOutput(0, c_.reshape(all, {x[0], x[1], queryHeads_ * valueSize}));
    node_.setOutput(1, c_(UnaryFn::Identity, state));
  }

 private:
  /// Position t of an input [batch, length, heads * size] as [batch, heads, rows, columns].
  Value at(int input, int64_t t, int64_t heads, int64_t rows, int64_t columns) {
    const Value row = c_.slice(node_.input(input), 1, t, t + 1);
    return c_.reshape(row, {node_.shape(0)[0], heads, rows, columns});
  }

  Value updated(Value state, int64_t t) {
    const Value key = at(1, t, heads_, -1, 1);
    Value value = at(2, t, heads_, 1, -1);
    if (decays_) state = c_(BinaryFn::Mul, state, c_(UnaryFn::Exp, at(4, t, heads_, -1, 1)));
    if (corrects_) {
      const int64_t betas = node_.shape(5)[2];
      const Value known = c_.product(at(1, t, heads_, 1, -1), state);
      value = c_(BinaryFn::Mul, at(5, t, betas, 1, 1), c_(BinaryFn::Sub, value, known));
    }
    return c_(BinaryFn::Add, state, c_(BinaryFn::Mul, key, value));
  }

  /// Query heads that share a state are rows of one product.
  Value read(Value state, int64_t t) {
    const int64_t shared = queryHeads_ / heads_;
    const Value y = c_.product(at(0, t, heads_, shared, -1), state);
    return c_.reshape(y, {node_.shape(0)[0], queryHeads_, 1, -1});
  }

  NodeContext& node_;
  const Composer c_;
  const std::string rule_;
  const int64_t queryHeads_, heads_;
  bool decays_ = false, corrects_ = false;
};

}  // namespace

void importLinearAttention(NodeContext& node) { Recurrence(node).import(); }

// Windows -----------------------------------------------------------------------------------------

/// a0 - a1 cos(2 pi n / N) + a2 cos(4 pi n / N), with N less by one unless periodic.
void importWindow(NodeContext& node) {
  const std::string name = node.type();
  const bool blackman = name == "BlackmanWindow";
  const float a0 = name == "HannWindow" ? 0.5f : blackman ? 0.42f : 25.0f / 46.0f;
  const float a1 = blackman ? 0.5f : 1.0f - a0;
  const std::vector<int64_t> sizes = node.constantInts(0);
  constexpr int64_t kMost = int64_t{1} << 24;
  if (sizes.size() != 1 || sizes[0] < 0 || sizes[0] > kMost) node.broken("the size is no number");
  const bool periodic = node.integer("periodic", 1) != 0;
  const auto type = static_cast<DataType>(node.integer("output_datatype", 1));
  const auto length = static_cast<double>(std::max<int64_t>(sizes[0] - (periodic ? 0 : 1), 1));
  std::vector<float> angles;
  for (int64_t n = 0; n < sizes[0]; ++n)
    angles.push_back(static_cast<float>(2 * std::numbers::pi * static_cast<double>(n) / length));
  const Composer c(node);
  const Value angle = node.constantFloatTensor({sizes[0]}, angles);
  const auto term = [&](float factor, Value x) {
    return c(BinaryFn::Mul, c.number(factor), c(UnaryFn::Cos, x));
  };
  Value y = c(BinaryFn::Sub, c.number(a0), term(a1, angle));
  if (blackman) y = c(BinaryFn::Add, y, term(0.08f, c(BinaryFn::Mul, angle, c.number(2))));
  node.setOutput(0, c.cast(y, type));
}

// Losses ------------------------------------------------------------------------------------------

namespace {

/// Minus the log-probability of each target class, times its weight; [batch, …]. What is ignored
/// counts nothing.
void setLoss(NodeContext& node, Value logs) {
  needShapes(node);
  const Composer c(node);
  const TensorType type = node.typeOf(logs);
  const Value target = c.cast(node.input(1), DataType::Int64);
  Composer::Dims column(node.shape(1).begin(), node.shape(1).end());
  if (type.shape.rank() < 2 || column.size() + 1 != static_cast<size_t>(type.shape.rank()))
    node.broken("the targets' axes do not fit the scores'");
  const Composer::Dims flat = column;
  column.insert(column.begin() + 1, 1);
  node.noteShapeDependence();

  Value known = target, counts = ir::kNoValue;  // counts: 1, the class's weight, or 0
  if (node.has("ignore_index")) {
    const Value ignored = c(BinaryFn::Equal, target, c.integer(node.integer("ignore_index")));
    known = c.choose(ignored, c.integer(0), target);
    counts = c.choose(ignored, c.number(0, type.type), c.number(1, type.type));
  }
  if (node.hasInput(2)) {
    const Value weights = c.gather(node.input(2), known, 0);
    counts = counts == ir::kNoValue ? weights : c(BinaryFn::Mul, weights, counts);
  }
  const Value picked = c.gatherElements(logs, c.reshape(known, column), 1);
  Value loss = c(UnaryFn::Neg, c.reshape(picked, flat));
  if (counts != ir::kNoValue) loss = c(BinaryFn::Mul, loss, counts);

  const std::string how = node.string("reduction", "mean");
  if (how != "none" && how != "mean" && how != "sum") node.broken("reduction '" + how + "'");
  const auto sum = [&](Value x) {
    return c.reshape(c.reduce(ReduceFn::Sum, c.reshape(x, {-1}), 0), {});
  };
  if (how == "none") return node.setOutput(0, loss);
  Value y = sum(loss);
  if (how == "mean") {
    const Value count = counts == ir::kNoValue
                            ? c.number(static_cast<float>(node.shape(1).elements()), type.type)
                            : sum(counts);
    y = c(BinaryFn::Div, y, count);
  }
  node.setOutput(0, y);
}

}  // namespace

void importNegativeLogLikelihoodLoss(NodeContext& node) { setLoss(node, node.input(0)); }

void importSoftmaxCrossEntropyLoss(NodeContext& node) {
  auto op = std::make_unique<ops::Softmax>();
  op->fn = ops::SoftmaxFn::LogSoftmax;
  op->axis = 1;
  if (node.rank(0) < 2) node.broken("the scores have no axis of classes");
  const Value logs = node.emit(std::move(op), {node.input(0)});
  setLoss(node, logs);
  node.setOutput(1, Composer(node)(UnaryFn::Identity, logs));
}

}  // namespace minnow::converter
