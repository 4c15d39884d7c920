// For tests: small graphs whose operators compute sums of integers, and an interpreter that runs
// their plans on plain memory. It knows of kernels nothing, and checks each element as it reads it.
#pragma once

#include <gtest/gtest.h>

#include <functional>
#include <random>

#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/pool.h"
#include "ops/resize.h"
#include "ops/slice.h"
#include "ops/unary.h"
#include "planning/strip_cursor.h"

namespace minnow::planning {

inline std::vector<TensorType> typesOf(const ir::Graph& graph) {
  std::vector<TensorType> types;
  for (const ir::Value& value : graph.values) types.push_back(value.type);
  return types;
}

/// Grows a graph of images, stored channels-last unless it is told otherwise.
class ToyGraph {
 public:
  explicit ToyGraph(ops::StorageOrder layout = ops::StorageOrder::ChannelsLast) : layout_(layout) {}
  ir::Graph graph;

  ir::ValueId input(const Shape& shape) {
    graph.inputs.push_back(value(shape));
    return graph.inputs.back();
  }
  void output(ir::ValueId id) {
    graph.outputs.push_back(id);
    graph.outputNames.push_back("out");
  }
  const Shape& shape(ir::ValueId id) const { return graph.values[id].type.shape; }

  ir::ValueId window(ir::ValueId x, int64_t kernel, int64_t stride) {
    auto op = std::make_unique<ops::Pool>();
    op->kernel = {kernel, 1};
    op->strides = {stride, 1};
    op->dilations = {1, 1};
    op->padsBegin = op->padsEnd = {kernel / 2, 0};
    return add(std::move(op), {x});
  }
  ir::ValueId doubled(ir::ValueId x) {
    auto op = std::make_unique<ops::Resize>();
    op->coordinates = ops::ResizeCoordinates::Asymmetric;
    op->rounding = ops::ResizeRounding::Floor;
    op->scales = {1, 1, 2, 1};
    return add(std::move(op), {x});
  }
  ir::ValueId relu(ir::ValueId x) {
    auto op = std::make_unique<ops::Unary>();
    op->fn = ops::UnaryFn::Relu;
    return add(std::move(op), {x});
  }
  ir::ValueId sum(ir::ValueId a, ir::ValueId b) {
    return add(std::make_unique<ops::Binary>(), {a, b});
  }
  /// The channels from one on: a view.
  ir::ValueId channelsFrom(ir::ValueId x, int64_t first) {
    auto op = std::make_unique<ops::Slice>();
    op->starts = {first}, op->ends = {shape(x)[1]}, op->axes = {1}, op->steps = {1};
    return add(std::move(op), {x});
  }
  ir::ValueId concat(ir::ValueId a, ir::ValueId b) {
    auto op = std::make_unique<ops::Concat>();
    op->axis = 1;
    return add(std::move(op), {a, b});
  }

