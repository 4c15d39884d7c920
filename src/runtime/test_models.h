// Small networks for tests of the runtime, and a frame run from a given start.
#pragma once

#include <cstring>
#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "format/write.h"
#include "minnow/runtime.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/pool.h"
#include "ops/resize.h"
#include "ops/unary.h"

namespace minnow::test {

/// A model in aligned memory.
struct Model {
  explicit Model(const ir::Graph& graph) {
    const auto bytes = format::write(graph);
    memory = base::alignedBytes(bytes->size());
    std::memcpy(memory.get(), bytes->data(), bytes->size());
    span = {memory.get(), bytes->size()};
  }
  std::shared_ptr<std::byte[]> memory;
  std::span<const std::byte> span;
};

/// Adds nodes in execution order, with inferred types.
class Builder {
 public:
  explicit Builder(std::string name) { graph_.name = std::move(name); }

  ir::ValueId input(std::string name, Shape shape, DataType type = DataType::Float32) {
    const auto id =
        graph_.addValue({std::move(name), {type, shape}, ops::StorageOrder::ChannelsLast});
    graph_.inputs.push_back(id);
    return id;
  }
  ir::ValueId weights(Shape shape, int seed) {
    std::vector<float> values(static_cast<size_t>(shape.elements()));
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>((i * 7 + static_cast<size_t>(seed) * 5) % 23) / 64 - 0.17f;
    return graph_.addFloats("w" + std::to_string(graph_.values.size()), shape, values);
  }
  template <class Op>
  ir::ValueId add(Op op, std::vector<ir::ValueId> inputs) {
    const std::string name = op.name() + std::to_string(graph_.nodes.size());
    ir::Node node{name, std::make_unique<Op>(std::move(op)), std::move(inputs), {}};
    const auto types = node.op->inferShape(graph_.inputTypes(node));
    if (!types) throw std::runtime_error(name + ": " + types.error().message);
    node.outputs = {graph_.addValue({name, (*types)[0], ops::StorageOrder::ChannelsLast})};
    graph_.nodes.push_back(std::move(node));
    return graph_.nodes.back().outputs[0];
  }
  ir::ValueId conv(ir::ValueId x, int64_t in, int64_t out, int64_t kernel, int64_t stride,
                   int64_t groups, int seed) {
    ops::Conv op;
    op.kernel = {kernel, kernel};
    op.strides = {stride, stride};
    op.dilations = {1, 1};
    op.padsBegin = op.padsEnd = {kernel / 2, kernel / 2};
    op.groups = groups;
    op.epilogue.fn = ops::UnaryFn::Relu;
    return add(std::move(op), {x, weights({out, in / groups, kernel, kernel}, seed)});
  }
  ir::Graph finish(ir::ValueId out) {
    graph_.outputs = {out};
    graph_.outputNames = {"out"};
    return std::move(graph_);
  }

 private:
  ir::Graph graph_;
};

/// A small CNN on "x", 1x4xHxW: an inverted residual, a pooled branch beside it, and with odd seeds
/// a resized one; width, depth and size depend on the seed.
inline ir::Graph smallNetwork(int seed) {
  const int64_t side = 12 + 2 * (seed % 6), wide = 8 + 4 * (seed % 3);
  Builder b("small-" + std::to_string(seed));
  ir::ValueId x = b.conv(b.input("x", {1, 4, side, side}), 4, 8, 3, 1, 1, seed);
  for (int block = 0; block <= seed % 3; ++block) {
    ir::ValueId y = b.conv(x, 8, wide, 1, 1, 1, seed + 1);
    y = b.conv(y, wide, wide, 3, 1, wide, seed + 2);
    y = b.conv(y, wide, 8, 1, 1, 1, seed + 3);
    ops::Binary sum;
    sum.fn = ops::BinaryFn::Add;
    x = b.add(sum, {x, y});
  }
  ops::Pool pool;
  pool.kernel = {2, 2};
  pool.strides = {2, 2};
  pool.dilations = {1, 1};
  pool.padsBegin = pool.padsEnd = {0, 0};
  ir::ValueId left = b.add(pool, {x});
  ir::ValueId right = b.conv(x, 8, 6, 3, 2, 1, seed + 4);
  if (seed % 2 == 1) {
    ops::Resize twice;
    twice.scales = {1, 1, 2, 2};
    left = b.add(twice, {left});
    right = b.add(twice, {right});
  }
  ops::Concat concat;
  concat.axis = 1;
  return b.finish(b.conv(b.add(concat, {left, right}), 14, 5, 1, 1, 1, seed + 5));
}

/// The branches of such a network that meet in its Concat, as paths.
inline std::vector<PathOptions> branchesOf(const Session& session) {
  std::vector<PathOptions> paths;
  for (const OperatorInfo& op : session.operators()) {
    if (op.type != "Concat") continue;
    for (const OperandInfo& input : session.operands(op.index).inputs)
      paths.push_back({.to = {std::string(input.name)}});
  }
  return paths;
}

inline void writeInput(Frame& frame, float start) {
  const TensorView in = frame.input(0);
  float* data = in.as<float>();
  for (int64_t i = 0; i < in.elements(); ++i)
    data[i] = start + 0.03125f * static_cast<float>(i % 37);
}

inline std::vector<float> outputOf(const Frame& frame) {
  const TensorView out = frame.output(0);
  std::vector<float> plain(static_cast<size_t>(out.elements()));
  copyTensor(out, {{out.type, out.shape, plainStrides(out.shape)}, plain.data()});
  return plain;
}

inline std::vector<float> runFrame(Frame& frame, float start) {
  writeInput(frame, start);
  return frame.run() ? outputOf(frame) : std::vector<float>();
}

/// All of output 0; empty if beginning or running fails.
inline std::vector<float> runOnce(Session& session, float start) {
  auto frame = session.begin();
  return frame ? runFrame(*frame, start) : std::vector<float>();
}

}  // namespace minnow::test
