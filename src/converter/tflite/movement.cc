// Operators that give elements other places, and tensors that are made rather than computed.
#include <algorithm>
#include <cmath>
#include <functional>
#include <numeric>

#include "base/fail.h"
#include "converter/tflite/operator.h"
#include "converter/tflite/quantised.h"
#include "ops/expand.h"
#include "ops/gather.h"
#include "ops/pad.h"
#include "ops/reshape.h"
#include "ops/select.h"
#include "ops/shape_of.h"
#include "ops/slice.h"
#include "ops/split.h"

namespace minnow::converter {
namespace {

using Value = ir::ValueId;
using Dims = std::vector<int64_t>;
constexpr int64_t kToEnd = INT64_MAX;

Dims numbersOf(const flatbuffers::Vector<int32_t>* numbers) {
  return numbers ? Dims(numbers->begin(), numbers->end()) : Dims();
}

bool isIdentity(const Dims& perm) {
  for (size_t i = 0; i < perm.size(); ++i)
    if (perm[i] != static_cast<int64_t>(i)) return false;
  return true;
}

template <class Reshaping>
Value withAxes(TfliteOperator& op, Value x, Dims axes) {
  auto made = std::make_unique<Reshaping>();
  made->axes = std::move(axes);
  return op.emit(std::move(made), {x});
}

}  // namespace

// Shapes ------------------------------------------------------------------------------------------

/// The shape is the second input where that is there, else an option.
void importReshape(TfliteOperator& op) {
  auto made = std::make_unique<ops::Reshape>();
  made->allowZero = true;
  const Value x = op.in(0);
  made->shape = op.hasInput(1) ? op.context().settingInts(*made, "shape", op.in(1), "input 1")
                               : numbersOf(op.options<tfl::ReshapeOptions>().new_shape());
  op.set(0, op.emit(std::move(made), {x}));
}

void importSqueeze(TfliteOperator& op) {
  Dims axes = numbersOf(op.options<tfl::SqueezeOptions>().squeeze_dims());
  const Shape shape = op.shape(0);
  for (int64_t& axis : axes) axis = op.axisOf(axis, shape.rank());
  if (axes.empty()) {
    op.assumeShape(0);
    for (int i = 0; i < shape.rank(); ++i)
      if (shape[i] == 1) axes.push_back(i);
  }
  op.set(0, axes.empty() ? op.in(0) : withAxes<ops::Squeeze>(op, op.in(0), axes));
}

void importExpandDims(TfliteOperator& op) {
  const int64_t axis = op.axisOf(op.oneInt(1), op.rank(0) + 1);
  op.set(0, withAxes<ops::Unsqueeze>(op, op.in(0), {axis}));
}

/// Of an image that is there channels-first the two permutations become one, or none.
void importTranspose(TfliteOperator& op) {
  Dims perm = op.ints(1);
  if (std::ssize(perm) != op.rank(0)) op.broken("the permutation has not a number for each axis");
  const Axes axes = op.axesOf({0});
  for (int64_t& axis : perm) axis = TfliteOperator::place(op.axisOf(axis, op.rank(0)), axes);
  const Value x = op.in(0, axes);
  op.set(0, isIdentity(perm) ? x : op.transposed(x, perm));
}

void importShape(TfliteOperator& op) {
  const Value shape = op.emit(std::make_unique<ops::ShapeOf>(), {op.in(0)});
  op.set(0, op.compose().cast(shape, dataTypeOf(op.declaredOutput(0))));
}

void importRank(TfliteOperator& op) {
  op.set(0, op.compose().cast(op.compose().integer(op.rank(0)), DataType::Int32));
}

void importBroadcastTo(TfliteOperator& op) {
  auto made = std::make_unique<ops::Expand>();
  const Value x = op.in(0);
  made->shape = op.context().settingInts(*made, "shape", op.in(1), "input 1");
  op.set(0, op.emit(std::move(made), {x}));
}

void importFill(TfliteOperator& op) {
  auto made = std::make_unique<ops::Expand>();
  const Value x = op.in(1);
  made->shape = op.context().settingInts(*made, "shape", op.in(0), "input 0");
  op.set(0, op.emit(std::move(made), {x}));
}

void importZerosLike(TfliteOperator& op) {
  const Composer c = op.compose();
  op.assumeShape(0);
  const Shape shape = op.shape(0);
  op.set(0, c.expand(c.number(0, op.typeOf(0)), {shape.begin(), shape.end()}));
}

void importTile(TfliteOperator& op) {
  auto made = std::make_unique<ops::Tile>();
  const Value x = op.in(0);
  made->repeats = op.context().settingInts(*made, "repeats", op.in(1), "input 1");
  op.set(0, op.emit(std::move(made), {x}));
}

/// Integers and truth values as C++ converts them.
void importCast(TfliteOperator& op) {
  const Axes axes = op.axesOf({0});
  op.set(0, op.compose().cast(op.in(0, axes), dataTypeOf(op.declaredOutput(0))), axes);
}

// Joining and splitting ---------------------------------------------------------------------------

void importConcatenation(TfliteOperator& op) {
  const auto& options = op.options<tfl::ConcatenationOptions>();
  const int64_t axis = op.axisOf(options.axis(), op.rank(0));
  const Axes axes = op.axesOfAll();
  std::vector<Value> parts;
  for (int i = 0; i < op.inputs(); ++i) parts.push_back(op.in(i, axes));
  op.set(0, op.compose().concat(parts, TfliteOperator::place(axis, axes)), options.activation(),
         axes);
}

void importPack(TfliteOperator& op) {
  const int64_t axis = op.axisOf(op.options<tfl::PackOptions>().axis(), op.rank(0) + 1);
  std::vector<Value> parts;
  for (int i = 0; i < op.inputs(); ++i)
    parts.push_back(withAxes<ops::Unsqueeze>(op, op.in(i), {axis}));
  op.set(0, op.compose().concat(parts, axis));
}

namespace {

/// One output a part; `dropsAxis`: parts are single, and the axis goes.
void setParts(TfliteOperator& op, int i, int64_t axis, Dims sizes, bool dropsAxis) {
  const Axes axes = dropsAxis ? Axes::File : op.axesOf({i});
  auto made = std::make_unique<ops::Split>();
  made->axis = TfliteOperator::place(axis, axes);
  made->sizes = std::move(sizes);
  const auto parts = op.context().emitMany(std::move(made), {op.in(i, axes)}, op.outputs());
  for (int k = 0; k < op.outputs(); ++k) {
    const Value part = parts[static_cast<size_t>(k)];
    op.set(k, dropsAxis ? withAxes<ops::Squeeze>(op, part, {axis}) : part, axes);
  }
}

}  // namespace

void importUnpack(TfliteOperator& op) {
  const int64_t axis = op.axisOf(op.options<tfl::UnpackOptions>().axis(), op.rank(0));
  setParts(op, 0, axis, Dims(static_cast<size_t>(op.outputs()), 1), true);
}

void importSplit(TfliteOperator& op) {
  const int64_t axis = op.axisOf(op.oneInt(0), op.rank(1)), parts = op.outputs();
  const int64_t extent = op.shape(1)[static_cast<int>(axis)];
  if (parts < 1 || extent % parts != 0)
    op.broken(text("an axis of ", extent, " cannot be split into ", parts, " equal parts"));
  op.assumeShape(1);
  setParts(op, 1, axis, Dims(static_cast<size_t>(parts), extent / parts), false);
}

/// One of the sizes may be -1: what is left.
void importSplitV(TfliteOperator& op) {
  Dims sizes = op.ints(1);
  const int64_t axis = op.axisOf(op.oneInt(2), op.rank(0));
  const auto open = std::ranges::find(sizes, -1);
  if (open != sizes.end()) {
    op.assumeShape(0);
    *open = 0;
    *open = op.shape(0)[static_cast<int>(axis)] -
            std::accumulate(sizes.begin(), sizes.end(), int64_t{0});
  }
  if (std::ssize(sizes) != op.outputs()) op.broken("sizes and outputs differ in number");
  setParts(op, 0, axis, std::move(sizes), false);
}

// Slices ------------------------------------------------------------------------------------------

void importSlice(TfliteOperator& op) {
  const Dims starts = op.ints(1), sizes = op.ints(2);
  if (std::ssize(starts) != op.rank(0) || sizes.size() != starts.size())
    op.broken("begin and size have not a number for each axis");
  const Axes axes = op.axesOf({0});
  auto made = std::make_unique<ops::Slice>();
  made->starts = starts;
  made->steps.assign(starts.size(), 1);
  made->exact = true;
  for (size_t i = 0; i < starts.size(); ++i) {
    const int64_t extent = op.shape(0)[static_cast<int>(i)];
    if (sizes[i] < -1 || starts[i] < 0) op.broken("begin or size is negative");
    if (sizes[i] == -1) op.assumeShape(0);
    made->ends.push_back(sizes[i] == -1 ? extent : starts[i] + sizes[i]);
    made->axes.push_back(TfliteOperator::place(static_cast<int64_t>(i), axes));
  }
  op.set(0, op.emit(std::move(made), {op.in(0, axes)}), axes);
}

namespace {

/// What STRIDED_SLICE says of the axes, one number of begin, end and strides after another: each takes a range or a
/// single place of an axis, or stands for a new axis, or (an ellipsis) for all axes that no other number speaks of.
class StridedSlice {
 public:
  explicit StridedSlice(TfliteOperator& op)
      : op_(op),
        options_(op.options<tfl::StridedSliceOptions>()),
        begin_(op.ints(1)),
        end_(op.ints(2)),
        strides_(op.ints(3)) {
    if (end_.size() != begin_.size() || strides_.size() != begin_.size() || begin_.size() > 31)
      op.broken("begin, end and strides differ in number");
  }

