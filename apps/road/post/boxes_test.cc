#include "post/boxes.h"

#include <gtest/gtest.h>

namespace road {
namespace {

TEST(Boxes, OverlapIsIntersectionOverUnion) {
  EXPECT_DOUBLE_EQ(overlap({0, 0, 2, 2}, {1, 1, 3, 3}), 1.0 / 7);
  EXPECT_DOUBLE_EQ(overlap({0, 0, 2, 2}, {0, 0, 2, 2}), 1);
  EXPECT_DOUBLE_EQ(overlap({0, 0, 1, 1}, {2, 2, 3, 3}), 0);
  EXPECT_DOUBLE_EQ(overlap({0, 0, 0, 0}, {0, 0, 0, 0}), 0);
}

TEST(Boxes, TheBestOfAnOverlappingGroupStays) {
  const auto kept = keepBest({{0, 0, 10, 10, 0.5}, {1, 0, 11, 10, 0.9}, {50, 0, 60, 10, 0.2}}, 0.5);
  ASSERT_EQ(kept.size(), 2U);
  EXPECT_EQ(kept[0].score, 0.9);
  EXPECT_EQ(kept[1].score, 0.2);
}

TEST(Boxes, CategoriesDoNotSuppressEachOther) {
  EXPECT_EQ(keepBest({{0, 0, 9, 9, 0.5, 1}, {0, 0, 9, 9, 0.9, 2}}, 0.5).size(), 2U);
}

TEST(Boxes, BlendingWeighsByScore) {
  const auto blended = blendOverlapping({{0, 0, 10, 10, 0.25}, {4, 0, 14, 10, 0.75}}, 0.3);
  ASSERT_EQ(blended.size(), 1U);
  EXPECT_DOUBLE_EQ(blended[0].left, 3);  // (0 * 0.25 + 4 * 0.75) / 1
  EXPECT_DOUBLE_EQ(blended[0].right, 13);
  EXPECT_DOUBLE_EQ(blended[0].score, 0.75);
}

TEST(Boxes, BlendingLeavesOthersAlone) {
  EXPECT_EQ(
      blendOverlapping({{0, 0, 1, 1, 0.5}, {5, 5, 5, 5, 0.4}, {9, 9, 10, 10, 0.3}}, 0.3).size(),
      3U);
}

}  // namespace
}  // namespace road
