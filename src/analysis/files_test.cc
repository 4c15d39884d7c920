// Writing whole files, or none.
#include "analysis/files.h"

#include <gtest/gtest.h>

#include "analysis/test_folder.h"

namespace minnow::analysis {
namespace {

TEST(Files, AFailedWriteLeavesNothing) {
  const TestFolder own;
  const auto& folder = own.path();
  EXPECT_TRUE(writeFile(folder / "a", "text"));
  EXPECT_EQ(readFile(folder / "a")->size(), 4u);
  EXPECT_FALSE(writeFile(folder / "absent" / "a", "text"));
  EXPECT_FALSE(writeFile(folder, "text"));
  const auto entries = std::filesystem::directory_iterator(folder);
  EXPECT_EQ(std::distance(begin(entries), end(entries)), 1);
}

TEST(Files, AFullDiskIsAnError) {
  if (!std::filesystem::exists("/dev/full")) return;
  const auto written = writeFile("/dev/full", "text");
  ASSERT_FALSE(written);
  EXPECT_EQ(written.error().code, ErrorCode::Io);
}

TEST(Files, NamesAreSanitised) { EXPECT_EQ(sanitisedName("a/b:0.x-Y_é"), "a_b_0.x-Y___"); }

}  // namespace
}  // namespace minnow::analysis
