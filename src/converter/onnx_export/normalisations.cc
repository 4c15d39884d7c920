// Normalisations, reductions and Softmax.
#include <numeric>

#include "converter/onnx_export/node_writer.h"
#include "ops/arg_reduce.h"
#include "ops/batch_normalization.h"
#include "ops/cum_sum.h"
#include "ops/group_normalization.h"
#include "ops/layer_normalization.h"
#include "ops/lp_normalization.h"
#include "ops/lrn.h"
#include "ops/mean_variance_normalization.h"
#include "ops/reduce.h"
#include "ops/softmax.h"

namespace minnow::converter::exported {

void write(NodeWriter& w, const ops::BatchNormalization& op) {
  w.give(0, w.add("BatchNormalization", {w.x(0), w.x(1), w.x(2), w.x(3), w.x(4)})
                .set("epsilon", op.epsilon));
}

namespace {

/// A number a group as one a channel, which is what ONNX wants from opset 21 on.
Name perChannel(NodeWriter& w, int i, int64_t groups, int64_t channels) {
  if (w.type(i).shape.elements() == channels) return w.x(i);
  const int64_t column[] = {groups, 1}, spread[] = {groups, channels / groups}, row[] = {channels};
  const Name wide = w.add("Expand", {w.reshaped(w.x(i), column), w.row(spread)});
  return w.reshaped(wide, row);
}

}  // namespace

void write(NodeWriter& w, const ops::GroupNormalization& op) {
  if (op.groups == ops::GroupNormalization::kEveryChannel)
    return w.give(
        0, w.add("InstanceNormalization", {w.x(0), w.x(1), w.x(2)}).set("epsilon", op.epsilon));
  w.need(21);
  const int64_t channels = w.type(0).shape[1];
  const Name scale = perChannel(w, 1, op.groups, channels);
  const Name bias = perChannel(w, 2, op.groups, channels);
  w.give(0, w.add("GroupNormalization", {w.x(0), scale, bias})
                .set("num_groups", op.groups)
                .set("epsilon", op.epsilon));
}

/// RMSNormalization came with opset 23: its parts.
static void writeUncentred(NodeWriter& w, const ops::LayerNormalization& op) {
  if (w.wants(1) || w.wants(2)) w.refuse("the statistics of an RMSNormalization");
  std::vector<int64_t> axes(static_cast<size_t>(w.rank(0) - op.axis));
  std::iota(axes.begin(), axes.end(), op.axis);
  const Name squares = w.add("Mul", {w.x(0), w.x(0)});
  const Name mean = w.add("ReduceMean", {squares, w.row(axes)}).set("keepdims", int64_t{1});
  const Name sum = w.add("Add", {mean, w.number(op.epsilon, w.type(0).type)});
  const Name y = w.add("Div", {w.x(0), w.add("Sqrt", {sum})});
  const Name scaled = w.add("Mul", {y, w.x(1)});
  w.give(0, w.has(2) ? Name(w.add("Add", {scaled, w.x(2)})) : scaled);
}

void write(NodeWriter& w, const ops::LayerNormalization& op) {
  if (!op.centred) return writeUncentred(w, op);
  const int outputs = w.wants(2) ? 3 : w.wants(1) ? 2 : 1;
  Added y = w.add("LayerNormalization", {w.x(0), w.x(1), w.x(2)}, outputs);
  y.set("axis", op.axis).set("epsilon", op.epsilon);
  for (int i = 0; i < outputs; ++i) w.give(i, y.output(i));
}

void write(NodeWriter& w, const ops::MeanVarianceNormalization& op) {
  w.give(0, w.add("MeanVarianceNormalization", {w.x(0)}).set("axes", op.axes));
}

void write(NodeWriter& w, const ops::LpNormalization& op) {
  w.give(0, w.add("LpNormalization", {w.x(0)}).set("axis", op.axis).set("p", op.p));
}

void write(NodeWriter& w, const ops::Lrn& op) {
  Added y = w.add("LRN", {w.x(0)});
  y.set("size", op.size).set("alpha", op.alpha).set("beta", op.beta).set("bias", op.bias);
  w.give(0, y);
}

/// Without axes each element stands by itself.
void write(NodeWriter& w, const ops::Reduce& op) {
  Added y = w.add(ops::reduceFnName(op.fn), {w.x(0), w.row(op.axes)});
  y.set("keepdims", int64_t{op.keepDims});
  w.give(0, y.set("noop_with_empty_axes", int64_t{1}));
}

void write(NodeWriter& w, const ops::ArgReduce& op) {
  Added y = w.add(op.max ? "ArgMax" : "ArgMin", {w.x(0)});
  y.set("axis", op.axis).set("keepdims", int64_t{op.keepDims});
  w.give(0, y.set("select_last_index", int64_t{op.selectLast}));
}

void write(NodeWriter& w, const ops::CumSum& op) {
  Added y = w.add("CumSum", {w.x(0), w.integer(op.axis)});
  w.give(0, y.set("exclusive", int64_t{op.exclusive}).set("reverse", int64_t{op.reverse}));
}

namespace {

/// Any zero point does: it moves all elements alike.
void writeBytes(NodeWriter& w, const ops::Softmax& op) {
  if (!w.has(3)) w.refuse("TensorFlow Lite's Softmax of integers");
  const Name x = w.add("DequantizeLinear", {w.x(0), w.x(1), w.small(0, w.type(0).type)});
  const Name y = w.add("Softmax", {x}).set("axis", op.axis);
  w.give(0, w.add("QuantizeLinear", {y, w.x(3), w.x(2)}));
}

}  // namespace

/// What opset 12 and before normalised over, an axis and all that follow it, is a row.
void write(NodeWriter& w, const ops::Softmax& op) {
  if (w.has(2)) return writeBytes(w, op);
  const bool isRow = op.trailing && op.axis + 1 < w.rank(0);
  if (!isRow) return w.give(0, w.add(op.name().c_str(), {w.x(0)}).set("axis", op.axis));
  const Name rows = w.add("Flatten", {w.x(0)}).set("axis", op.axis);
  const Name y = w.add(op.name().c_str(), {rows}).set("axis", int64_t{1});
  w.give(0, w.add("Reshape", {y, w.add("Shape", {w.x(0)})}));
}

}  // namespace minnow::converter::exported
