// Shapes of any length that a caller may give.
#include "minnow/tensor.h"

#include <gtest/gtest.h>

#include <vector>

namespace minnow {
namespace {

TEST(Shape, OfMoreThanEightAxesIsNotValid) {
  const std::vector<int64_t> many(1000, 2);
  const auto eight = Shape(std::span(many).first(8));
  EXPECT_TRUE(eight.isValid());
  Shape pushed = eight;
  pushed.push_back(2);
  for (const Shape& shape :
       {Shape(many), Shape::ofRank(9, 2), Shape{2, 2, 2, 2, 2, 2, 2, 2, 2}, pushed}) {
    EXPECT_FALSE(shape.isValid());
    EXPECT_EQ(shape.rank(), kMaxRank);
    EXPECT_NE(shape, eight) << "none is taken for its first eight axes";
    EXPECT_EQ(shape.toString(), "2x2x2x2x2x2x2x2x…");
  }
}

}  // namespace
}  // namespace minnow
