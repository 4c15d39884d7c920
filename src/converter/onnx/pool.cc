// MaxPool, AveragePool, LpPool and their global forms. Later opsets only add attributes
// (count_include_pad in 7, storage_order in 8, ceil_mode and dilations from 10 on), whose defaults
// are the older behaviour.
#include "ops/pool.h"

#include "converter/onnx/node_context.h"
#include "converter/onnx/window.h"

namespace minnow::converter {
namespace {

ops::PoolFn functionOf(const std::string& type) {
  if (type.ends_with("MaxPool")) return ops::PoolFn::Max;
  return type.ends_with("AveragePool") ? ops::PoolFn::Average : ops::PoolFn::Lp;
}

}  // namespace

void importPool(NodeContext& node) {
  auto op = std::make_unique<ops::Pool>();
  op->fn = functionOf(node.type());
  static_cast<ops::WindowAttributes&>(*op) = readWindow(node, Shape{});
  // With auto_pad the output's extent is given by its own formulas, which never round up further.
  const std::string mode = node.string("auto_pad", "NOTSET");
  op->ceilMode = node.integer("ceil_mode", 0) != 0 && (mode == "NOTSET" || mode.empty());
  op->countIncludePad = node.integer("count_include_pad", 0) != 0;
  op->p = node.integer("p", 2);
  op->columnMajor = node.integer("storage_order", 0) != 0;
  op->indices = node.wantsOutput(1);
  const auto results = node.emitMany(std::move(op), {node.input(0)}, node.wantsOutput(1) ? 2 : 1);
  for (size_t i = 0; i < results.size(); ++i) node.setOutput(static_cast<int>(i), results[i]);
}

void importGlobalPool(NodeContext& node) {
  auto op = std::make_unique<ops::Pool>();
  op->fn = functionOf(node.type());
  op->global = true;
  op->p = node.integer("p", 2);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace minnow::converter
