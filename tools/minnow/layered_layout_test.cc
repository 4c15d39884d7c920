// Layouts of graphs whose pictures are known, and of random ones.
#include "layered_layout.h"

#include <gtest/gtest.h>

#include <cmath>
#include <random>

namespace minnow::tool {
namespace {

std::vector<LaidBox> boxesAfter(const std::vector<std::vector<int>>& after) {
  std::vector<LaidBox> boxes;
  for (const auto& before : after) boxes.push_back({100, 40, before});
  return boxes;
}

TEST(LayeredLayout, AChainIsStraight) {
  auto boxes = boxesAfter({{}, {0}, {1}, {2}});
  layOut(boxes);
  for (size_t i = 1; i < boxes.size(); ++i) {
    EXPECT_NEAR(boxes[i].x, boxes[0].x, 1e-6);
    EXPECT_GT(boxes[i].y, boxes[i - 1].y + 40);
  }
}

TEST(LayeredLayout, ADiamondIsEven) {
  auto boxes = boxesAfter({{}, {0}, {0}, {1, 2}});
  layOut(boxes);
  EXPECT_NEAR(boxes[0].x, boxes[3].x, 1e-6);
  EXPECT_NEAR(boxes[1].x + boxes[2].x, 2 * boxes[0].x, 1e-6);
  EXPECT_EQ(boxes[1].y, boxes[2].y);
}

TEST(LayeredLayout, OfRandomGraphsNothingOverlapsAndEdgesGoDown) {
  std::mt19937 random(3);
  for (int round = 0; round < 50; ++round) {
    std::vector<LaidBox> boxes;
    for (int i = 0; i < 40; ++i) {
      boxes.push_back({40.0 + static_cast<double>(random() % 100), 40, {}});
      for (int edges = i ? static_cast<int>(random() % 3) : 0; edges > 0; --edges)
        boxes.back().after.push_back(static_cast<int>(random() % static_cast<unsigned>(i)));
    }
    const Layers layers = layOut(boxes);
    for (const LaidEdge& edge : layers.edges)
      for (size_t i = 1; i < edge.points.size(); ++i)
        EXPECT_GT(edge.points[i].second, edge.points[i - 1].second);
    for (const LaidBox& a : boxes) {
      EXPECT_GE(a.x - a.width / 2, -1e-6);
      EXPECT_LE(a.x + a.width / 2, layers.width + 1e-6);
      for (const LaidBox& b : boxes)
        EXPECT_TRUE(&a == &b || a.y != b.y || std::abs(a.x - b.x) >= (a.width + b.width) / 2);
    }
  }
}

}  // namespace
}  // namespace minnow::tool