 private:
  ir::ValueId value(const Shape& shape) {
    const std::string name = "v" + std::to_string(graph.values.size());
    return graph.addValue({name, {DataType::Float32, shape}, layout_});
  }
  ir::ValueId add(std::unique_ptr<ops::Operator> op, const std::vector<ir::ValueId>& inputs) {
    std::vector<TensorType> types;
    for (ir::ValueId id : inputs) types.push_back(graph.values[id].type);
    const auto out = op->inferShape(types);
    EXPECT_TRUE(out) << (out ? "" : out.error().message);
    const ir::ValueId id = value((*out)[0].shape);
    graph.nodes.push_back({"n" + std::to_string(graph.nodes.size()), std::move(op), inputs, {id}});
    return id;
  }
  ops::StorageOrder layout_;
};

/// `steps` random layers on images of that height; and now and then a vector for all rows.
inline ir::Graph randomToyGraph(std::mt19937& random, int steps, int64_t height,
                                ops::StorageOrder layout = ops::StorageOrder::ChannelsLast) {
  ToyGraph toy(layout);
  const auto below = [&](size_t n) { return static_cast<size_t>(random() % n); };
  std::vector<ir::ValueId> images{toy.input({1, 2, height, 2})};
  const auto recent = [&] {
    return images[images.size() - 1 - below(std::min<size_t>(images.size(), 3))];
  };
  const auto partner = [&](ir::ValueId x) {
    for (size_t i = images.size(); i-- > 0;)
      if (images[i] != x && toy.shape(images[i]) == toy.shape(x)) return images[i];
    return x;
  };
  for (int i = 0; i < steps; ++i) {
    const ir::ValueId x = recent();
    const int64_t rows = toy.shape(x)[2], channels = toy.shape(x)[1];
    switch (below(9)) {
      case 0:
      case 1:
        images.push_back(toy.window(x, 3, 1));
        break;
      case 2:
        images.push_back(toy.window(x, 1 + 2 * static_cast<int64_t>(below(3)), 2));
        break;
      case 3:
        images.push_back(rows < height ? toy.doubled(x) : toy.window(x, 5, 1));
        break;
      case 4:
        images.push_back(toy.relu(x));
        break;
      case 5:
      case 6:
        images.push_back(toy.sum(x, partner(x)));
        break;
      case 7:
        images.push_back(channels < 5 && partner(x) != x ? toy.concat(x, partner(x))
                                                         : toy.window(x, 1, 1));
        break;
      default:
        images.push_back(below(4) == 0 ? toy.sum(x, toy.relu(toy.input({1, channels, 1, 2})))
                                       : toy.relu(x));
    }
  }
  const auto readers = toy.graph.consumers();
  for (size_t i = 0; i < images.size(); ++i)
    if (i + 1 == images.size() || (i > 0 && readers[images[i]].empty()) || (i > 0 && below(9) == 0))
      toy.output(images[i]);
  EXPECT_TRUE(toy.graph.verify());
  return std::move(toy.graph);
}

/// Chains of random lengths and heights over whatever can run in strips.
inline void chainAtRandom(ir::Graph& graph, std::mt19937& random) {
  const std::vector<TensorType> types = typesOf(graph);
  const Uses uses(graph, types);
  const int nodes = static_cast<int>(graph.nodes.size());
  graph.chains.clear();
  for (int first = 0; first < nodes;) {
    const int end = std::min<int>(nodes, first + 2 + static_cast<int>(random() % 7));
    const ir::Chain chain{first, end, 1 + static_cast<int64_t>(random() % 4)};
    const bool possible = scheduleChain(graph, types, uses, chain).has_value();
    if (possible) graph.chains.push_back(chain);
    first = possible ? end : first + 1;
  }
}

/// What an element of a node's output is, from the elements of its inputs.
using ToyRead = std::function<uint32_t(size_t input, int64_t c, int64_t y, int64_t x)>;
inline uint32_t toyElement(const ir::Node& node, const Shape& first, const Shape& last, int64_t c,
                           int64_t y, int64_t x, const ToyRead& read) {
  if (const auto* pool = node.as<ops::Pool>()) {
    uint32_t sum = 17;
    for (int64_t tap = 0; tap < pool->kernel[0]; ++tap) {
      const int64_t row = y * pool->strides[0] - pool->padsBegin[0] + tap;
      if (row >= 0 && row < first[2]) sum = sum * 31 + read(0, c, row, x);
    }
    return sum;
  }
  if (const auto* slice = node.as<ops::Slice>()) return read(0, c + slice->starts[0], y, x);
  if (node.as<ops::Resize>()) return read(0, c, y / 2, x) + 5;
  if (node.as<ops::Unary>()) return read(0, c, y, x) * 3 + 1;
  if (node.as<ops::Binary>()) return read(0, c, y, x) * 7 + read(1, c, last[2] == 1 ? 0 : y, x);
  return c < first[1] ? read(0, c, y, x) : read(1, c - first[1], y, x);  // Concat
}

/// All values of a graph, row-major: what a plan's run has to give.
class ToyValues {
 public:
  explicit ToyValues(const ir::Graph& graph) : graph_(graph), values_(graph.values.size()) {
    uint32_t seed = 1;
    for (ir::ValueId id : graph.inputs) {
      values_[id].resize(static_cast<size_t>(shape(id).elements()));
      for (uint32_t& element : values_[id]) element = seed = seed * 1664525U + 1013904223U;
    }
    for (const ir::Node& node : graph.nodes) evaluate(node);
  }
  uint32_t at(ir::ValueId id, int64_t c, int64_t y, int64_t x) const {
    const Shape& s = shape(id);
    return values_[id][static_cast<size_t>((c * s[2] + y) * s[3] + x)];
  }
  const Shape& shape(ir::ValueId id) const { return graph_.values[id].type.shape; }

