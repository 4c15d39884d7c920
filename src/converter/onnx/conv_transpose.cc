// ConvTranspose: padding resolved from auto_pad and output_shape.
#include "ops/conv_transpose.h"

#include <algorithm>

#include "converter/onnx/node_context.h"
#include "converter/onnx/window.h"

namespace minnow::converter {
namespace {

std::vector<int64_t> outputPaddingOf(const NodeContext& node, size_t spatial) {
  std::vector<int64_t> padding = node.integers("output_padding");
  if (padding.empty()) padding.assign(spatial, 0);
  if (padding.size() != spatial) node.broken("output_padding has the wrong length");
  return padding;
}

/// output_shape, which some exporters write with the batch and channel axes in front; empty if
/// absent. The SAME modes imply input * stride.
std::vector<int64_t> wantedShape(const NodeContext& node, const Window& window) {
  std::vector<int64_t> wanted = node.integers("output_shape");
  const size_t spatial = window.kernel.size();
  if (wanted.size() == spatial + 2) wanted.erase(wanted.begin(), wanted.begin() + 2);
  if (wanted.empty() && node.string("auto_pad", "NOTSET").starts_with("SAME"))
    for (size_t i = 0; i < spatial; ++i)
      wanted.push_back(node.shape(0)[static_cast<int>(i) + 2] * window.strides[i]);
  if (!wanted.empty() && wanted.size() != spatial) node.broken("output_shape has the wrong length");
  return wanted;
}

/// Shares out what has to be cut off on one axis; what has to be added goes to the end (ONNX
/// ConvTranspose, "total_padding"). Up to opset 10 the specification names the halves the other way
/// round than the SAME modes' own description, which from 11 on both follow; so do all engines.
void fitAxis(ops::ConvTranspose& op, size_t i, int64_t input, int64_t wanted, bool upper) {
  const int64_t whole = (input - 1) * op.strides[i] + (op.kernel[i] - 1) * op.dilations[i] + 1;
  const int64_t total = std::max<int64_t>(0, whole + op.outputPadding[i] - wanted);
  op.padsBegin[i] = upper ? total / 2 : total - total / 2;
  op.padsEnd[i] = total - op.padsBegin[i];
  op.outputPadding[i] = wanted - (whole - total);
}

}  // namespace

void importConvTranspose(NodeContext& node) {
  if (node.rank(0) < 3) node.broken("the input has no spatial axes");
  const Window window = readWindow(node, node.largestShape(0), node.shape(1));
  auto op = std::make_unique<ops::ConvTranspose>();
  op->kernel = window.kernel;
  op->strides = window.strides;
  op->dilations = window.dilations;
  op->padsBegin = window.padsBegin;
  op->padsEnd = window.padsEnd;
  op->groups = node.integer("group", 1);
  op->outputPadding = outputPaddingOf(node, window.kernel.size());
  const std::vector<int64_t> wanted = wantedShape(node, window);
  const bool upper = node.string("auto_pad", "NOTSET") == "SAME_UPPER";
  for (size_t i = 0; i < wanted.size(); ++i)
    fitAxis(*op, i, node.shape(0)[static_cast<int>(i) + 2], wanted[i], upper);
  std::vector<ir::ValueId> inputs{node.input(0), node.input(1)};
  if (node.hasInput(2)) inputs.push_back(node.input(2));
  node.setOutput(0, node.emit(std::move(op), inputs));
}

}  // namespace minnow::converter
