// remove-dead, fold-constants, remove-identity, and the list of passes.

#include "ops/concat.h"
#include "ops/expand.h"
#include "ops/pad.h"
#include "ops/reshape.h"
#include "ops/slice.h"
#include "passes/pass_list.h"
#include "passes/rewriter.h"
#include "passes/test_run.h"

namespace minnow::passes {

Result<int> foldConstants(ir::Graph&, sizes::Budget&);
Result<int> removeIdentity(ir::Graph&, sizes::Budget&);

namespace {

TEST(RemoveIdentity, KeepsTheLastCopyOfAnInput) {
  GraphBuilder b;
  const auto x = b.input({2, 3});
  b.output(b.add(unary(ops::UnaryFn::Identity), {x}));
  EXPECT_EQ(after(b.graph, removeIdentity), "Identity");
}

/// In a time that grows with the line, and on a stack that does not.
TEST(RemoveIdentity, AVeryLongLine) {
  GraphBuilder b;
  auto x = b.input({2});
  for (int n = 0; n < 100'000; ++n)
    x = b.add(unary(n % 2 == 0 ? ops::UnaryFn::Identity : ops::UnaryFn::Relu), {x});
  b.output(x);
  sizes::Budget budget;
  EXPECT_EQ(removeIdentity(b.graph, budget).value(), 50'000);
}

TEST(Rewriter, DropsALineThatNobodyReads) {
  GraphBuilder b;
  const auto x = b.input({2});
  auto y = x;
  for (int n = 0; n < 200'000; ++n) y = b.add(unary(ops::UnaryFn::Relu), {y});
  b.output(b.add(unary(ops::UnaryFn::Sigmoid), {y}));
  Rewriter rewriter(b.graph);
  rewriter.setInputs(200'000, {x});
  for (int n = 0; n < 200'000; ++n) ASSERT_TRUE(rewriter.node(n).outputs.empty()) << n;
  EXPECT_EQ(rewriter.readers(x), std::vector<int>{200'000});
}

TEST(RemoveIdentity, InTheMiddleAndAtTheEnd) {
  GraphBuilder b;
  const auto x = b.input({2, 3});
  const auto y = b.add(unary(ops::UnaryFn::Relu), {b.add(unary(ops::UnaryFn::Identity), {x})});
  ops::Pad pad;
  pad.padsBegin = pad.padsEnd = {0, 0};
  b.output(b.add(unary(ops::UnaryFn::Identity), {b.add(pad, {y})}));
  EXPECT_EQ(after(b.graph, removeIdentity), "Relu");
}

TEST(RemoveIdentity, TransposesThatUndoEachOther) {
  GraphBuilder b;
  const auto x = b.add(unary(ops::UnaryFn::Relu), {b.input({2, 3, 4, 5})});
  const auto there = b.add(transpose({0, 2, 3, 1}), {x});
  b.output(b.add(unary(ops::UnaryFn::Sigmoid), {b.add(transpose({0, 3, 1, 2}), {there})}));
  EXPECT_EQ(after(b.graph, removeIdentity), "Relu Sigmoid");
}

TEST(RemoveIdentity, TransposesThatDoNot) {
  GraphBuilder b;
  const auto there = b.add(transpose({0, 2, 3, 1}), {b.input({2, 3, 4, 5})});
  b.output(b.add(transpose({1, 0, 3, 2}), {there}));
  EXPECT_EQ(after(b.graph, removeIdentity), "Transpose");
}

TEST(RemoveIdentity, WhatIsOneForTheseShapesAloneStays) {
  GraphBuilder b;
  ops::Reshape there, back;
  there.shape = {6, -1};
  back.shape = {2, 3, 4};
  const auto x = b.add(unary(ops::UnaryFn::Relu), {b.input({2, 3, 4})});
  b.output(b.add(unary(ops::UnaryFn::Relu), {b.add(back, {b.add(there, {x})})}));
  EXPECT_EQ(after(b.graph, removeIdentity), "Relu Reshape Reshape Relu");
}

TEST(RemoveIdentity, WhatSizesDecideStays) {
  GraphBuilder b;
  ops::Tile tile;
  tile.repeats = {1, 1};
  b.output(b.add(unary(ops::UnaryFn::Relu), {b.add(tile, {b.input({2, 3})})}));
  b.graph.nodes[0].settings = {{"repeats", 0}};
  EXPECT_EQ(after(b.graph, removeIdentity), "Tile Relu");
}

TEST(FoldConstants, ChainsOfConstants) {
  GraphBuilder b;
  const auto c = b.add(unary(ops::UnaryFn::Sigmoid), {b.random({1, 3})});
  ops::Concat concat;
  concat.axis = 0;
  b.output(b.add(concat, {b.input({2, 3}), b.add(unary(ops::UnaryFn::Relu), {c})}));
  EXPECT_EQ(after(b.graph, foldConstants), "Concat");
}

TEST(FoldConstants, LeavesWhatWouldBlowUpTheFile) {
  GraphBuilder b;
  ops::Expand expand;
  expand.shape = {1000, 1000};
  b.output(b.add(expand, {b.random({1, 1000})}));
  EXPECT_EQ(after(b.graph, foldConstants), "Expand");
}

TEST(PassList, UnknownNamesAreErrors) {
  ir::Graph graph;
  const std::vector<std::string> names{"fuse-everything"};
  EXPECT_EQ(runPasses(graph, names).error().code, ErrorCode::NotFound);
}

TEST(PassList, ReportsEveryPassButTheDisabled) {
  GraphBuilder b;
  b.output(
      b.add(unary(ops::UnaryFn::Relu), {b.add(unary(ops::UnaryFn::Identity), {b.input({2})})}));
  std::vector<PassReport> report;
  const std::vector<std::string> names{"fold-constants"};
  ASSERT_TRUE(runPasses(b.graph, names, &report));
  EXPECT_EQ(report.size(), allPasses().size() - 1);
  EXPECT_EQ(report[0].name, "remove-dead");
  EXPECT_EQ(report[0].operatorsBefore, 2);
  EXPECT_EQ(report.back().operatorsAfter, 1);
}

}  // namespace
}  // namespace minnow::passes
