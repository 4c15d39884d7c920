// Lists of values and names: as vectors and strings behave, across the sizes at which they move to the
// heap and back.
#include "ir/ids.h"

#include <gtest/gtest.h>

#include "ir/name.h"

namespace minnow::ir {
namespace {

TEST(Ids, GrowAndShrinkAsAVectorDoes) {
  Ids ids;
  std::vector<ValueId> expected;
  const auto agree = [&] {
    EXPECT_EQ(std::vector<ValueId>(ids), expected);
    const Ids copy = ids;
    EXPECT_EQ(copy, ids);
  };
  for (ValueId id = 0; id < 70; ++id) ids.push_back(id), expected.push_back(id), agree();
  for (const size_t size : {69, 65, 64, 33, 5, 4, 3, 0, 4, 5, 9})
    ids.resize(size, -1), expected.resize(size, -1), agree();
}

TEST(Ids, TakeNothingOfTheHeapUpToFour) {
  EXPECT_EQ(Ids({1, 2, 3, 4}).heapBytes(), 0U);
  EXPECT_EQ(Ids({1, 2, 3, 4, 5}).heapBytes(), 8 * sizeof(ValueId));
}

TEST(Ids, AreMovedAndAssigned) {
  Ids few{1, 2}, many{1, 2, 3, 4, 5, 6};
  std::swap(few, many);
  EXPECT_EQ(few, (Ids{1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(many, (Ids{1, 2}));
  few = std::move(many);
  EXPECT_EQ(few, (Ids{1, 2}));
}

TEST(Name, OwnsItsTextUnlessItIsBorrowed) {
  std::string text = "conv1";
  const Name own = text, borrowed = Name::borrowed(text), copy = borrowed;
  text[0] = 'C';
  EXPECT_EQ(own, "conv1");
  EXPECT_EQ(borrowed, "Conv1");
  EXPECT_EQ(copy, borrowed);
  EXPECT_EQ(own.view().data()[own.size()], '\0') << "C's callbacks are given it as it is";
  EXPECT_EQ(own.heapBytes(), 6U);
  EXPECT_EQ(copy.heapBytes(), 0U);
  Name moved = own;
  const Name taken = std::move(moved);
  EXPECT_EQ(taken, own);
  EXPECT_EQ(taken + "_1", "conv1_1");
}

}  // namespace
}  // namespace minnow::ir
