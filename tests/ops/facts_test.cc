// What operators say of themselves (ops/operator.h), held against what their kernels do and what
// their attributes are, for every operator case and kernel.
#include <gtest/gtest.h>

#include <algorithm>

#include "backend/cpu/kernel_table.h"
#include "base/team.h"
#include "base/threads.h"
#include "kernels/movement.h"
#include "ops/cast.h"
#include "ops/concat.h"
#include "ops/expand.h"
#include "ops/pad.h"
#include "ops/reshape.h"
#include "ops/slice.h"
#include "ops/split.h"
#include "ops/transpose.h"
#include "ops/unary.h"
#include "tests/ops/op_case.h"
#include "tests/ops/test_tensor.h"

namespace minnow::optest {
namespace {

/// A case's tensors, row-major.
struct Tensors {
  std::vector<TestTensor> inputs, outputs;
  std::vector<TensorType> types;
  ops::TensorTypes outputTypes;

  explicit Tensors(const OpCase& c) {
    for (size_t i = 0; i < c.inputs.size(); ++i) {
      const OpInput& input = c.inputs[i];
      inputs.push_back(input.absent ? TestTensor() : filled(input, c.name, static_cast<int>(i)));
      types.push_back(input.absent ? TensorType{} : TensorType{input.type, input.shape});
    }
    outputTypes = c.op->inferShape(types).value();
    for (const TensorType& type : outputTypes) outputs.emplace_back(type, Storing::Plain);
  }