  void import() {
    for (size_t i = 0; i < begin_.size(); ++i) entry(i);
    if (axis_ > op_.rank(0)) op_.broken("begin has more numbers than the input has axes");
    axes_ = dropped_.empty() && added_.empty() ? op_.axesOf({0}) : Axes::File;
    for (int64_t& axis : slice_->axes) axis = TfliteOperator::place(axis, axes_);
    Value y = op_.in(0, axes_);
    if (!slice_->axes.empty()) y = op_.emit(std::move(slice_), {y});
    if (!dropped_.empty()) y = withAxes<ops::Squeeze>(op_, y, dropped_);
    if (!added_.empty()) y = withAxes<ops::Unsqueeze>(op_, y, added_);
    op_.set(0, y, axes_);
  }

 private:
  static bool has(int32_t mask, size_t i) { return (static_cast<uint32_t>(mask) >> i & 1U) != 0; }

  void entry(size_t i) {
    if (has(options_.ellipsis_mask(), i)) return skip(i);
    if (has(options_.new_axis_mask(), i)) return added_.push_back(outputAxis_++);
    if (axis_ >= op_.rank(0)) op_.broken("begin has more numbers than the input has axes");
    has(options_.shrink_axis_mask(), i) ? takeOne(i) : takeRange(i);
    ++axis_;
  }