 private:
  void evaluate(const ir::Node& node) {
    const ir::ValueId out = node.outputs[0];
    const Shape& s = shape(out);
    for (int64_t c = 0; c < s[1]; ++c)
      for (int64_t y = 0; y < s[2]; ++y)
        for (int64_t x = 0; x < s[3]; ++x)
          values_[out].push_back(toyElement(node, shape(node.inputs[0]), shape(node.inputs.back()),
                                            c, y, x,
                                            [&](size_t i, int64_t ic, int64_t iy, int64_t ix) {
                                              return at(node.inputs[i], ic, iy, ix);
                                            }));
  }
  const ir::Graph& graph_;
  std::vector<std::vector<uint32_t>> values_;
};

/// What those who run side by side, the members of a group, do to memory: none may write what
/// another one reads or writes.
class Sharing {
 public:
  explicit Sharing(size_t elements) : touched_(elements) {}
  /// False if that may not be. Group -1 runs alone.
  bool touch(size_t at, int group, int member, bool write) {
    Touched& touched = touched_[at];
    if (touched.group != group) touched = {group};
    const uint32_t mine = 1U << member;
    const uint32_t others = (touched.written | (write ? touched.read : 0)) & ~mine;
    (write ? touched.written : touched.read) |= mine;
    return group < 0 || others == 0;
  }

 private:
  struct Touched {
    int group = -1;
    uint32_t read = 0, written = 0;  ///< a bit a member
  };
  std::vector<Touched> touched_;
};

/// Runs a plan's steps, one at a time and in the order that the caller likes, in an arena where
/// buffers lie at `offsets`, in bytes.
class ToyRun {
 public:
  ToyRun(const ir::Graph& graph, const MemoryLayout& layout, const StripTables& tables,
         std::vector<size_t> offsets, size_t bytes)
      : graph_(graph),
        layout_(layout),
        tables_(tables),
        offsets_(std::move(offsets)),
        memory_(bytes / 4, kPoison),
        bands_(memory_.size()),
        lanes_(memory_.size()),
        expected_(graph),
        made_(graph.nodes.size()) {
    for (size_t n = 0; n < graph.nodes.size(); ++n)
      made_[n].resize(static_cast<size_t>(extent(static_cast<int>(n))), 0);
    for (ir::ValueId id : graph.inputs)
      forEachElement(shape(id), {ops::Rows::kWhole}, [&](int64_t c, int64_t y, int64_t x) {
        memory_[indexOf(whole(id), c, y, x)] = expected_.at(id, c, y, x);
      });
  }

  /// False, after a failure, once something was wrong.
  bool step(const StripCursor& at) {
    at_ = at;
    at.forEachSlide([&](const Slide& slide) { move(slide); });
    forgetRest(at);
    if (at.hasWork() && !layout_.storage.isView[static_cast<size_t>(at.step())]) compute(at);
    if (at.hasWork()) count(at);
    at.forEachHandover([&](const Handover& handover) { handOver(at, handover); });
    return !failed_;
  }

  /// The bands of the chain at `at`, each going on whenever chance says so and it can.
  bool bands(const StripCursor& at, std::mt19937& random) {
    std::vector<StripCursor> bands;
    for (int band = 0; band < tables_.bandsAt(at.step()); ++band)
      bands.emplace_back(tables_, at.step(), band);
    const auto isDone = [](const StripCursor& band) { return band.isDone(); };
    while (!std::ranges::all_of(bands, isDone)) {
      StripCursor& next = bands[random() % bands.size()];
      for (size_t steps = 1 + random() % 9; steps-- > 0 && !next.isDone();) {
        if (!isReady(next, bands)) break;
        if (!step(next)) return false;
        next.advance();
      }
    }
    return true;
  }

