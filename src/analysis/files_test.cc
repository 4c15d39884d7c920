// Names for files.
#include "analysis/files.h"

#include <gtest/gtest.h>

namespace minnow::analysis {
namespace {

TEST(Files, NamesAreSanitised) { EXPECT_EQ(sanitisedName("a/b:0.x-Y_é"), "a_b_0.x-Y___"); }

}  // namespace
}  // namespace minnow::analysis
