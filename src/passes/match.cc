// The questions' answers.
#include "passes/match.h"

namespace minnow::passes {

using ir::kNoValue;
using ir::ValueId;
using ops::BinaryFn;

std::span<const float> constantFloats(const Rewriter& graph, ValueId id) {
  if (id == kNoValue) return {};
  const ir::Value& value = graph.value(id);
  if (!value.isFixed() || !value.isPlain() || value.type.type != DataType::Float32) return {};
  return value.elements<float>();
}

std::optional<double> scalarConstant(const Rewriter& graph, ValueId id) {
  const auto floats = constantFloats(graph, id);
  if (floats.size() != 1) return std::nullopt;
  return floats[0];
}

std::optional<std::vector<double>> axisConstant(const Rewriter& graph, ValueId id, const Shape& out,
                                                int axis) {
  const auto floats = constantFloats(graph, id);
  if (floats.empty()) return std::nullopt;
  const Shape& shape = graph.value(id).type.shape;
  if (shape.rank() > out.rank()) return std::nullopt;
  const int own = axis - (out.rank() - shape.rank());
  for (int i = 0; i < shape.rank(); ++i)
    if (shape[i] != 1 && (i != own || shape[i] != out[axis])) return std::nullopt;
  std::vector<double> values(static_cast<size_t>(out[axis]));
  for (size_t i = 0; i < values.size(); ++i) values[i] = floats[floats.size() == 1 ? 0 : i];
  return values;
}

const ops::Binary* binaryOf(const Rewriter& graph, ValueId id, BinaryFn fn) {
  const auto* binary = graph.producedBy<ops::Binary>(id);
  const bool fits = binary && binary->fn == fn && binary->epilogue.fn == ops::UnaryFn::Identity &&
                    graph.value(id).type.type == DataType::Float32;
  return fits ? binary : nullptr;
}

std::pair<ValueId, ValueId> operands(const Rewriter& graph, ValueId id) {
  const ir::Node& node = graph.node(graph.producer(id));
  return {node.inputs[0], node.inputs[1]};
}

ValueId inputOf(const Rewriter& graph, ValueId id, ops::UnaryFn fn) {
  const auto* unary = graph.producedBy<ops::Unary>(id);
  return unary && unary->fn == fn ? graph.node(graph.producer(id)).inputs[0] : kNoValue;
}

std::optional<std::pair<ValueId, double>> shiftedBy(const Rewriter& graph, ValueId id) {
  if (binaryOf(graph, id, BinaryFn::Add)) {
    const auto [a, b] = operands(graph, id);
    if (const auto c = scalarConstant(graph, b)) return std::pair{a, *c};
    if (const auto c = scalarConstant(graph, a)) return std::pair{b, *c};
  }
  if (binaryOf(graph, id, BinaryFn::Sub)) {
    const auto [a, b] = operands(graph, id);
    if (const auto c = scalarConstant(graph, b)) return std::pair{a, -*c};
  }
  return std::nullopt;
}

namespace {

void multiplyOut(const Rewriter& graph, ValueId id, bool root, Product& product) {
  if (const auto c = scalarConstant(graph, id)) {
    product.scale *= *c;
    return;
  }
  if (root || graph.readOnce(id)) {
    if (binaryOf(graph, id, BinaryFn::Mul)) {
      const auto [a, b] = operands(graph, id);
      multiplyOut(graph, a, false, product);
      multiplyOut(graph, b, false, product);
      return;
    }
    if (binaryOf(graph, id, BinaryFn::Div)) {
      const auto [a, b] = operands(graph, id);
      if (const auto divisor = scalarConstant(graph, b)) {
        product.scale /= *divisor;
        return multiplyOut(graph, a, false, product);
      }
    }
  }
  product.factors.push_back(id);
}

}  // namespace

Product factorsOf(const Rewriter& graph, ValueId id) {
  Product product;
  multiplyOut(graph, id, true, product);
  return product;
}

bool becomeUnary(Rewriter& graph, int n, ValueId x, ops::UnaryFn fn, float alpha, float beta) {
  if (graph.value(x).type != graph.value(graph.node(n).outputs[0]).type) return false;
  auto op = std::make_unique<ops::Unary>();
  op->fn = fn;
  op->alpha = alpha;
  op->beta = beta;
  graph.replace(n, std::move(op), {x}, graph.node(n).source);
  return true;
}

}  // namespace minnow::passes