  /// That the graph's outputs are there.
  bool outputsAreRight() {
    for (ir::ValueId id : graph_.outputs)
      forEachElement(shape(id), {ops::Rows::kWhole}, [&](int64_t c, int64_t y, int64_t x) {
        check(memory_[indexOf(whole(id), c, y, x)] == expected_.at(id, c, y, x), "an output");
      });
    return !failed_;
  }
  /// How often a row of a node's output was made.
  const std::vector<int>& made(size_t node) const { return made_[node]; }

 private:
  /// True if what the band at `at` takes here was given.
  bool isReady(const StripCursor& at, std::span<const StripCursor> bands) const {
    bool ready = true;
    at.forEachHandover([&](const Handover& handover) {
      if (!handover.taken) return;
      const StripCursor& next = bands[static_cast<size_t>(at.band()) + 1];
      const int strip = tables_.stripThatReaches(at.step(), at.band() + 1, handover.rows.end);
      ready = ready && (next.isDone() || next.strip() > strip);
    });
    return ready;
  }

  static constexpr uint32_t kPoison = 0xDEADBEEF;
  const Shape& shape(ir::ValueId id) const { return graph_.values[id].type.shape; }

  /// Where a tensor's first element is or would be, in elements of memory.
  struct View {
    ptrdiff_t at = 0;
    Strides strides{};
    int buffer = 0;
  };
  View whole(ir::ValueId id) const {
    const Place& place = layout_.storage.places[id];
    return {static_cast<ptrdiff_t>(offsets_[place.buffer] / 4) + place.storage.offset,
            place.storage.strides, place.buffer};
  }
  /// As a kernel gets it: operators that stand alone are shown the position's rows, which begin at
  /// firstRow(), others the whole tensor.
  View viewAt(const StripCursor& at, ir::ValueId id, bool cut) const {
    View view = whole(id);
    const auto byteOffset = static_cast<size_t>(layout_.storage.places[id].storage.offset) * 4;
    ptrdiff_t byte = at.rowZero(view.buffer, byteOffset);
    if (cut) {
      const int64_t stride = view.strides[at.rows().axis];
      byte = at.firstRow(view.buffer, byteOffset, stride * 4) - at.rows().begin * stride * 4;
    }
    EXPECT_EQ(byte % 4, 0);
    view.buffer = at.bufferHere(view.buffer);
    view.at = static_cast<ptrdiff_t>(offsets_[view.buffer] / 4) + byte / 4;
    return view;
  }

  size_t indexOf(const View& view, int64_t c, int64_t y, int64_t x) {
    const ptrdiff_t at = view.at + c * view.strides[1] + y * view.strides[2] + x * view.strides[3];
    const auto begin = static_cast<ptrdiff_t>(offsets_[view.buffer] / 4);
    const auto end = begin + static_cast<ptrdiff_t>(layout_.buffers[view.buffer].bytes / 4);
    return check(at >= begin && at < end, "an address") ? static_cast<size_t>(at) : 0;
  }

  void touch(size_t at, bool write) {
    const int step = at_.step();
    check(bands_.touch(at, layout_.chainOf[step], at_.band(), write), "what bands share");
    const Order& order = layout_.order;
    if (order.stages.empty()) return;
    check(lanes_.touch(at, order.stageOf[step], order.laneOf[step], write), "what lanes share");
  }
  void write(size_t at, uint32_t value) {
    touch(at, true);
    memory_[at] = value;
  }

  bool check(bool right, const char* what) {
    if (!right && !failed_) ADD_FAILURE() << "wrong: " << what << " at step " << at_.step();
    failed_ |= !right;
    return right;
  }

  template <class F>
  static void forEachElement(const Shape& s, const ops::Rows& rows, const F& f) {
    const auto begin = [&](int axis) { return axis == rows.axis ? rows.begin : 0; };
    const auto end = [&](int axis) { return axis == rows.axis ? rows.end : s[axis]; };
    for (int64_t c = begin(1); c < end(1); ++c)
      for (int64_t y = begin(2); y < end(2); ++y)
        for (int64_t x = begin(3); x < end(3); ++x) f(c, y, x);
  }

  void move(const Slide& slide) {
    const size_t begin = offsets_[slide.buffer] / 4;
    for (size_t i = 0; i < slide.bytes / 4; ++i)
      write(begin + i, memory_[begin + slide.fromByte / 4 + i]);
    check(slide.fromByte + slide.bytes <= layout_.buffers[slide.buffer].bytes, "a slide");
  }

