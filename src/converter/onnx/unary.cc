// Elementwise functions of one tensor.
#include "ops/unary.h"

#include <limits>

#include "converter/onnx/node_context.h"
#include "ops/binary.h"
#include "ops/cast.h"

namespace minnow::converter {
namespace {

using ops::UnaryFn;

ir::ValueId unary(NodeContext& node, UnaryFn fn, ir::ValueId x, float alpha = 0, float beta = 0) {
  auto op = std::make_unique<ops::Unary>();
  op->fn = fn;
  op->alpha = alpha;
  op->beta = beta;
  return node.emit(std::move(op), {x});
}

void emitUnary(NodeContext& node, UnaryFn fn, float alpha = 0, float beta = 0) {
  node.setOutput(0, unary(node, fn, node.input(0), alpha, beta));
}

ir::ValueId binary(NodeContext& node, ops::BinaryFn fn, ir::ValueId a, ir::ValueId b) {
  auto op = std::make_unique<ops::Binary>();
  op->fn = fn;
  return node.emit(std::move(op), {a, b});
}

bool isFloat32(const NodeContext& node, ir::ValueId id) {
  return node.typeOf(id).type == DataType::Float32;
}

/// A bound of Clip that is known for all sizes: absent (`otherwise`) or a constant float32.
std::optional<float> knownBound(const NodeContext& node, int i, float otherwise) {
  if (!node.hasInput(i)) return otherwise;
  if (!isFloat32(node, node.input(i)) || !node.isConstant(node.input(i)) ||
      node.follows(node.input(i)))
    return std::nullopt;
  const std::vector<float> values = node.constantFloats(i);
  if (values.size() != 1) node.broken("a bound of Clip has more than one element");
  return values[0];
}

}  // namespace

/// Functions without parameters; ONNX and we use the same names.
void importUnary(NodeContext& node) {
  for (int i = 0; i < static_cast<int>(UnaryFn::kCount); ++i)
    if (node.type() == ops::unaryFnName(static_cast<UnaryFn>(i)))
      return emitUnary(node, static_cast<UnaryFn>(i));
  node.unsupported("this function");
}

void importHardSigmoid(NodeContext& node) {
  emitUnary(node, UnaryFn::HardSigmoid, node.number("alpha", 0.2f), node.number("beta", 0.5f));
}
void importLeakyRelu(NodeContext& node) {
  emitUnary(node, UnaryFn::LeakyRelu, node.number("alpha", 0.01f));
}
void importElu(NodeContext& node) { emitUnary(node, UnaryFn::Elu, node.number("alpha", 1.0f)); }
void importCelu(NodeContext& node) {
  const float alpha = node.number("alpha", 1.0f);
  if (alpha == 0) node.broken("alpha is 0, by which the formula divides");
  emitUnary(node, UnaryFn::Celu, alpha);
}
void importSelu(NodeContext& node) {
  emitUnary(node, UnaryFn::Selu, node.number("alpha", 1.67326319217681884765625f),
            node.number("gamma", 1.05070102214813232421875f));
}
void importSwish(NodeContext& node) { emitUnary(node, UnaryFn::Swish, node.number("alpha", 1.0f)); }
void importThresholdedRelu(NodeContext& node) {
  emitUnary(node, UnaryFn::ThresholdedRelu, node.number("alpha", 1.0f));
}
void importShrink(NodeContext& node) {
  emitUnary(node, UnaryFn::Shrink, node.number("lambd", 0.5f), node.number("bias", 0.0f));
}

void importGelu(NodeContext& node) {
  const std::string how = node.string("approximate", "none");
  if (how != "none" && how != "tanh") node.broken("approximate is neither none nor tanh");
  emitUnary(node, how == "tanh" ? UnaryFn::GeluTanh : UnaryFn::Gelu);
}

void importIsInf(NodeContext& node) {
  emitUnary(node, UnaryFn::IsInf, static_cast<float>(node.integer("detect_negative", 1) != 0),
            static_cast<float>(node.integer("detect_positive", 1) != 0));
}

/// Before opset 11 the bounds are attributes, from then on inputs. Constant float32 bounds become
/// attributes again; others a maximum and a minimum.
void importClip(NodeContext& node) {
  constexpr float kMost = std::numeric_limits<float>::max();
  constexpr float kInfinity = std::numeric_limits<float>::infinity();
  if (node.opset() < 11)
    return emitUnary(node, UnaryFn::Clip, node.number("min", -kMost), node.number("max", kMost));
  if (isFloat32(node, node.input(0))) {
    const auto low = knownBound(node, 1, -kInfinity), high = knownBound(node, 2, kInfinity);
    if (low && high) return emitUnary(node, UnaryFn::Clip, *low, *high);
  }
  ir::ValueId y = node.input(0);
  if (node.hasInput(1)) y = binary(node, ops::BinaryFn::Max, y, node.input(1));
  if (node.hasInput(2)) y = binary(node, ops::BinaryFn::Min, y, node.input(2));
  if (y == node.input(0)) y = unary(node, UnaryFn::Identity, y);
  node.setOutput(0, y);
}

/// A constant passes as it is; anything else gets a name of its own, in the same memory.
void importIdentity(NodeContext& node) {
  const ir::ValueId x = node.input(0);
  node.setOutput(0, node.isConstant(x) ? x : unary(node, UnaryFn::Identity, x));
}

namespace {

ir::ValueId castTo(NodeContext& node, DataType type, ir::ValueId x) {
  auto op = std::make_unique<ops::Cast>();
  op->to = type;
  return node.emit(std::move(op), {x});
}

/// Dropout's mask, true throughout: computed from x, not a constant, so that it has x's shape when
/// the model's input is resized. Before opset 10 it has x's type.
ir::ValueId allKept(NodeContext& node, ir::ValueId x) {
  const DataType type = node.typeOf(x).type;
  const ir::ValueId any = castTo(node, DataType::Bool, x);
  auto equal = std::make_unique<ops::Binary>();
  equal->fn = ops::BinaryFn::Equal;
  const ir::ValueId kept = node.emit(std::move(equal), {any, any});
  return node.opset() < 10 ? castTo(node, type, kept) : kept;
}

}  // namespace

/// Inference: nothing is dropped.
void importDropout(NodeContext& node) {
  if (node.opset() < 7 && node.integer("is_test", 0) == 0)
    node.unsupported("is_test = 0, which drops at random (export the model for inference),");
  if (node.opset() >= 12 && node.hasInput(2)) {
    const std::vector<int64_t> training = node.constantInts(2);
    const bool drops = !node.hasInput(1) || node.constantFloats(1) != std::vector<float>{0};
    if (!training.empty() && training[0] && drops) node.unsupported("training mode");
  }
  importIdentity(node);
  if (node.wantsOutput(1)) node.setOutput(1, allKept(node, node.input(0)));
}

}  // namespace minnow::converter
