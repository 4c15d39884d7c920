#include "base/fail.h"

#include <gtest/gtest.h>

#include <limits>

namespace minnow {
namespace {

struct Named {
  operator std::string_view() const { return "a name"; }
};

TEST(Texts, HavePartsOfEveryKind) {
  const std::string words(100, 'w');
  EXPECT_EQ(text("c ", words, std::string_view("; a view").substr(2), "; ", Named()),
            "c " + words + "a view; a name");
  EXPECT_EQ(text(Shape{2, 3}, " of ", DataType::Float32), "2x3 of float32");
  EXPECT_EQ(text(std::numeric_limits<int64_t>::min(), " ", uint64_t(-1), ", ", 1.5f),
            "-9223372036854775808 18446744073709551615, 1.500000");
  EXPECT_EQ(text(static_cast<int8_t>(-1), static_cast<uint16_t>(65535), true), "-1655351");
}

// More than registers hold, and words and numbers in turns.
TEST(Texts, HaveManyParts) {
  EXPECT_EQ(text(1, "a", 2.0, Named(), 3u, "b", 4.0, Named(), 5, "c", 6.0, Named(), 7u, "d", 8.0,
                 Named(), 9, "e", 10.0, Named(), 11),
            "1a2.000000a name3b4.000000a name5c6.000000a name7d8.000000a name9e10.000000a name11");
}

TEST(Errors, ArePassedOnAsTheyAre) {
  const auto parse = [](bool right) -> Result<int> {
    if (right) return 4;
    return fail(ErrorCode::BadModel, "line ", 3, " is longer than any text within a string object");
  };
  const auto name = [&](bool right) -> Result<std::string> {
    const auto number = parse(right);
    if (!number) return passOn(number);
    return text("number ", *number);
  };
  const auto check = [&](bool right) -> Result<void> {
    if (auto named = name(right); !named) return passOn(named);
    return {};
  };
  EXPECT_TRUE(check(true));
  const auto checked = check(false);
  ASSERT_FALSE(checked);
  EXPECT_EQ(checked.error().code, ErrorCode::BadModel);
  EXPECT_EQ(checked.error().message, "line 3 is longer than any text within a string object");
}

}  // namespace
}  // namespace minnow