  void skip(size_t i) {
    int64_t others = 0;
    for (size_t k = i + 1; k < begin_.size(); ++k)
      others += has(options_.new_axis_mask(), k) ? 0 : 1;
    const int64_t left = std::max<int64_t>(op_.rank(0) - axis_ - others, 0);
    axis_ += left;
    outputAxis_ += left;
  }

  void takeOne(size_t i) {
    const int64_t extent = op_.shape(0)[static_cast<int>(axis_)];
    const int64_t at = begin_[i] < 0 ? begin_[i] + extent : begin_[i];
    if (at < 0 || at >= extent)
      op_.broken(text("place ", begin_[i], " is not on an axis of ", extent));
    if (begin_[i] < 0) op_.assumeShape(0);
    add(at, at + 1, 1);
    dropped_.push_back(axis_);
  }

  void takeRange(size_t i) {
    const int64_t step = strides_[i];
    if (step == 0) op_.broken("a stride is 0");
    const bool fromStart = has(options_.begin_mask(), i), toEnd = has(options_.end_mask(), i);
    const int64_t end = options_.offset() ? begin_[i] + end_[i] : end_[i];
    const int64_t first = step > 0 ? 0 : kToEnd, last = step > 0 ? kToEnd : -kToEnd;
    if (!fromStart || !toEnd || step != 1)
      add(fromStart ? first : begin_[i], toEnd ? last : end, step);
    ++outputAxis_;
  }

  void add(int64_t start, int64_t end, int64_t step) {
    slice_->starts.push_back(start);
    slice_->ends.push_back(end);
    slice_->steps.push_back(step);
    slice_->axes.push_back(axis_);
  }

