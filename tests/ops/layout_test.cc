// What operators say of storage orders and weights (LayoutRole, takesWeights), held against what
// the layout pass and the kernels make of it, for every operator case.
#include <gtest/gtest.h>

#include <map>

#include "backend/cpu/kernel_table.h"
#include "ops/batch_normalization.h"
#include "ops/group_normalization.h"
#include "ops/pool.h"
#include "ops/softmax.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"
#include "tests/ops/op_case.h"
#include "tests/ops/test_tensor.h"

namespace minnow::passes {
Result<int> assignLayout(ir::Graph& graph, sizes::Budget& budget);
}

namespace minnow::optest {
namespace {

using ops::LayoutRole;
using ops::StorageOrder;

/// What spatial operators take.
bool isImage(const TensorType& type) {
  const int rank = type.shape.rank();
  return type.type == DataType::Float32 && rank >= 3 && rank <= 5 && type.shape.elements() > 0;
}

/// A case's operator as a graph. Images come from windows of one element and go to such windows:
/// they change nothing, and want channels-last.
class CaseGraph {
 public:
  ir::Graph graph;
  std::vector<passes::Tensor> inputs;

  CaseGraph(const OpCase& c, bool othersAreConstant) {
    std::vector<ir::ValueId> operands;
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      const OpInput& input = c.inputs[i];
      const bool constant = input.weights || (i > 0 && othersAreConstant);
      operands.push_back(input.absent ? ir::kNoValue
                                      : add(filled(input, c.name, static_cast<int>(i)), constant));
    }
    for (const ir::ValueId id : append(c.op->clone(), operands)) output(passedOn(id));
  }

 private:
  ir::ValueId add(const TestTensor& tensor, bool constant) {
    const TensorView& view = tensor.view();
    const TensorType type{view.type, view.shape};
    const std::span bytes(view.as<const std::byte>(), view.bytes());
    const std::string name = "v" + std::to_string(graph.values.size());
    if (constant) return graph.addConstant(name, type, bytes);
    graph.inputs.push_back(graph.addValue({name, type}));
    inputs.emplace_back(type);
    copyTensor(view, inputs.back().view());
    return passedOn(graph.inputs.back());
  }

  ir::ValueId passedOn(ir::ValueId id) {
    const TensorType& type = graph.values[id].type;
    if (!isImage(type)) return id;
    auto pool = std::make_unique<ops::Pool>();
    const auto axes = static_cast<size_t>(type.shape.rank() - 2);
    pool->kernel = pool->strides = pool->dilations = std::vector<int64_t>(axes, 1);
    pool->padsBegin = pool->padsEnd = std::vector<int64_t>(axes, 0);
    return append(std::move(pool), {id})[0];
  }

  std::vector<ir::ValueId> append(std::unique_ptr<ops::Operator> op,
                                  const std::vector<ir::ValueId>& operands) {
    ir::Node node{"n" + std::to_string(graph.nodes.size()), std::move(op), operands, {}};
    const auto types = node.op->inferShape(graph.inputTypes(node)).value();
    for (const TensorType& type : types)
      node.outputs.push_back(graph.addValue({"v" + std::to_string(graph.values.size()), type}));
    graph.nodes.push_back(std::move(node));
    return graph.nodes.back().outputs;
  }

  void output(ir::ValueId id) {
    graph.outputs.push_back(id);
    graph.outputNames.push_back(graph.values[id].name.str());
  }
};

std::vector<TensorType> typesOf(const OpCase& c) {
  std::vector<TensorType> types;
  for (const OpInput& input : c.inputs)
    types.push_back(input.absent ? TensorType{} : TensorType{input.type, input.shape});
  return types;
}

/// True if another kernel than the reference computes a case whose images all have one order.
bool fastKernel(const OpCase& c, StorageOrder order) {
  const auto viewOf = [&](const TensorType& type, bool weights) {
    if (type.type == DataType::Undefined) return TensorView{};
    const bool image = type.shape.rank() >= 3 && !weights;
    return TensorView{
        {type.type, type.shape, stridesIn(image ? order : StorageOrder::Plain, type.shape)},
        nullptr};
  };
  std::vector<TensorView> inputs, outputs;
  const std::vector<TensorType> types = typesOf(c);
  for (size_t i = 0; i < types.size(); ++i) inputs.push_back(viewOf(types[i], c.inputs[i].weights));
  const auto outputTypes = c.op->inferShape(types).value();
  for (const TensorType& type : outputTypes) outputs.push_back(viewOf(type, false));
  const char* name = backend::cpu::chooseKernel(*c.op, inputs, outputs).name;
  return name != std::string_view("reference");
}

/// What has a fast kernel for row-major storage alone: groups of several channels, whose elements
/// lie apart otherwise, and Softmax over several axes, as before opset 13.
bool isRowMajorAlone(const OpCase& c) {
  const Shape& x = c.inputs[0].shape;
  if (const auto* norm = ops::cast<ops::GroupNormalization>(*c.op)) return norm->groupsOf(x) < x[1];
  const auto* softmax = ops::cast<ops::Softmax>(*c.op);
  return softmax && softmax->trailing;
}

/// True if nothing is left of an operator that has a constant for each channel as its other inputs.
template <class Op>
bool foldsBehindConvolution(Op op, size_t constants) {
  passes::GraphBuilder b;
  std::vector<ir::ValueId> operands{
      b.add(passes::convOf(1, 1, 0), {b.input({1, 3, 4, 4}), b.random({4, 3, 1, 1})})};
  while (operands.size() <= constants) operands.push_back(b.random({4}, 1, 2));
  b.output(b.add(op, operands));
  EXPECT_TRUE(passes::runPasses(b.graph, {}));
  return std::ranges::none_of(b.graph.nodes, [](const ir::Node& node) { return node.as<Op>(); });
}

class LayoutFacts : public testing::TestWithParam<OpCase> {};

}  // namespace

