// Views against copies: for random shapes and storages, viewOf must address the elements that the
// kernel would have copied; and padding against the definition.
#include <gtest/gtest.h>

#include <numeric>
#include <random>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "ops/expand.h"
#include "ops/pad.h"
#include "ops/relayout.h"
#include "ops/reshape.h"
#include "ops/slice.h"
#include "ops/split.h"
#include "ops/transpose.h"

namespace minnow::kernels::reference {
namespace {

using Random = std::mt19937;

int64_t pick(Random& random, int64_t low, int64_t high) {
  return std::uniform_int_distribution<int64_t>(low, high)(random);
}

Shape randomShape(Random& random) {
  Shape shape;
  const int64_t rank = pick(random, 0, 5);
  for (int64_t i = 0; i < rank; ++i) shape.push_back(pick(random, 1, 4) * pick(random, 1, 2));
  return shape;
}

/// Plain, channels-last, gapped, or the axes in any order.
ops::Storage randomStorage(Random& random, const Shape& shape) {
  const int64_t offset = pick(random, 0, 3);
  const int64_t kind = pick(random, 0, 3);
  if (kind == 0) return {plainStrides(shape), offset};
  if (kind == 1) return {channelsLastStrides(shape), offset};
  if (kind == 2 && shape.rank() >= 3) return {channelsLastStrides(shape, shape[1] + 3), offset};
  std::vector<int> order(shape.rank());
  std::iota(order.begin(), order.end(), 0);
  std::shuffle(order.begin(), order.end(), random);
  ops::Storage storage{{}, offset};
  int64_t step = 1;
  for (int axis : order) {
    storage.strides[axis] = step;
    step *= shape[axis] + pick(random, 0, 1);
  }
  return storage;
}

/// A buffer whose element at offset i is i.
struct Buffer {
  explicit Buffer(int64_t size) : elements(size) {
    std::iota(elements.begin(), elements.end(), int64_t{0});
  }
  std::vector<int64_t> elements;
};

std::vector<int64_t> flatten(const TensorView& view) {
  std::vector<int64_t> out;
  forEachIndex(view.shape, [&](const auto& index) {
    out.push_back(view.as<int64_t>()[offsetOf(index, view.strides, view.shape.rank())]);
  });
  return out;
}

/// Runs the operator on a random storage of `shape` and compares every output with its view, if
/// there is one. Returns how many views there were.
int compare(const ops::Operator& op, const Shape& shape, Random& random) {
  const TensorType type{DataType::Int64, shape};
  const auto types = op.inferShape(std::span(&type, 1));
  if (!types) return 0;
  const ops::Storage storage = randomStorage(random, shape);
  Buffer buffer(60000);
  const TensorView x{{type.type, shape, storage.strides}, buffer.elements.data() + storage.offset};
  std::vector<std::vector<int64_t>> results;
  std::vector<TensorView> outputs;
  for (const TensorType& out : *types) {
    results.emplace_back(std::max<int64_t>(out.shape.elements(), 1), -1);
    outputs.push_back({{out.type, out.shape, plainStrides(out.shape)}, results.back().data()});
  }
  base::Team team;
  EXPECT_TRUE(find(op.kind())(op, {std::span(&x, 1), outputs, {}, &team}));
  int views = 0;
  for (size_t i = 0; i < outputs.size(); ++i) {
    const auto view = op.viewOf(shape, storage, static_cast<int>(i));
    if (!view) continue;
    ++views;
    const TensorView seen{{type.type, outputs[i].shape, view->strides},
                          buffer.elements.data() + view->offset};
    EXPECT_EQ(flatten(seen), flatten(outputs[i])) << op.name() << " of " << shape.toString();
  }
  return views;
}

/// Some other shape with as many elements.
std::vector<int64_t> refactored(Random& random, int64_t elements) {
  std::vector<int64_t> dims;
  while (dims.size() < 5 && (elements > 1 || pick(random, 0, 1))) {
    int64_t factor = pick(random, 1, std::min<int64_t>(elements, 12));
    while (elements % factor) --factor;
    dims.push_back(factor);
    elements /= factor;
  }
  dims.push_back(elements);
  std::shuffle(dims.begin(), dims.end(), random);
  return dims;
}

TEST(Views, ReshapeAddressesWhatACopyHolds) {
  Random random(1);
  int views = 0;
  for (int i = 0; i < 4000; ++i) {
    const Shape shape = randomShape(random);
    ops::Reshape op;
    op.shape = refactored(random, shape.elements());
    views += compare(op, shape, random);
  }
  EXPECT_GT(views, 1000);
}

TEST(Views, FlattenSqueezeAndUnsqueezeAddressWhatACopyHolds) {
  Random random(2);
  int views = 0;
  for (int i = 0; i < 1000; ++i) {
    const Shape shape = randomShape(random);
    ops::Flatten flat;
    flat.axis = pick(random, -shape.rank(), shape.rank());
    ops::Squeeze squeeze;
    ops::Unsqueeze unsqueeze;
    unsqueeze.axes.push_back(pick(random, -shape.rank() - 1, shape.rank()));
    views += compare(flat, shape, random) + compare(squeeze, shape, random) +
             compare(unsqueeze, shape, random);
  }
  EXPECT_GT(views, 2000);
}

TEST(Views, TransposeSliceSplitAndRelayoutAddressWhatACopyHolds) {
  Random random(3);
  int views = 0;
  for (int i = 0; i < 2000; ++i) {
    const Shape shape = randomShape(random);
    ops::Transpose transpose;
    for (int axis = 0; axis < shape.rank(); ++axis) transpose.perm.push_back(axis);
    std::shuffle(transpose.perm.begin(), transpose.perm.end(), random);
    ops::Slice slice;
    for (int axis = 0; axis < shape.rank(); ++axis) {
      slice.axes.push_back(axis - (i % 2 ? shape.rank() : 0));
      slice.starts.push_back(pick(random, -9, 9));
      slice.ends.push_back(pick(random, 0, 5) ? pick(random, -9, 9) : INT64_MAX);
      slice.steps.push_back(pick(random, 0, 3) ? 1 : pick(random, 0, 1) ? 2 : -2);
    }
    ops::Split split;
    split.axis = shape.rank() - 1;
    split.parts = pick(random, 1, 3);
    ops::Relayout relayout;
    relayout.order = i % 2 ? ops::StorageOrder::ChannelsLast : ops::StorageOrder::Plain;
    views += compare(transpose, shape, random) + compare(slice, shape, random) +
             compare(split, shape, random) + compare(relayout, shape, random);
  }
  EXPECT_GT(views, 4000);
}

TEST(Views, ChannelShuffleSplitsAndTransposesWithoutCopies) {
  const Shape shape{1, 116, 28, 28};
  ops::Reshape split;
  split.shape = {1, 2, 58, 28, 28};
  const auto view = split.viewOf(shape, {channelsLastStrides(shape), 0}, 0);
  ASSERT_TRUE(view);
  EXPECT_EQ(view->strides[1], 58);
  EXPECT_EQ(view->strides[2], 1);
  ops::Reshape rows;
  rows.shape = {1, 116, -1};
  EXPECT_TRUE(rows.viewOf(shape, {channelsLastStrides(shape, 200), 0}, 0));
  ops::Reshape flat;
  flat.shape = {1, -1};
  EXPECT_FALSE(flat.viewOf(shape, {channelsLastStrides(shape), 0}, 0));
}

TEST(Pad, ShowsWhatItsDefinitionSays) {
  Random random(4);
  for (int i = 0; i < 2000; ++i) {
    const Shape shape = randomShape(random);
    ops::Pad pad;
    pad.mode = static_cast<ops::PadMode>(i % 4);
    for (int axis = 0; axis < shape.rank(); ++axis) {
      pad.padsBegin.push_back(pick(random, -2, 3));
      pad.padsEnd.push_back(pick(random, -2, 3));
    }
    const TensorType type{DataType::Int64, shape};
    const auto types = pad.inferShape(std::span(&type, 1));
    if (!types) continue;
    Buffer buffer(60000);
    const ops::Storage storage = randomStorage(random, shape);
    const TensorView x{{type.type, shape, storage.strides}, buffer.elements.data()};
    std::vector<int64_t> memory((*types)[0].shape.elements() + 1, -7);
    TensorView y{{type.type, (*types)[0].shape, plainStrides((*types)[0].shape)}, memory.data()};
    base::Team team;
    ASSERT_TRUE(find(pad.kind())(pad, {std::span(&x, 1), std::span(&y, 1), {}, &team}));
    forEachIndex(y.shape, [&](const auto& index) {
      int64_t offset = 0;
      bool constant = false;
      for (int axis = 0; axis < shape.rank(); ++axis) {
        const int64_t at = pad.source(axis, index[axis], shape[axis]);
        constant |= at < 0;
        offset += at * x.strides[axis];
      }
      ASSERT_EQ(memory[offsetOf(index, y.strides, shape.rank())], constant ? 0 : offset);
    });
    EXPECT_EQ(memory.back(), -7);
  }
}

TEST(Slices, TakeNoOffsetBeyondTheTensor) {
  ops::Slice slice;
  slice.axes = {0, 1};
  slice.starts = {INT64_MIN, INT64_MAX};
  slice.ends = {INT64_MAX, INT64_MIN};
  slice.steps = {INT64_MAX, INT64_MIN};
  const auto ranges = slice.ranges({5, 6});
  ASSERT_TRUE(ranges);
  EXPECT_EQ((*ranges)[0].start, 0);
  EXPECT_EQ((*ranges)[0].count, 1);
  EXPECT_EQ((*ranges)[1].start, 5);
  EXPECT_EQ((*ranges)[1].count, 1);
}

}  // namespace
}  // namespace minnow::kernels::reference