  TfliteOperator& op_;
  const tfl::StridedSliceOptions& options_;
  const Dims begin_, end_, strides_;
  std::unique_ptr<ops::Slice> slice_ = std::make_unique<ops::Slice>();
  Axes axes_ = Axes::File;
  Dims dropped_, added_;  ///< axes of the input, and of the output
  int64_t axis_ = 0, outputAxis_ = 0;
};

}  // namespace

void importStridedSlice(TfliteOperator& op) { StridedSlice(op).import(); }

void importReverse(TfliteOperator& op) {
  Value y = op.in(0);
  for (int64_t axis : op.ints(1))
    y = op.compose().slice(y, op.axisOf(axis, op.rank(0)), kToEnd, -kToEnd, -1);
  op.set(0, y);
}

// Borders -----------------------------------------------------------------------------------------

namespace {

/// Two numbers an axis, before and after it.
Dims paddings(TfliteOperator& op) {
  Dims pads = op.ints(1);
  if (std::ssize(pads) != 2 * op.rank(0)) op.broken("paddings are not two numbers an axis");
  if (std::ranges::any_of(pads, [](int64_t pad) { return pad < 0; }))
    op.broken("a padding is negative");
  return pads;
}

ops::Pad padOf(const Dims& pads, Axes axes) {
  ops::Pad pad;
  pad.padsBegin.resize(pads.size() / 2);
  pad.padsEnd.resize(pads.size() / 2);
  for (size_t i = 0; i < pads.size() / 2; ++i) {
    const auto at = static_cast<size_t>(TfliteOperator::place(static_cast<int64_t>(i), axes));
    pad.padsBegin[at] = pads[2 * i];
    pad.padsEnd[at] = pads[2 * i + 1];
  }
  return pad;
}

/// What an axis has before and after it is what lies behind its first and last element, these included.
Value mirrored(const Composer& c, Value x, int64_t axis, int64_t before, int64_t after) {
  std::vector<Value> parts;
  if (before > 0) parts.push_back(c.slice(x, axis, before - 1, -kToEnd, -1));
  parts.push_back(x);
  if (after > 0) parts.push_back(c.slice(x, axis, -1, -after - 1, -1));
  return parts.size() == 1 ? x : c.concat(parts, axis);
}

}  // namespace

namespace {

/// What stands for 0 in the result.
Value blankOf(TfliteOperator& op) {
  const tfl::Tensor& y = op.declaredOutput(0);
  const int64_t zero = isQuantised(y) ? quantisationOf(op, y).zero : 0;
  return op.compose().cast(op.compose().integer(zero), op.typeOf(0));
}

}  // namespace

void importPad(TfliteOperator& op) {
  const Dims pads = paddings(op);
  const Axes axes = op.axesOf({0});
  std::vector<Value> inputs{op.in(0, axes)};
  if (op.type() == "PADV2") inputs.push_back(op.in(2));
  if (op.type() == "PAD") inputs.push_back(blankOf(op));
  op.set(0, op.emit(std::make_unique<ops::Pad>(padOf(pads, axes)), inputs), axes);
}

/// Mode 0 leaves the outermost elements out (REFLECT), 1 repeats them (SYMMETRIC).
void importMirrorPad(TfliteOperator& op) {
  const int mode = op.options<tfl::MirrorPadOptions>().mode();
  if (mode != 0 && mode != 1) op.unsupported(text("mode ", mode));
  const Dims pads = paddings(op);
  const Axes axes = op.axesOf({0});
  for (int axis = 0; axis < op.rank(0); ++axis)
    for (size_t end : {0, 1})
      if (pads[2 * static_cast<size_t>(axis) + end] > op.shape(0)[axis] - (mode == 0 ? 1 : 0))
        op.broken(text("axis ", axis, " is too short for its padding"));
  Value y = op.in(0, axes);
  if (mode == 0) {
    ops::Pad pad = padOf(pads, axes);
    pad.mode = ops::PadMode::Reflect;
    return op.set(0, op.emit(std::make_unique<ops::Pad>(std::move(pad)), {y}), axes);
  }
  for (int axis = 0; axis < op.rank(0); ++axis) {
    const auto at = 2 * static_cast<size_t>(axis);
    y = mirrored(op.compose(), y, TfliteOperator::place(axis, axes), pads[at], pads[at + 1]);
  }
  op.set(0, y, axes);
}

// Blocks of any axes ------------------------------------------------------------------------------

namespace {

struct Blocks {
  Dims block, edges;  ///< edges: two numbers an axis that has blocks
};

/// For images, or rows of vectors: batch, one or two axes with blocks, and what follows them.
Blocks blocksOf(TfliteOperator& op) {
  Blocks blocks{op.ints(1), op.ints(2)};
  const auto count = std::ssize(blocks.block);
  if (count < 1 || count > 2 || op.rank(0) <= count || op.rank(0) > 4)
    op.unsupported(text("an input of ", op.rank(0), " axes with ", count, " in blocks"));
  if (blocks.edges.size() != 2 * blocks.block.size()) op.broken("edges do not fit the blocks");
  for (int64_t size : blocks.block)
    if (size < 1) op.broken("a block is empty");
  for (int64_t edge : blocks.edges)
    if (edge < 0) op.broken("an edge is negative");
  return blocks;
}

}  // namespace

void importSpaceToBatch(TfliteOperator& op) {
  const auto [block, edges] = blocksOf(op);
  const auto count = std::ssize(block);
  op.assumeShape(0);
  ops::Pad pad;
  pad.padsBegin.assign(static_cast<size_t>(op.rank(0)), 0);
  pad.padsEnd = pad.padsBegin;
  for (size_t i = 0; i < block.size(); ++i) {
    pad.padsBegin[i + 1] = edges[2 * i];
    pad.padsEnd[i + 1] = edges[2 * i + 1];
  }
  const Value padded = op.emit(std::make_unique<ops::Pad>(std::move(pad)), {op.in(0), blankOf(op)});
  const Shape in = op.context().typeOf(padded).shape;
  Dims cut{in[0]}, perm, joined{in[0]};
  for (int64_t i = 0; i < count; ++i) {
    const int64_t size = block[static_cast<size_t>(i)], extent = in[static_cast<int>(i) + 1];
    if (extent % size != 0) op.broken(text("blocks of ", size, " do not fit an axis of ", extent));
    cut.insert(cut.end(), {extent / size, size});
    perm.push_back(2 * i + 2);
    joined[0] *= size;
  }
  perm.push_back(0);
  for (int64_t i = 0; i < count; ++i) {
    perm.push_back(2 * i + 1);
    joined.push_back(cut[static_cast<size_t>(2 * i + 1)]);
  }
  for (int axis = static_cast<int>(count) + 1; axis < in.rank(); ++axis) {
    perm.push_back(std::ssize(cut));
    cut.push_back(in[axis]);
    joined.push_back(in[axis]);
  }
  const Composer c = op.compose();
  op.set(0, c.reshape(c.transpose(c.reshape(padded, cut), perm), joined));
}

void importBatchToSpace(TfliteOperator& op) {
  const auto [block, edges] = blocksOf(op);
  const auto count = std::ssize(block);
  op.assumeShape(0);
  const Shape in = op.shape(0);
  const int64_t each = std::accumulate(block.begin(), block.end(), int64_t{1}, std::multiplies<>());
  if (in[0] % each != 0) op.broken(text("a batch of ", in[0], " is not of blocks of ", each));
  Dims cut(block), perm{count}, joined{in[0] / each};
  cut.push_back(in[0] / each);
  for (int64_t i = 0; i < count; ++i) {
    const int64_t extent = in[static_cast<int>(i) + 1];
    cut.push_back(extent);
    perm.insert(perm.end(), {count + 1 + i, i});
    joined.push_back(extent * block[static_cast<size_t>(i)]);
  }
  for (int axis = static_cast<int>(count) + 1; axis < in.rank(); ++axis) {
    perm.push_back(std::ssize(cut));
    cut.push_back(in[axis]);
    joined.push_back(in[axis]);
  }
  const Composer c = op.compose();
  Value y = c.reshape(c.transpose(c.reshape(op.in(0), cut), perm), joined);
  for (size_t i = 0; i < block.size(); ++i) {
    const int64_t end = joined[i + 1] - edges[2 * i + 1];
    if (edges[2 * i] > end) op.broken("more is cut off than there is");
    y = c.slice(y, static_cast<int64_t>(i) + 1, edges[2 * i], end);
  }
  op.set(0, y);
}

// Places ------------------------------------------------------------------------------------------

namespace {

Dims countedFrom(int64_t first, int64_t end) {
  Dims numbers(static_cast<size_t>(std::max<int64_t>(end - first, 0)));
  std::iota(numbers.begin(), numbers.end(), first);
  return numbers;
}
Dims joined(std::initializer_list<Dims> parts) {
  Dims all;
  for (const Dims& part : parts) all.insert(all.end(), part.begin(), part.end());
  return all;
}

/// The axis is brought behind those that data and indices share, and what lies between goes back.
void gatherInBatches(TfliteOperator& op, int64_t batch, int64_t axis) {
  const int64_t rank = op.rank(0), places = op.rank(1);
  if (batch > axis || batch > places) op.broken("batch_dims exceeds the axis or the indices' axes");
  auto made = std::make_unique<ops::GatherNd>();
  made->batchAxes = batch;
  const Value data = op.transposed(
      op.in(0),
      joined(
          {countedFrom(0, batch), {axis}, countedFrom(batch, axis), countedFrom(axis + 1, rank)}));
  const Value indices = withAxes<ops::Unsqueeze>(op, op.in(1), {places});
  const Value found = op.emit(std::move(made), {data, indices});
  const int64_t between = places + axis - batch;
  op.set(0, op.transposed(found, joined({countedFrom(0, batch), countedFrom(places, between),
                                         countedFrom(batch, places),
                                         countedFrom(between, between + rank - axis - 1)})));
}

}  // namespace

void importGather(TfliteOperator& op) {
  const auto& options = op.options<tfl::GatherOptions>();
  const int64_t axis = op.axisOf(options.axis(), op.rank(0));
  if (options.batch_dims() != 0)
    return gatherInBatches(op, op.axisOf(options.batch_dims(), op.rank(1) + 1), axis);
  op.set(0, op.compose().gather(op.in(0), op.in(1), axis));
}

/// A new axis of so many places, where one is the index.
void importOneHot(TfliteOperator& op) {
  const int64_t depth = op.oneInt(1), rank = op.rank(0);
  if (depth < 0 || depth > 1 << 24) op.unsupported(text("a depth of ", depth));
  const int64_t axis = op.axisOf(op.options<tfl::OneHotOptions>().axis(), op.rank(0) + 1);
  Shape shape;
  for (int64_t i = 0; i <= rank; ++i) shape.push_back(i == axis ? depth : 1);
  const Composer c = op.compose();
  const Value indices = c.cast(withAxes<ops::Unsqueeze>(op, op.in(0), {axis}), DataType::Int64);
  const Value isPlace = c(ops::BinaryFn::Equal, indices, c.range(depth, shape));
  op.set(0, c.choose(isPlace, op.in(2), op.in(3)));
}

/// Of constants: from start on, by delta, before the limit.
void importRange(TfliteOperator& op) {
  const bool isReal = op.typeOf(0) == DataType::Float32;
  const auto number = [&](int i) {
    if (!isReal) return static_cast<double>(op.oneInt(i));
    const std::vector<float> one = op.floats(i);
    if (one.size() != 1) op.broken(text("input ", i, " is not one number"));
    return double{one[0]};
  };
  const double start = number(0), limit = number(1), delta = number(2);
  const double count = std::ceil((limit - start) / delta);
  if (delta == 0 || !(count <= 1 << 24)) op.unsupported(text(count, " elements"));
  const Composer c = op.compose();
  const auto whole = static_cast<int64_t>(std::max(count, 0.0));
  const Value places = c.cast(c.range(whole, {whole}), op.typeOf(0));
  const auto scalar = [&](int i) { return c.reshape(op.in(i), {1}); };
  op.set(0, c(ops::BinaryFn::Add, c(ops::BinaryFn::Mul, places, scalar(2)), scalar(0)));
}

void importGatherNd(TfliteOperator& op) {
  op.set(0, op.emit(std::make_unique<ops::GatherNd>(), {op.in(0), op.in(1)}));
}

void importTopK(TfliteOperator& op) {
  auto made = std::make_unique<ops::TopK>();
  made->k = op.oneInt(1);
  const auto results = op.context().emitMany(std::move(made), {op.in(0)}, 2);
  op.set(0, results[0]);
  if (op.outputs() > 1) op.set(1, op.compose().cast(results[1], dataTypeOf(op.declaredOutput(1))));
}

}  // namespace minnow::converter