TEST_P(LayoutFacts, ThePassKeepsEveryBit) {
  const OpCase& c = GetParam();
  if (c.fails || c.op->facts().sizesFromData) return;
  for (const bool othersAreConstant : {false, true}) {
    CaseGraph made(c, othersAreConstant);
    ASSERT_TRUE(made.graph.verify()) << made.graph.verify().error().message;
    const auto before = passes::runGraph(made.graph, made.inputs);
    sizes::Budget budget;
    ASSERT_TRUE(passes::assignLayout(made.graph, budget));
    const auto sound = made.graph.verify();
    ASSERT_TRUE(sound) << sound.error().message;
    const auto after = passes::runGraph(made.graph, made.inputs);
    for (size_t i = 0; i < before.size(); ++i)
      EXPECT_EQ(firstDifference(before[i].view(), after[i].view()), "") << "output " << i;
  }
}

// Where the role makes an operator's tensors channels-last, no fast kernel is lost.
TEST_P(LayoutFacts, KernelsTakeTheOrderOfTheRole) {
  const OpCase& c = GetParam();
  if (c.op->facts().layoutRole == LayoutRole::Other) return;
  if (fastKernel(c, StorageOrder::Plain) && !isRowMajorAlone(c)) {
    EXPECT_TRUE(fastKernel(c, StorageOrder::ChannelsLast));
  }
}

// Scores that a transposition turned lie neither along the axis nor across it, as those of YOLO's
// boxes: sixteen shares of four sides of all places.
TEST(SoftmaxOfAView, HasAFastKernel) {
  ops::Softmax softmax;
  softmax.axis = 1;
  const Shape shape{1, 16, 4, 2100};
  const TensorView turned{{DataType::Float32, shape, {134400, 1, 16, 64}}, nullptr};
  for (const StorageOrder order : {StorageOrder::Plain, StorageOrder::ChannelsLast}) {
    const TensorView y{{DataType::Float32, shape, stridesIn(order, shape)}, nullptr};
    EXPECT_STREQ(backend::cpu::chooseKernel(softmax, {&turned, 1}, {&y, 1}).name, "softmax-simd");
  }
}

INSTANTIATE_TEST_SUITE_P(All, LayoutFacts, testing::ValuesIn(allCases()),
                         [](const auto& info) { return info.param.name; });

// An operator takes weights if kernels have a packed form of them or passes fold into them, and in
// no other case: a pass takes it away, with its weights, behind a convolution.
TEST(WeightFacts, WhatTakesWeightsPacksOrFoldsThem) {
  std::map<std::string, bool> packs, takes;
  for (const OpCase& c : allCases()) {
    const std::vector<TensorType> types = typesOf(c);
    bool& found = packs[c.op->name()];
    takes[c.op->name()] = c.op->facts().takesWeights;
    const auto outputs = c.op->inferShape(types);
    found = found || (outputs && c.op->linearAxes(types, *outputs));
    for (size_t i = 1; i < types.size(); ++i) {
      const Shape& shape = types[i].shape;
      const auto matrices = c.op->weightMatrices(static_cast<int>(i), shape, plainStrides(shape));
      found = found || (types[i].type != DataType::Undefined && matrices);
    }
  }
  packs["BatchNormalization"] = foldsBehindConvolution(ops::BatchNormalization(), 4);
  EXPECT_EQ(takes, packs);
}

}  // namespace minnow::optest
