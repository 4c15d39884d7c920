// For tests: runs a graph with the reference kernels, each value in memory of its own and in its
// own layout.
#pragma once

#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <memory>
#include <random>
#include <vector>

#include "base/aligned.h"
#include "ir/graph.h"
#include "kernels/kernel.h"
#include "ops/transpose.h"
#include "ops/unary.h"
#include "sizes/budget.h"

namespace minnow::passes {

/// A row-major tensor.
struct Tensor {
  TensorType type;
  std::shared_ptr<std::byte[]> bytes;

  explicit Tensor(TensorType t)
      : type(t),
        bytes(base::alignedBytes(static_cast<size_t>(t.shape.elements()) * elementSize(t.type))) {}
  TensorView view() const {
    return {{type.type, type.shape, plainStrides(type.shape)}, bytes.get()};
  }
  std::span<float> floats() const {
    return {reinterpret_cast<float*>(bytes.get()), static_cast<size_t>(type.shape.elements())};
  }
};

inline Result<void> runNode(const ir::Node& node, std::vector<TensorView>& views,
                            std::vector<std::shared_ptr<std::byte[]>>& memory,
                            const ir::Graph& graph) {
  std::vector<TensorView> in, out;
  for (const ir::ValueId id : node.inputs)
    in.push_back(id == ir::kNoValue ? TensorView{} : views[id]);
  for (const ir::ValueId id : node.outputs) {
    if (id == ir::kNoValue) {
      out.push_back({});
      continue;
    }
    views[id] = graph.values[id].view();
    memory.push_back(base::alignedBytes(views[id].bytes()));
    views[id].data = memory.back().get();
    out.push_back(views[id]);
  }
  std::shared_ptr<std::byte[]> workspace;
  size_t bytes = 0;
  if (const auto need = kernels::reference::findWorkspace(node.op->kind())) {
    bytes = need(*node.op, in, out, 1);
    workspace = base::alignedBytes(bytes);
  }
  base::Team team;
  return kernels::reference::find(node.op->kind())(*node.op,
                                                   {in, out, {workspace.get(), bytes}, &team});
}

/// The outputs, row-major.
inline std::vector<Tensor> runGraph(const ir::Graph& graph, const std::vector<Tensor>& inputs) {
  std::vector<TensorView> views(graph.values.size());
  std::vector<std::shared_ptr<std::byte[]>> memory;
  for (size_t v = 0; v < views.size(); ++v)
    if (graph.values[v].isConstant()) views[v] = graph.values[v].view();
  for (size_t i = 0; i < inputs.size(); ++i) views[graph.inputs[i]] = inputs[i].view();
  for (const ir::Node& node : graph.nodes)
    if (auto ok = runNode(node, views, memory, graph); !ok)
      ADD_FAILURE() << node.name.view() << ": " << ok.error().message;
  std::vector<Tensor> outputs;
  for (const ir::ValueId id : graph.outputs) {
    outputs.emplace_back(graph.values[id].type);
    copyTensor(views[id], outputs.back().view());
  }
  return outputs;
}

/// Random inputs for every float input.
inline std::vector<Tensor> randomInputs(const ir::Graph& graph, unsigned seed) {
  std::mt19937 random(seed);
  std::uniform_real_distribution<float> uniform(-4, 4);
  std::vector<Tensor> inputs;
  for (const ir::ValueId id : graph.inputs) {
    inputs.emplace_back(graph.values[id].type);
    for (float& x : inputs.back().floats()) x = uniform(random);
  }
  return inputs;
}

/// Fails unless both graphs give nearly the same outputs.
inline void expectSameResults(const ir::Graph& before, const ir::Graph& after, unsigned seed = 1) {
  const std::vector<Tensor> inputs = randomInputs(before, seed);
  const std::vector<Tensor> a = runGraph(before, inputs), b = runGraph(after, inputs);
  ASSERT_EQ(a.size(), b.size());
  for (size_t o = 0; o < a.size(); ++o) {
    ASSERT_EQ(a[o].type, b[o].type);
    if (a[o].type.type != DataType::Float32) continue;
    for (size_t i = 0; i < a[o].floats().size(); ++i) {
      const float x = a[o].floats()[i], y = b[o].floats()[i];
      ASSERT_TRUE(x == y || std::abs(x - y) <= 2e-5f + 1e-4f * std::abs(x))
          << "output " << o << " element " << i << ": " << x << " became " << y;
    }
  }
}

/// Builds graphs in few words: each call adds a node and returns its first output.
class GraphBuilder {
 public:
  explicit GraphBuilder(unsigned seed = 1) : random_(seed) {}
  ir::Graph graph;

