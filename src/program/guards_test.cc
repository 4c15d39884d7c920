// Which steps a condition guards: those whose results only one of its branches reads.
#include "program/guards.h"

#include <gtest/gtest.h>

#include "ops/select.h"
#include "ops/unary.h"
#include "program/paths.h"

namespace minnow::program {
namespace {

using ir::ValueId;

class Branches {
 public:
  Branches() {
    x = add(DataType::Float32), c = add(DataType::Bool), d = add(DataType::Bool);
    graph.inputs = {x, c, d};
  }
  ValueId negated(ValueId of, ops::UnaryFn fn = ops::UnaryFn::Neg) {
    auto op = std::make_unique<ops::Unary>();
    op->fn = fn;
    return node(std::move(op), {of}, graph.values[of].type.type);
  }
  ValueId chosen(ValueId condition, ValueId yes, ValueId no) {
    return node(std::make_unique<ops::Choose>(), {condition, yes, no}, DataType::Float32);
  }
  /// By step: the conditions that let it run, from the outermost, 'C' for one that must not hold.
  std::vector<std::string> guards(ValueId output, int chained = -1,
                                  const planning::Order& order = {}) {
    graph.outputs = {output};
    std::vector<int> chainOf(graph.nodes.size(), -1);
    if (chained >= 0) chainOf[static_cast<size_t>(chained)] = 0;
    const Guards found = findGuards(graph, chainOf, order);
    std::vector<std::string> words;
    for (int32_t guard : found.ofStep) {
      std::string& word = words.emplace_back();
      for (; guard >= 0; guard = found.all[guard].outer) {
        const Guard& one = found.all[guard];
        const char letter = one.condition == c ? 'c' : one.condition == d ? 'd' : 'n';
        word.insert(word.begin(), one.wanted ? letter : static_cast<char>(letter + ('A' - 'a')));
      }
    }
    return words;
  }

  ir::Graph graph;
  ValueId x, c, d;

 private:
  ValueId add(DataType type) { return graph.addValue({"v", {type, {1}}}); }
  ValueId node(std::unique_ptr<ops::Operator> op, std::vector<ValueId> inputs, DataType type) {
    const ValueId out = add(type);
    graph.nodes.push_back({"n", std::move(op), std::move(inputs), {out}});
    return out;
  }
};

using Words = std::vector<std::string>;

TEST(Guards, AreOfWhatOneBranchReads) {
  Branches b;
  const ValueId yes = b.negated(b.negated(b.x)), no = b.negated(b.x);
  EXPECT_EQ(b.guards(b.chosen(b.c, yes, no)), (Words{"c", "c", "C", ""}));
}

TEST(Guards, LieWithinOthers) {
  Branches b;
  const ValueId shared = b.negated(b.x);  // by both inner branches
  const ValueId yes = b.negated(shared), no = b.negated(shared);
  const ValueId inner = b.chosen(b.d, yes, no);
  EXPECT_EQ(b.guards(b.chosen(b.c, inner, b.negated(b.x))), (Words{"c", "cd", "cD", "c", "C", ""}));
}

TEST(Guards, AreOfNothingThatOthersRead) {
  Branches b;
  const ValueId all = b.negated(b.x);
  const ValueId one = b.chosen(b.c, all, b.negated(all));
  EXPECT_EQ(b.guards(b.chosen(b.d, one, all)), (Words{"", "dC", "d", ""}));
}

TEST(Guards, WaitForTheirConditions) {
  Branches b;
  const ValueId early = b.negated(b.x);
  const ValueId condition = b.negated(b.c, ops::UnaryFn::Not);
  const ValueId late = b.negated(early);
  EXPECT_EQ(b.guards(b.chosen(condition, late, b.x)), (Words{"", "", "n", ""}));
}

TEST(Guards, LeaveChainsAlone) {
  Branches b;
  const ValueId yes = b.negated(b.negated(b.x));
  EXPECT_EQ(b.guards(b.chosen(b.c, yes, b.x), 1), (Words{"", "", ""}));
}

TEST(Guards, AreNoneWhereALaneComputesTheConditionBeside) {
  Branches b;
  const ValueId condition = b.negated(b.c, ops::UnaryFn::Not);
  const ValueId late = b.negated(b.x);
  const ValueId all = b.chosen(condition, late, b.x);
  EXPECT_EQ(b.guards(all), (Words{"", "n", ""}));
  EXPECT_EQ(b.guards(all, -1, {{{0, 1}}, {0, 0, -1}, {0, 1, 0}, {}}), (Words{"", "", ""}));
}

// A branch may fail on data that it is not made for, so its path waits for the condition.
TEST(Guards, ArePathsNeeds) {
  Branches b;
  const ValueId condition = b.negated(b.c, ops::UnaryFn::Not);
  const ValueId late = b.negated(b.x);
  b.graph.outputs = {b.chosen(condition, late, b.x)};
  const std::vector<TensorType> types(b.graph.values.size(), {DataType::Float32, {1}});
  const std::vector<Path> paths(2);
  const std::vector<int> pathOf{0, 1, -1};
  const Lanes lanes = putInLanes(b.graph, types, paths, pathOf, {}, 2);
  EXPECT_EQ(lanes.oldStep, (std::vector<int>{0, 1, 2}));
  EXPECT_TRUE(lanes.order.isBefore(0, 1));
  EXPECT_EQ(lanes.order.stages.size(), 2U);
}

TEST(Guards, AreNoneWithoutABranch) {
  Branches b;
  EXPECT_TRUE(b.guards(b.negated(b.x)).empty());
}

}  // namespace
}  // namespace minnow::program
