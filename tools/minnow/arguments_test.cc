// Numbers, shapes and amounts as arguments.
#include "arguments.h"

#include <gtest/gtest.h>

#include "exit.h"

namespace minnow::tool {
namespace {

TEST(Arguments, ShapesAndNumbers) {
  EXPECT_EQ(parseShape("1,3,320,320", "--shape").axes, AskedShape({1, 3, 320, 320}).axes);
  EXPECT_EQ(parseShape("1x3", "--shape").axes, AskedShape({1, 3}).axes);
  EXPECT_TRUE(parseShape("", "--shape").axes.empty());
  EXPECT_EQ(parseNumbers("0.5,-1", "--mean"), (std::vector<double>{0.5, -1}));
  EXPECT_EQ(splitArgument("x:0=a=b", "--input"),
            (std::pair<std::string, std::string>{"x:0", "a=b"}));
  for (const char* text : {"1,,2", "1,", "1,?", "-1", "1,2,3,4,5,6,7,8,9", "99999999999999999999",
                           "4000000000,4000000000"})
    EXPECT_THROW(parseShape(text, "--shape"), Failure) << text;
  EXPECT_THROW(splitArgument("noequals", "--input"), Failure);
  EXPECT_EQ(byName({"x=1", "y=2"}, "--shape").at("y"), "2");
  EXPECT_THROW(byName({"x=1", "x=2"}, "--shape"), Failure);
}

TEST(Arguments, ShapesWithNamesAndRanges) {
  const AskedExtent one{.converted = 1}, three{.converted = 3};
  const AskedExtent range{.converted = 960, .least = 32, .most = 960};
  AskedExtent named = range;
  named.name = "H";
  using Axes = std::vector<AskedExtent>;
  EXPECT_EQ(parseShape("1,3,32..960", "--shape").axes, (Axes{one, three, range}));
  EXPECT_EQ(parseShape("1x3x32..960", "--shape").axes, (Axes{one, three, range}));
  EXPECT_EQ(parseShape("1,H=32..960", "--shape").axes, (Axes{one, named}));
  EXPECT_EQ(parseShape("max_x,3", "--shape").axes, (Axes{{.name = "max_x"}, three}));
  EXPECT_EQ(parseShape("a.0=3", "--shape").axes, (Axes{{.name = "a.0", .converted = 3}}));
  for (const char* text : {"960..32", "32..", "..960", "1..2..3", "H=", "H=a", "=3", "1=3",
                           "1,-1..3", "1..4000000000,4000000000"})
    EXPECT_THROW(parseShape(text, "--shape"), Failure) << text;
}

TEST(Arguments, AmountsOfMemory) {
  EXPECT_EQ(parseBytes("24MB", "--budget"), 24000000u);
  EXPECT_EQ(parseBytes("17.3 mb", "--budget"), 17300000u);
  EXPECT_EQ(parseBytes("1KiB", "--budget"), 1024u);
  EXPECT_EQ(parseBytes("2.5MiB", "--budget"), 2621440u);
  EXPECT_EQ(parseBytes("1GiB", "--budget"), 1073741824u);
  EXPECT_EQ(parseBytes("3GB", "--budget"), 3000000000u);
  EXPECT_EQ(parseBytes("4096", "--budget"), 4096u);
  EXPECT_EQ(parseBytes("123456789B", "--budget"), 123456789u);
  for (const char* text : {"", "MB", "24M", "24 mega", "-1MB", "0", "0MB", "inf", "nan", "1e6",
                           ".MB", "0x10", "1,5MB", "24MBMB", "99999999GB", "0.1B", "24MB 3"})
    EXPECT_THROW(parseBytes(text, "--budget"), Failure) << text;
}

}  // namespace
}  // namespace minnow::tool