  ir::ValueId input(const Shape& shape) {
    const ir::ValueId id =
        graph.addValue({"in" + std::to_string(graph.inputs.size()), {DataType::Float32, shape}});
    graph.inputs.push_back(id);
    return id;
  }
  ir::ValueId floats(const Shape& shape, std::vector<float> values) {
    return graph.addFloats("c" + std::to_string(graph.values.size()), shape, values);
  }
  ir::ValueId scalar(float x) { return floats({}, {x}); }
  ir::ValueId random(const Shape& shape, float low = -1, float high = 1) {
    std::uniform_real_distribution<float> uniform(low, high);
    std::vector<float> values(static_cast<size_t>(shape.elements()));
    for (float& x : values) x = uniform(random_);
    return floats(shape, values);
  }
  template <class Op>
  ir::ValueId add(Op op, std::vector<ir::ValueId> inputs, const std::string& source = "") {
    return addMany(std::move(op), std::move(inputs), 1, source)[0];
  }
  template <class Op>
  std::vector<ir::ValueId> addMany(Op op, std::vector<ir::ValueId> inputs, size_t outputs,
                                   const std::string& source = "") {
    ir::Node node{"n" + std::to_string(graph.nodes.size()),
                  std::make_unique<Op>(std::move(op)),
                  std::move(inputs),
                  {},
                  source};
    const auto types = node.op->inferShape(graph.inputTypes(node));
    EXPECT_TRUE(types) << (types ? "" : types.error().message);
    for (size_t i = 0; i < outputs; ++i)
      node.outputs.push_back(graph.addValue(
          {node.name + "_" + std::to_string(i), types ? (*types)[i] : TensorType()}));
    graph.nodes.push_back(std::move(node));
    return graph.nodes.back().outputs;
  }
  void output(ir::ValueId id) {
    graph.outputs.push_back(id);
    graph.outputNames.push_back("out" + std::to_string(graph.outputs.size() - 1));
  }
  std::mt19937& generator() { return random_; }

 private:
  std::mt19937 random_;
};

/// Kinds of the graph's operators in order: "Conv Relu".
inline std::string kinds(const ir::Graph& graph) {
  std::string list;
  for (const ir::Node& node : graph.nodes) list += (list.empty() ? "" : " ") + node.op->name();
  return list;
}

inline ops::Unary unary(ops::UnaryFn fn, float alpha = 0, float beta = 0) {
  ops::Unary op;
  op.fn = fn;
  op.alpha = alpha;
  op.beta = beta;
  return op;
}
inline ops::Transpose transpose(std::vector<int64_t> perm) {
  ops::Transpose op;
  op.perm = std::move(perm);
  return op;
}

/// Runs one pass, checks that results stay, and tells the operators that are left.
inline std::string after(ir::Graph& graph, Result<int> (*pass)(ir::Graph&, sizes::Budget&)) {
  const ir::Graph before = graph.clone();
  sizes::Budget budget;
  const auto done = pass(graph, budget);
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  graph.removeDead();
  const auto sound = graph.verify();
  EXPECT_TRUE(sound) << (sound ? "" : sound.error().message);
  expectSameResults(before, graph);
  return kinds(graph);
}

}  // namespace minnow::passes
