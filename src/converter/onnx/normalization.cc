// Normalisations, at inference.
#include "converter/onnx/axes.h"
#include "converter/onnx/node_context.h"
#include "ops/batch_normalization.h"
#include "ops/group_normalization.h"
#include "ops/layer_normalization.h"
#include "ops/lp_normalization.h"
#include "ops/lrn.h"
#include "ops/mean_variance_normalization.h"

namespace minnow::converter {

/// Below opset 14 a node trains if it names further outputs. Below 9, spatial = 0 asks for
/// statistics of each element of a map, which differs where there are maps.
void importBatchNormalization(NodeContext& node) {
  if (node.opset() >= 14 && node.integer("training_mode", 0) != 0)
    node.unsupported("training_mode (export the model for inference)");
  for (int i = 1; i < node.outputs(); ++i)
    if (node.wantsOutput(i))
      node.unsupported(
          "the training form with outputs beyond the first (export the model for "
          "inference)");
  if (node.opset() < 9 && node.integer("spatial", 1) == 0 && node.rank(0) > 2)
    node.unsupported("spatial = 0, statistics of each element of a map,");
  auto op = std::make_unique<ops::BatchNormalization>();
  op->epsilon = node.number("epsilon", 1e-5f);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1), node.input(2),
                                              node.input(3), node.input(4)}));
}

void importInstanceNormalization(NodeContext& node) {
  if (node.rank(0) < 3) node.broken("the input has no spatial axes");
  auto op = std::make_unique<ops::GroupNormalization>();
  op->groups = ops::GroupNormalization::kEveryChannel;
  op->epsilon = node.number("epsilon", 1e-5f);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1), node.input(2)}));
}

/// Opset 18 gives a scale and a bias for each group, opset 21 for each channel; the operator sees
/// which from their shape.
void importGroupNormalization(NodeContext& node) {
  auto op = std::make_unique<ops::GroupNormalization>();
  op->groups = node.integer("num_groups");
  op->epsilon = node.number("epsilon", 1e-5f);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1), node.input(2)}));
}

void importLayerNormalization(NodeContext& node) {
  auto op = std::make_unique<ops::LayerNormalization>();
  op->axis = axisOf(node, node.integer("axis", -1), node.rank(0));
  op->epsilon = node.number("epsilon", 1e-5f);
  std::vector<ir::ValueId> inputs{node.input(0), node.input(1)};
  if (node.inputs() > 2 && node.hasInput(2)) inputs.push_back(node.input(2));
  const int outputs = std::max(1, node.outputs());
  const auto results = node.emitMany(std::move(op), inputs, outputs);
  for (int i = 0; i < outputs; ++i)
    if (node.wantsOutput(i)) node.setOutput(i, results[static_cast<size_t>(i)]);
}

void importRmsNormalization(NodeContext& node) {
  auto op = std::make_unique<ops::LayerNormalization>();
  op->axis = axisOf(node, node.integer("axis", -1), node.rank(0));
  op->epsilon = node.number("epsilon", 1e-5f);
  op->centred = false;
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1)}));
}

void importMeanVarianceNormalization(NodeContext& node) {
  auto op = std::make_unique<ops::MeanVarianceNormalization>();
  op->axes = node.integers("axes", {0, 2, 3});
  for (int64_t& axis : op->axes) axis = axisOf(node, axis, node.rank(0));
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importLpNormalization(NodeContext& node) {
  auto op = std::make_unique<ops::LpNormalization>();
  op->axis = axisOf(node, node.integer("axis", -1), node.rank(0));
  op->p = node.integer("p", 2);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importLrn(NodeContext& node) {
  auto op = std::make_unique<ops::Lrn>();
  op->size = node.integer("size");
  op->alpha = node.number("alpha", 1e-4f);
  op->beta = node.number("beta", 0.75f);
  op->bias = node.number("bias", 1.0f);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

}  // namespace minnow::converter