  /// As a strip begins, what is not kept is gone.
  void forgetRest(const StripCursor& at) {
    const ChainSchedule* chain = tables_.chainAt(at.step());
    if (chain == nullptr || at.step() != chain->first) return;
    for (const LineBuffer& lines : layout_.lineBuffers) {
      if (lines.chain != layout_.chainOf[at.step()] + at.band()) continue;
      const size_t begin = offsets_[lines.buffer];
      const size_t kept = static_cast<size_t>(lines.kept[at.strip()]) * lines.rowBytes;
      if (!lines.keepsRows()) continue;  // its place may be another's by now
      for (size_t byte = kept; byte < layout_.buffers[lines.buffer].bytes; byte += 4)
        write((begin + byte) / 4, kPoison);
    }
  }

  void compute(const StripCursor& at) {
    const ir::Node& node = graph_.nodes[at.step()];
    const bool inChain = tables_.chainAt(at.step()) != nullptr;
    const bool cut = inChain && node.op->facts().rowsStandAlone && at.rows().axis >= 0;
    const ir::ValueId out = node.outputs[0];
    const Shape& s = shape(out);
    std::vector<View> in;
    for (ir::ValueId id : node.inputs)
      in.push_back(viewAt(at, id, cut && shape(id)[at.rows().axis] == s[at.rows().axis]));
    const View to = viewAt(at, out, cut);
    size_t lastRead = 0;
    const auto read = [&](size_t i, int64_t c, int64_t y, int64_t x) {
      const size_t at = lastRead = indexOf(in[i], c, y, x);
      const uint32_t found = memory_[at];
      touch(at, false);
      check(found == expected_.at(node.inputs[i], c, y, x), "an element that is read");
      return found;
    };
    forEachElement(s, at.rows(), [&](int64_t c, int64_t y, int64_t x) {
      const uint32_t element =
          toyElement(node, shape(node.inputs[0]), shape(node.inputs.back()), c, y, x, read);
      const size_t target = indexOf(to, c, y, x);
      // A concatenation leaves alone what has been written into its place.
      if (!node.as<ops::Concat>() || lastRead != target) write(target, element);
    });
  }

  void handOver(const StripCursor& at, const Handover& handover) {
    const ir::ValueId id = handover.border->value;
    const View lines = viewAt(at, id, false);
    View border = lines;
    border.buffer = handover.border->buffer;
    const auto byteOffset = static_cast<size_t>(layout_.storage.places[id].storage.offset) * 4;
    border.at =
        (static_cast<ptrdiff_t>(offsets_[border.buffer]) + handover.byteAt(0, byteOffset)) / 4;
    forEachElement(shape(id), handover.rows, [&](int64_t c, int64_t y, int64_t x) {
      const size_t here = indexOf(lines, c, y, x), there = indexOf(border, c, y, x);
      check(memory_[handover.taken ? there : here] == expected_.at(id, c, y, x), "what is handed");
      if (handover.taken)
        write(here, memory_[there]);
      else
        memory_[there] = memory_[here];
    });
  }

  int64_t extent(int n) const {
    const int axis = tables_.axisAt(n);
    return axis < 0 ? 1 : shape(graph_.nodes[n].outputs[0])[axis];
  }
  void count(const StripCursor& at) {
    const ops::Rows rows = at.rows();
    for (auto row = static_cast<size_t>(rows.begin); row < static_cast<size_t>(rows.end); ++row)
      ++made_[at.step()][row];
  }

  const ir::Graph& graph_;
  const MemoryLayout& layout_;
  const StripTables& tables_;
  std::vector<size_t> offsets_;
  std::vector<uint32_t> memory_;
  Sharing bands_, lanes_;
  ToyValues expected_;
  std::vector<std::vector<int>> made_;
  StripCursor at_;
  bool failed_ = false;
};

/// Every buffer in a place of its own.
inline std::pair<std::vector<size_t>, size_t> sideBySide(const MemoryLayout& layout) {
  std::vector<size_t> offsets;
  size_t end = 0;
  for (const Buffer& buffer : layout.buffers) {
    offsets.push_back(end);
    end += buffer.bytes + 64;
  }
  return {offsets, end};
}

}  // namespace minnow::planning
