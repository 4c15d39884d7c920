// fold-blocks: the rearrangement of pixels before the first convolution (Focus: every second pixel of
// every second row, four times, joined; or a SpaceToDepth; and a Gather that orders channels) goes
// into that convolution's weights: a 3x3 window over blocks of 2x2 pixels is one of 6x6 pixels with
// twice the stride. In integers alone, whose sums have no order.
#include <algorithm>
#include <utility>

#include "ops/concat.h"
#include "ops/depth_space.h"
#include "ops/gather.h"
#include "ops/quantized.h"
#include "ops/slice.h"
#include "passes/match.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::ValueId;

/// A tensor whose channel k is, pixel by pixel, element from[k] of x's blocks: (row, column, channel).
struct Blocks {
  ValueId x;
  int64_t block;
  std::vector<int64_t> from;
};

bool isForOne(const Rewriter& graph, int n) {
  return n >= 0 && graph.node(n).settings.empty() && graph.onlyReader(n) >= 0;
}

/// Rows start, start + step, … of a tensor, and such columns.
struct Part {
  ValueId x;
  std::array<int64_t, 2> start{0, 0}, step{1, 1};
};

/// Of slices that go to the end of an axis whatever its extent.
std::optional<Part> partOf(const Rewriter& graph, ValueId id) {
  Part part{id};
  while (const auto* slice = graph.producedBy<ops::Slice>(part.x)) {
    const ir::Node& node = graph.node(graph.producer(part.x));
    if (slice->exact || !node.settings.empty()) return std::nullopt;
    for (size_t i = 0; i < slice->axes.size(); ++i) {
      const int64_t axis = slice->axes[i] < 0 ? slice->axes[i] + 2 : slice->axes[i] - 2;
      if (axis < 0 || slice->starts[i] < 0 || slice->steps[i] < 1 || slice->ends[i] < INT32_MAX)
        return std::nullopt;
      const auto a = static_cast<size_t>(axis);
      part.start[a] = slice->starts[i] + slice->steps[i] * part.start[a];
      part.step[a] *= slice->steps[i];
    }
    part.x = node.inputs[0];
  }
  return part;
}

/// Parts of one tensor that have all of its pixels, side by side as channels.
std::optional<Blocks> joinedParts(const Rewriter& graph, ValueId id) {
  const auto* op = graph.producedBy<ops::Concat>(id);
  if (!op || !isForOne(graph, graph.producer(id)) || (op->axis != 1 && op->axis != -3) ||
      graph.value(id).type.shape.rank() != 4)
    return std::nullopt;
  std::vector<Part> parts;
  Blocks blocks{ir::kNoValue, 0, {}};
  for (const ValueId input : graph.node(graph.producer(id)).inputs) {
    const auto part = partOf(graph, input);
    if (!part) return std::nullopt;
    if (parts.empty()) blocks.x = part->x, blocks.block = part->step[0];
    const int64_t b = blocks.block, channels = graph.value(input).type.shape[1];
    if (part->x != blocks.x || part->step != std::array{b, b} || std::ranges::max(part->start) >= b)
      return std::nullopt;
    for (int64_t c = 0; c < channels; ++c)
      blocks.from.push_back((part->start[0] * b + part->start[1]) * channels + c);
    parts.push_back(*part);
  }
  std::ranges::sort(parts, {}, &Part::start);
  const bool areApart = std::ranges::adjacent_find(parts, {}, &Part::start) == parts.end();
  if (!areApart || std::cmp_not_equal(parts.size(), blocks.block * blocks.block))
    return std::nullopt;
  return blocks;
}

std::optional<Blocks> blocksOf(const Rewriter& graph, ValueId id) {
  const auto* op = graph.producedBy<ops::SpaceToDepth>(id);
  if (!op) return joinedParts(graph, id);
  if (!isForOne(graph, graph.producer(id))) return std::nullopt;
  Blocks blocks{graph.node(graph.producer(id)).inputs[0], op->block, {}};
  const int64_t all = graph.value(id).type.shape[1], places = op->block * op->block;
  for (int64_t k = 0; k < all; ++k)
    blocks.from.push_back(
        op->order == ops::DepthOrder::DepthFirst ? k : k % places * (all / places) + k / places);
  return blocks;
}

