// Budgets: exact boundaries, and advice that keeps its promise.
#include "budget.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "random.h"

namespace minnow::tool {
namespace {

const std::vector<ModelNeeds> kThree = {{"a", 10, 100}, {"b", 20, 50}, {"c", 30, 5}};

TEST(Budget, TotalsAreWeightsAndTheLargestPlans) {
  EXPECT_EQ(totalBytes(kThree, 1), 160u);
  EXPECT_EQ(totalBytes(kThree, 2), 210u);
  EXPECT_EQ(totalBytes(kThree, 3), 215u);
  EXPECT_EQ(totalBytes(kThree, 99), 215u);
  EXPECT_EQ(totalBytes({}, 1), 0u);
}

TEST(Budget, SharesAddUp) {
  for (size_t k = 1; k <= 3; ++k) {
    size_t sum = 0;
    for (size_t i = 0; i < kThree.size(); ++i) sum += shareBytes(kThree, k, i);
    EXPECT_NEAR(static_cast<double>(sum), static_cast<double>(totalBytes(kThree, k)), 1.5);
  }
}

TEST(Budget, TheBoundaryIsExact) {
  EXPECT_TRUE(judge(kThree, 1, 160).fits());
  const Verdict tight = judge(kThree, 1, 159);
  EXPECT_FALSE(tight.fits());
  EXPECT_EQ(tight.excess(), 1u);
}

TEST(Budget, FewestModelsAreDropped) {
  EXPECT_EQ(judge(kThree, 1, 159).drop, (std::vector<size_t>{1}));  // loses least: 140 stays
  EXPECT_EQ(judge(kThree, 1, 100).drop, (std::vector<size_t>{0}));
  EXPECT_EQ(judge(kThree, 1, 60).drop, (std::vector<size_t>{0, 1}));
  EXPECT_TRUE(judge(kThree, 1, 34).drop.empty());
}

/// As a runtime counts: of each device's blocks the largest, whoever has the largest arenas.
TEST(Budget, EachDeviceHasItsLargestBlocks) {
  const std::vector<DeviceMemoryReport> ofA{{"cl", 1, 70}}, ofB{{"cl", 2, 30}, {"gl", 4, 500}};
  const std::vector<ModelNeeds> two = {
      budgetNeedsOf("a", {.staticBytes = 10, .dynamicBytes = 100}, ofA),
      budgetNeedsOf("b", {.staticBytes = 20, .dynamicBytes = 200}, ofB)};
  EXPECT_EQ(totalBytes(two, 0), 37U);
  EXPECT_EQ(totalBytes(two, 1), 37U + 200 + 70 + 500);
  EXPECT_EQ(totalBytes(two, 2), 37U + 300 + 100 + 500);
  EXPECT_EQ(shareBytes(two, 2, 0) + shareBytes(two, 2, 1), totalBytes(two, 2));
}

TEST(Budget, WordsAsPromised) {
  const std::vector<ModelNeeds> two = {{"big", 5000000, 20000000}, {"small", 2100000, 3000000}};
  EXPECT_EQ(verdictInWords(two, judge(two, 1, 32000000)), "fits: 27.1 of 32 MB\n");
  const std::string words = verdictInWords(two, judge(two, 2, 24000000));
  EXPECT_TRUE(words.starts_with("does not fit: 30.1 of 24 MB, 6.1 too many\n")) << words;
  EXPECT_NE(words.find("drop: big"), std::string::npos) << words;
  const std::string close = verdictInWords(two, judge(two, 1, 27099999));
  EXPECT_TRUE(close.starts_with("does not fit: 27100000 of 27099999 bytes, 1 too many\n")) << close;
  EXPECT_EQ(verdictInWords({&kThree[0], 1}, judge({&kThree[0], 1}, 1, 1000000)),
            "fits: 0.00011 of 1 MB\n");
}

/// Every set of models, the slow way.
size_t fewestDropped(const std::vector<ModelNeeds>& models, size_t concurrency, size_t budget) {
  size_t best = models.size();
  for (unsigned set = 0; set < 1u << models.size(); ++set) {
    std::vector<ModelNeeds> kept;
    for (size_t i = 0; i < models.size(); ++i)
      if ((set >> i & 1u) != 0) kept.push_back(models[i]);
    if (totalBytes(kept, concurrency) <= budget) best = std::min(best, models.size() - kept.size());
  }
  return best;
}

TEST(Budget, EveryWayOutFits) {
  SplitMix64 random(3);
  for (int trial = 0; trial < 300; ++trial) {
    std::vector<ModelNeeds> models;
    const auto count = 1 + random.next() % 6;
    for (uint64_t i = 0; i < count; ++i)
      models.push_back({"m", random.next() % 40, random.next() % 60});
    const size_t concurrency = 1 + random.next() % 4, budget = 1 + random.next() % 200;
    const Verdict verdict = judge(models, concurrency, budget);
    if (verdict.fits()) continue;
    const size_t fewest = fewestDropped(models, concurrency, budget);
    EXPECT_EQ(verdict.drop.size(), fewest == models.size() ? 0 : fewest);
    if (!verdict.drop.empty()) {
      EXPECT_LE(verdict.afterDrop, budget);
    }
    if (verdict.concurrencyThatFits) {
      EXPECT_LE(totalBytes(models, *verdict.concurrencyThatFits), budget);
      EXPECT_GT(totalBytes(models, *verdict.concurrencyThatFits + 1), budget);
    }
    auto changed = models;
    size_t& plan = changed[verdict.largestPlan].plan;
    plan = verdict.planThatFits.value_or(0);
    EXPECT_EQ(totalBytes(changed, concurrency) <= budget, verdict.planThatFits.has_value());
    ++plan;
    EXPECT_GT(totalBytes(changed, concurrency), budget);
  }
}

TEST(Budget, ManyModelsAreDroppedOneByOne) {
  const std::vector<ModelNeeds> many(40, {"m", 10, 7});
  const Verdict verdict = judge(many, 1, 207);
  EXPECT_EQ(verdict.drop.size(), 20u);
  EXPECT_EQ(verdict.afterDrop, 207u);
}

}  // namespace
}  // namespace minnow::tool
