// Expand, Tile and ConstantOfShape.
#include "ops/expand.h"

#include <algorithm>

#include "converter/onnx/node_context.h"
#include "ops/reshape.h"

namespace minnow::converter {

void importExpand(NodeContext& node) {
  auto op = std::make_unique<ops::Expand>();
  op->shape = node.settingInts(*op, "shape", 1);
  const Shape& x = node.largestShape(0);
  const bool fromOne = std::ranges::count(x, 1) == x.rank();
  const ir::ValueId value = node.emit(std::move(op), {node.input(0)});
  if (fromOne && node.typeOf(value).shape.rank() == node.typeOf(node.input(1)).shape.elements())
    node.noteAxes(value, node.input(1));
  node.setOutput(0, value);
}

void importTile(NodeContext& node) {
  auto op = std::make_unique<ops::Tile>();
  op->repeats = node.settingInts(*op, "repeats", 1);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

/// One element repeated, so that a large result need not be stored in the file.
void importConstantOfShape(NodeContext& node) {
  auto op = std::make_unique<ops::Expand>();
  op->shape = node.settingInts(*op, "shape", 0);
  ir::ValueId value = node.has("value") ? node.tensor("value") : node.constantFloat(0);
  if (node.typeOf(value).shape.elements() != 1) node.broken("'value' is not one element");
  auto scalar = std::make_unique<ops::Reshape>();  // the tensor is given with rank 1
  value = node.emit(std::move(scalar), {value});
  for (int64_t extent : op->shape)
    if (extent < 0) node.broken("a negative extent");
  value = node.emit(std::move(op), {value});
  node.noteAxes(value, node.input(0));
  node.setOutput(0, value);
}

}  // namespace minnow::converter