/// Channels in another order, each once.
std::optional<Blocks> reordered(const Rewriter& graph, ValueId id) {
  const auto* gather = graph.producedBy<ops::Gather>(id);
  if (!gather || !isForOne(graph, graph.producer(id))) return blocksOf(graph, id);
  const ir::Node& node = graph.node(graph.producer(id));
  const ir::Value& indices = graph.value(node.inputs[1]);
  auto blocks = blocksOf(graph, node.inputs[0]);
  if (!blocks || (gather->axis != 1 && gather->axis != -3) || !indices.isFixed() ||
      !indices.isPlain() || indices.type != TensorType{DataType::Int64, indices.type.shape} ||
      indices.type.shape.rank() != 1)
    return std::nullopt;
  const auto count = static_cast<int64_t>(blocks->from.size());
  std::vector<int64_t> from, each(blocks->from.size(), 0);
  for (const int64_t index : indices.elements<int64_t>()) {
    const int64_t k = index < 0 ? index + count : index;
    if (k < 0 || k >= count || each[static_cast<size_t>(k)]++) return std::nullopt;
    from.push_back(blocks->from[static_cast<size_t>(k)]);
  }
  if (from.size() != each.size()) return std::nullopt;
  blocks->from = std::move(from);
  return blocks;
}

/// w [O, block² * C, height, width] over blocks as [O, C, height * block, width * block] over pixels.
std::vector<std::byte> overPixels(const ir::Value& w, const Blocks& blocks) {
  const Shape& shape = w.type.shape;
  const int64_t b = blocks.block, channels = shape[1] / (b * b), height = shape[2],
                width = shape[3];
  const auto weights = w.elements<int8_t>();
  std::vector<std::byte> moved(weights.size());
  size_t i = 0;
  for (int64_t o = 0; o < shape[0]; ++o)
    for (const int64_t from : blocks.from) {
      const int64_t row = from / channels / b, column = from / channels % b, c = from % channels;
      for (int64_t y = 0; y < height; ++y)
        for (int64_t x = 0; x < width; ++x, ++i)
          moved[static_cast<size_t>(((o * channels + c) * height * b + y * b + row) * width * b +
                                    x * b + column)] = static_cast<std::byte>(weights[i]);
    }
  return moved;
}

/// The convolution over pixels of the one over blocks.
ops::QuantizedConv overPixels(ops::QuantizedConv conv, int64_t block) {
  for (auto* numbers : {&conv.kernel, &conv.strides, &conv.padsBegin, &conv.padsEnd})
    for (int64_t& n : *numbers) n *= block;
  conv.xBlock = block;
  return conv;
}

bool foldInto(Rewriter& graph, int n) {
  const ir::Node& node = graph.node(n);
  const auto* conv = node.as<ops::QuantizedConv>();
  if (!conv || conv->groups != 1 || conv->xBlock != 1 || conv->autoPad != ops::AutoPad::None ||
      conv->dilations != std::vector<int64_t>(2, 1))
    return false;
  const ir::Value& w = graph.value(node.inputs[1]);
  const auto blocks = reordered(graph, node.inputs[0]);
  if (!blocks || !w.isFixed() || !w.isPlain()) return false;
  auto op = std::make_unique<ops::QuantizedConv>(overPixels(*conv, blocks->block));
  const int64_t b = blocks->block;
  const Shape& shape = w.type.shape;
  const TensorType type{w.type.type, {shape[0], shape[1] / (b * b), shape[2] * b, shape[3] * b}};
  std::vector<TensorType> types = graph.graph().inputTypes(node);
  types[0] = graph.value(blocks->x).type, types[1] = type;
  const auto given = op->inferShape(types);
  if (!given || given->front() != graph.value(node.outputs[0]).type) return false;
  std::vector<ValueId> inputs = node.inputs;
  inputs[0] = blocks->x;
  inputs[1] =
      graph.addValue({.name = w.name,
                      .type = type,
                      .quantisation = w.quantisation,  // of all, or along the outputs, which stay
                      .constant = ir::makeConstant(overPixels(w, *blocks))});
  graph.replace(n, std::move(op), std::move(inputs), node.source);
  return true;
}

}  // namespace

Result<int> foldBlocks(ir::Graph& graph, sizes::Budget&) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) changes += foldInto(rewriter, n);
  return changes;
}

}  // namespace minnow::passes
