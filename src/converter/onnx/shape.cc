// Shape and Size. Both are constants for the converted shapes, and say how they follow from them;
// where data decide an extent, they are computed in the run.
#include "ops/shape_of.h"

#include "converter/onnx/node_context.h"
#include "ops/reduce.h"

namespace minnow::converter {

void importShape(NodeContext& node) {
  auto op = std::make_unique<ops::ShapeOf>();
  op->start = node.integer("start", 0);
  op->end = node.integer("end", op->end);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importSize(NodeContext& node) {
  auto product = std::make_unique<ops::Reduce>();
  product->fn = ops::ReduceFn::Prod;
  product->axes = {0};
  product->keepDims = false;
  const ir::ValueId extents = node.emit(std::make_unique<ops::ShapeOf>(), {node.input(0)});
  node.setOutput(0, node.emit(std::move(product), {extents}));
}

}  // namespace minnow::converter
