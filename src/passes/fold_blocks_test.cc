// fold-blocks: convolutions over pixels give the bytes of those over blocks of them, and what is left alone.
#include <algorithm>
#include <numeric>

#include "ops/depth_space.h"
#include "ops/gather.h"
#include "ops/quantize.h"
#include "ops/quantized.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"

namespace minnow::passes {

Result<int> foldBlocks(ir::Graph&, sizes::Budget&);

namespace {

using ir::ValueId;

/// A Focus of random shape: QuantizeLinear, SpaceToDepth, Gather, QuantizedConv.
struct Focus {
  int64_t block = 2, channels = 3, kernel = 3, stride = 1, pad = 1, groups = 1;
  ops::DepthOrder order = ops::DepthOrder::DepthFirst;
  bool reorders = true, repeats = false, isReadTwice = false;
  bool slices = false;      ///< in place of SpaceToDepth
  int64_t end = INT64_MAX;  ///< of slices

  explicit Focus(unsigned seed = 0) : b_(seed) {
    const auto pick = [&](int64_t most) {
      return static_cast<int64_t>(b_.generator()() % static_cast<unsigned>(most));
    };
    if (seed == 0) return;
    block = 1 + pick(4), channels = 1 + pick(4), kernel = 1 + pick(3), stride = 1 + pick(2);
    pad = pick(3), reorders = pick(3) > 0, slices = block > 1 && pick(2) > 0;
    order = pick(2) ? ops::DepthOrder::DepthFirst : ops::DepthOrder::ColumnFirst;
  }

  ir::Graph build() {
    const int64_t all = channels * block * block;
    ops::SpaceToDepth blocks;
    blocks.block = block, blocks.order = order;
    ops::QuantizeLinear quantise;
    const ValueId bytes =
        b_.add(quantise, {b_.input({2, channels, 4 * block, 5 * block}), b_.scalar(1 / 32.0F),
                          constant<uint8_t>(DataType::Uint8, {}, {117})});
    ValueId x = slices ? sliced(bytes) : b_.add(blocks, {bytes});
    if (reorders) {
      ops::Gather gather;
      gather.axis = 1;
      x = b_.add(gather, {x, constant(DataType::Int64, {all}, shuffled(all))});
    }
    const ValueId factor = b_.scalar(1 / 4096.0F);
    const ValueId y =
        b_.add(conv(), {x, weights({6, all / groups, kernel, kernel}), ir::kNoValue, factor});
    b_.output(b_.add(ops::DequantizeLinear(), {y, b_.scalar(1 / 16.0F)}));
    if (isReadTwice) b_.output(b_.add(ops::DequantizeLinear(), {x, b_.scalar(1 / 16.0F)}));
    return std::move(b_.graph);
  }

 private:
  /// As YOLOX has it: rows, then columns of them; joined from the last to the first.
  ValueId sliced(ValueId x) {
    std::vector<ValueId> parts;
    for (int64_t place = block * block; place-- > 0;) {
      ops::Slice rows, columns;
      rows.starts = {place / block}, columns.starts = {place % block};
      rows.axes = {2}, columns.axes = {-1};
      rows.steps = columns.steps = {block}, rows.ends = columns.ends = {end};
      parts.push_back(b_.add(columns, {b_.add(rows, {x})}));
    }
    if (repeats) parts[0] = parts[1];
    ops::Concat join;
    join.axis = 1;
    return b_.add(join, parts);
  }
  ops::QuantizedConv conv() const {
    ops::QuantizedConv op;
    static_cast<ops::WindowAttributes&>(op) = convOf(kernel, stride, pad);
    op.groups = groups, op.xZero = 117, op.y = ops::QuantisedResult::of(DataType::Uint8, 101);
    return op;
  }
  template <class T>
  ValueId constant(DataType type, const Shape& shape, const std::vector<T>& elements) {
    return b_.graph.addValue({.name = "c",
                              .type = {type, shape},
                              .constant = ir::makeConstant(std::as_bytes(std::span(elements)))});
  }
  std::vector<int64_t> shuffled(int64_t count) {
    std::vector<int64_t> order(static_cast<size_t>(count));
    std::iota(order.begin(), order.end(), 0);
    std::shuffle(order.begin(), order.end(), b_.generator());
    if (repeats) order[0] = order[1];
    order.back() -= order.back() >= 0 ? count : 0;  // from the end
    return order;
  }
  ValueId weights(const Shape& shape) {
    std::vector<int8_t> w(static_cast<size_t>(shape.elements()));
    for (int8_t& one : w) one = static_cast<int8_t>(b_.generator()());
    const ValueId id = constant(DataType::Int8, shape, w);
    const float scale = 0.25F;
    const int32_t zero = 0;
    b_.graph.quantise(id, {{&scale, 1}, {&zero, 1}, -1});
    return id;
  }

  GraphBuilder b_;
};

int blocksFolded(ir::Graph& graph) {
  sizes::Budget budget;
  const auto changes = foldBlocks(graph, budget);
  graph.removeDead();
  EXPECT_TRUE(changes && graph.verify());
  return changes.value_or(-1);
}

TEST(FoldBlocks, GivesTheSameBytes) {
  for (unsigned seed = 1; seed < 60; ++seed) {
    SCOPED_TRACE(seed);
    ir::Graph graph = Focus(seed).build();
    const ir::Graph before = graph.clone();
    EXPECT_EQ(blocksFolded(graph), 1);
    EXPECT_EQ(kinds(graph), "QuantizeLinear QuantizedConv DequantizeLinear");
    EXPECT_TRUE(graph.quantisationOf(graph.nodes[1].inputs[1])) << "of the weights";
    expectSameResults(before, graph, seed);  // steps of 1/16: nearly the same are the same
  }
}

TEST(FoldBlocks, PixelsThatFillNoBlockAreRefusedAsBefore) {
  ir::Graph graph = Focus().build();
  EXPECT_EQ(blocksFolded(graph), 1);
  const ir::Node& conv = graph.nodes[1];
  std::vector<TensorType> types = graph.inputTypes(conv);
  types[0].shape[2] += 2;
  EXPECT_TRUE(conv.op->inferShape(types));
  ++types[0].shape[2];
  EXPECT_FALSE(conv.op->inferShape(types));
}

TEST(FoldBlocks, LeavesAlone) {
  Focus grouped, repeated, readTwice, partTwice, ending;
  grouped.groups = 3, repeated.repeats = true, readTwice.isReadTwice = true;
  partTwice.slices = partTwice.repeats = true, partTwice.reorders = false;
  ending.slices = true, ending.end = 10;  // of another size it would be another part
  for (Focus* focus : {&grouped, &repeated, &readTwice, &partTwice, &ending}) {
    ir::Graph graph = focus->build();
    EXPECT_EQ(blocksFolded(graph), 0);
  }
}

}  // namespace
}  // namespace minnow::passes
