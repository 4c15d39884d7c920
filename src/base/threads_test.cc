// The floating-point mode that frames run in.
#include "base/threads.h"

#include <gtest/gtest.h>

#include <cfenv>

namespace minnow::base {
namespace {

/// Volatile, so that the sum is made where it stands.
float sum(float a, float b) {
  volatile float x = a, y = b;
  volatile float result = x + y;
  return result;
}

}  // namespace

TEST(DenormalsFlushed, SetsTheModeWhateverTheCallerHasSet) {
  std::fesetround(FE_UPWARD);
  {
    const DenormalsFlushed flushed;
    EXPECT_EQ(sum(1, 0x1p-30F), 1.0F);
    EXPECT_EQ(sum(0x1p-140F, 0), 0.0F);
    EXPECT_EQ(sum(0x1.8p-126F, -0x1p-126F), 0.0F);
  }
  EXPECT_EQ(std::fegetround(), FE_UPWARD);
  EXPECT_GT(sum(1, 0x1p-30F), 1.0F);
  std::fesetround(FE_TONEAREST);
  EXPECT_GT(sum(0x1p-140F, 0), 0.0F);
}

}  // namespace minnow::base
