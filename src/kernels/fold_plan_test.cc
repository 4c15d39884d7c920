// Plans of reductions: which way lanes run in which storage.
#include "kernels/fold_plan.h"

#include <gtest/gtest.h>

namespace minnow::kernels {
namespace {

constexpr uint32_t kPixels = 0b1100, kChannels = 0b0010;
const Shape kImage{2, 24, 5, 7};

FoldPlan planOf(const Strides& strides, uint32_t mask) {
  return foldPlan({DataType::Float32, kImage, strides}, strides, mask);
}

}  // namespace

TEST(FoldPlan, PixelsOfAPlainImageLieInARow) {
  const FoldPlan plan = planOf(plainStrides(kImage), kPixels);
  EXPECT_TRUE(plan.along && plan.striped);
  EXPECT_EQ(plan.count, 35);
  EXPECT_EQ(plan.outer.count(), 48);
}

TEST(FoldPlan, PixelsOfAChannelsLastImageTakeALaneAChannel) {
  const FoldPlan plan = planOf(channelsLastStrides(kImage), kPixels);
  EXPECT_TRUE(plan.possible && !plan.along && plan.striped);
  EXPECT_EQ(plan.lanes, 24);
  EXPECT_EQ(plan.outer.count(), 2);
}

TEST(FoldPlan, ChannelsOfAPlainImageTakeALaneAPixel) {
  const FoldPlan plan = planOf(plainStrides(kImage), kChannels);
  EXPECT_TRUE(plan.possible && !plan.along && !plan.striped);
  EXPECT_EQ(plan.lanes, 35);
}

TEST(FoldPlan, ChannelsOfAChannelsLastImageLieInARow) {
  const FoldPlan plan = planOf(channelsLastStrides(kImage, 29), kChannels);
  EXPECT_TRUE(plan.along && !plan.striped);
  EXPECT_EQ(plan.outer.count(), 70);
}

TEST(FoldPlan, AnEmptyTensorIsLeftToTheReference) {
  const Shape empty{2, 0, 4};
  EXPECT_FALSE(foldPlan({DataType::Float32, empty, plainStrides(empty)}, {}, 2).possible);
}

TEST(FoldPlan, TasksCoverOuterElementsAndBlocksOfLanes) {
  FoldPlan plan = planOf(channelsLastStrides(kImage), kPixels);
  plan.lanes = 300;
  EXPECT_EQ(plan.blocks(), 3);
  EXPECT_EQ(plan.outer.offsets(1)[0], channelsLastStrides(kImage)[0]);
}

}  // namespace minnow::kernels
