// Cast and CastLike.
#include "ops/cast.h"

#include "converter/onnx/node_context.h"
#include "ops/unary.h"

namespace minnow::converter {
namespace {

void emitCast(NodeContext& node, DataType to) {
  const ir::ValueId x = node.input(0);
  if (elementSize(to) == 0) node.unsupported("the type to cast to");
  if (node.typeOf(x).type == to) {
    const bool constant = node.isConstant(x);
    return node.setOutput(0, constant ? x : node.emit(std::make_unique<ops::Unary>(), {x}));
  }
  auto op = std::make_unique<ops::Cast>();
  op->to = to;
  node.setOutput(0, node.emit(std::move(op), {x}));
}

}  // namespace

void importCast(NodeContext& node) {
  const int64_t to = node.integer("to");
  if (to < 0 || to > static_cast<int64_t>(DataType::Uint64))
    node.unsupported("the type to cast to");
  emitCast(node, static_cast<DataType>(to));
}

void importCastLike(NodeContext& node) { emitCast(node, node.typeOf(node.input(1)).type); }

}  // namespace minnow::converter