  static std::vector<TensorView> viewsOf(const std::vector<TestTensor>& tensors) {
    std::vector<TensorView> views;
    for (const TestTensor& tensor : tensors) views.push_back(tensor.view());
    return views;
  }
};

/// Every kernel there is for these tensors: the reference, and what the table chooses.
std::vector<backend::KernelRow> kernelsFor(const ops::Operator& op,
                                           std::span<const TensorView> inputs,
                                           std::span<const TensorView> outputs) {
  return {backend::referenceRow(op.kind()), backend::cpu::chooseKernel(op, inputs, outputs)};
}

/// Views of the outputs as the kernel leaves them; empty if it fails.
std::vector<TensorView> run(const backend::KernelRow& row, const ops::Operator& op,
                            const std::vector<TensorView>& inputs,
                            std::vector<TensorView> outputs) {
  base::Team team;
  FencedBytes workspace(row.workspace ? row.workspace(op, inputs, outputs, 1) : 0);
  const base::DenormalsFlushed flushed;
  if (!row.run(op, {inputs, outputs, workspace.bytes(), &team})) return {};
  return outputs;
}

class Facts : public testing::TestWithParam<OpCase> {
 protected:
  const ops::Operator& op() const { return *GetParam().op; }
};

}  // namespace

TEST_P(Facts, IdentitiesHandTheirInputOn) {
  if (GetParam().fails) return;
  Tensors t(GetParam());
  if (!op().isIdentity(t.types) || t.types[0] != t.outputTypes[0]) return;
  const auto inputs = Tensors::viewsOf(t.inputs), outputs = Tensors::viewsOf(t.outputs);
  for (const auto& row : kernelsFor(op(), inputs, outputs)) {
    const auto found = run(row, op(), inputs, outputs);
    ASSERT_FALSE(found.empty()) << row.name;
    EXPECT_EQ(firstDifference(inputs[0], found[0]), "") << row.name;
  }
}

TEST_P(Facts, OutputsThatMayLackAreLeftOut) {
  if (GetParam().fails) return;
  Tensors t(GetParam());
  const auto inputs = Tensors::viewsOf(t.inputs), outputs = Tensors::viewsOf(t.outputs);
  const auto expected = run(backend::referenceRow(op().kind()), op(), inputs, outputs);
  ASSERT_FALSE(expected.empty());
  for (size_t absent = 0; absent < outputs.size() && outputs.size() > 1; ++absent) {
    if (!op().mayLackOutput(static_cast<int>(absent))) continue;
    Tensors fresh(GetParam());
    auto fewer = Tensors::viewsOf(fresh.outputs);
    fewer[absent] = {};
    for (const auto& row : kernelsFor(op(), inputs, fewer)) {
      const auto found = run(row, op(), inputs, fewer);
      ASSERT_EQ(found.size(), outputs.size()) << row.name << " without output " << absent;
      for (size_t i = 0; i < found.size(); ++i)
        if (i != absent) {
          EXPECT_EQ(firstDifference(expected[i], found[i]), "")
              << row.name << ": output " << i << " without output " << absent;
        }
    }
  }
}

// All elements that may move are ones: then so are all results.
TEST_P(Facts, MovedElementsAreAllThatThereIs) {
  if (GetParam().fails || GetParam().inputs.empty() || !op().movesElements(0)) return;
  OpCase ones = GetParam();
  for (size_t i = 0; i < ones.inputs.size(); ++i) {
    OpInput& input = ones.inputs[i];
    if (!op().movesElements(static_cast<int>(i))) continue;
    input.fill = Fill::Given;
    input.given.assign(static_cast<size_t>(input.shape.elements()), 1.0);
  }
  Tensors t(ones);
  const auto found = run(backend::referenceRow(op().kind()), op(), Tensors::viewsOf(t.inputs),
                         Tensors::viewsOf(t.outputs));
  ASSERT_FALSE(found.empty());
  for (size_t i = 0; i < found.size(); ++i) {
    const OpInput one{found[i].shape,
                      found[i].type,
                      Fill::Given,
                      1,
                      1,
                      std::vector<double>(static_cast<size_t>(found[i].elements()), 1.0)};
    EXPECT_EQ(firstDifference(filled(one, "ones", 0).view(), found[i]), "") << "output " << i;
  }
}

TEST_P(Facts, WhatJoinsIsItsInputsOneAfterAnother) {
  if (GetParam().fails) return;
  Tensors t(GetParam());
  const auto axis = op().joinsAlong(t.outputTypes[0].shape);
  if (!axis) return;
  const auto found = run(backend::referenceRow(op().kind()), op(), Tensors::viewsOf(t.inputs),
                         Tensors::viewsOf(t.outputs));
  ASSERT_FALSE(found.empty());
  int64_t start = 0;
  for (const TestTensor& input : t.inputs) {
    const int64_t count = input.view().shape[*axis];
    EXPECT_EQ(firstDifference(input.view(), kernels::partOf(found[0], *axis, start, count)), "");
    start += count;
  }
  EXPECT_EQ(start, found[0].shape[*axis]);
}

INSTANTIATE_TEST_SUITE_P(All, Facts, testing::ValuesIn(allCases()),
                         [](const auto& info) { return info.param.name; });

namespace {
template <class Op>
bool isIdentity(Op op, size_t inputs = 1) {
  const std::vector<TensorType> types(inputs, {DataType::Float32, {2, 2}});
  EXPECT_TRUE(op.inferShape(types)) << op.name();
  return op.isIdentity(types);
}

ops::Slice slice(int64_t start, int64_t end, int64_t step) {
  ops::Slice op;
  op.starts = {start}, op.ends = {end}, op.steps = {step}, op.axes = {0};
  return op;
}

ops::Pad shifted(int64_t by) {
  ops::Pad op;
  op.padsBegin = {by, 0}, op.padsEnd = {-by, 0};
  return op;
}

ops::Transpose transpose(std::vector<int64_t> perm) {
  ops::Transpose op;
  op.perm = std::move(perm);
  return op;
}

ops::Reshape reshape(std::vector<int64_t> shape) {
  ops::Reshape op;
  op.shape = std::move(shape);
  return op;
}

ops::Tile tile(int64_t rows) {
  ops::Tile op;
  op.repeats = {rows, 1};
  return op;
}

ops::Split split(int64_t parts) {
  ops::Split op;
  op.parts = parts;
  return op;
}

ops::Unary unary(ops::UnaryFn fn) {
  ops::Unary op;
  op.fn = fn;
  return op;
}
}  // namespace

// What gives a tensor of the input's type, at least for this shape, is not therefore the input.
TEST(FactsOfKinds, IdentitiesAreSoForEveryShape) {
  constexpr int64_t kAnyEnd = INT64_MAX;
  EXPECT_TRUE(isIdentity(transpose({0, 1})));
  EXPECT_FALSE(isIdentity(transpose({1, 0})));
  EXPECT_TRUE(isIdentity(slice(0, kAnyEnd, 1)));
  EXPECT_FALSE(isIdentity(slice(0, 2, 1)));
  EXPECT_FALSE(isIdentity(slice(-1, -kAnyEnd, -1)));
  EXPECT_TRUE(isIdentity(shifted(0)));
  EXPECT_FALSE(isIdentity(shifted(1)));
  EXPECT_TRUE(isIdentity(reshape({0, 0})));
  EXPECT_FALSE(isIdentity(reshape({2, 2})));
  EXPECT_TRUE(isIdentity(tile(1)));
  EXPECT_FALSE(isIdentity(tile(2)));
  EXPECT_TRUE(isIdentity(split(1)));
  EXPECT_FALSE(isIdentity(split(2)));
  EXPECT_TRUE(isIdentity(unary(ops::UnaryFn::Identity)));
  EXPECT_FALSE(isIdentity(unary(ops::UnaryFn::Relu)));
  EXPECT_TRUE(isIdentity(ops::Concat(), 1));
  EXPECT_FALSE(isIdentity(ops::Concat(), 2));
  EXPECT_TRUE(isIdentity(ops::Cast()));
}

// An operator with a fused activation stores it, and says so.
TEST(FactsOfKinds, FusedActivationsAreAttributes) {
  for (int kind = 0; kind < static_cast<int>(ops::OpKind::kCount); ++kind) {
    const auto op = ops::makeOperator(static_cast<ops::OpKind>(kind));
    const bool stored = std::ranges::any_of(
        op->attributes(), [](const auto& attribute) { return attribute.first == "epilogue"; });
    EXPECT_EQ(op->fusedActivation() != nullptr, stored) << op->name();
  }
}

}  // namespace minnow::optest
