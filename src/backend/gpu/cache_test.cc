// What lies in a cache's folder is taken only if it is whole, and of the key that is asked for.
#include "backend/gpu/cache.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>

#include "base/whole_file.h"

namespace minnow::backend::gpu {
namespace {

std::vector<std::byte> bytesOf(std::string_view words) {
  const auto bytes = std::as_bytes(std::span(words));
  return {bytes.begin(), bytes.end()};
}

class Caches : public testing::Test {
 protected:
  Caches() {
    std::filesystem::remove_all(folder_);
    Cache::use({}, {});
  }
  ~Caches() override { std::filesystem::remove_all(folder_); }
  std::filesystem::path onlyFile() const {
    return std::filesystem::directory_iterator(folder_)->path();
  }

  const std::filesystem::path folder_ =
      std::filesystem::path(testing::TempDir()) / ("minnow-cache-" + std::to_string(getpid()));
};

TEST_F(Caches, FindWhatWasKeptForThatOwner) {
  Cache cache, other;
  EXPECT_FALSE(cache.isUsed());
  cache.keep("key", bytesOf("nowhere"));
  EXPECT_FALSE(cache.find("key"));
  Cache::use(folder_.string(), "engine");
  EXPECT_FALSE(cache.isUsed()) << "it is nobody's";
  cache.keep("key", bytesOf("of no device"));
  EXPECT_FALSE(cache.find("key"));
  cache.own("one");
  EXPECT_TRUE(cache.isUsed());
  cache.keep("key", bytesOf("words"));
  cache.keep("empty", {});
  EXPECT_EQ(cache.find("key"), bytesOf("words"));
  EXPECT_EQ(cache.find("empty"), bytesOf(""));
  EXPECT_FALSE(cache.find("another"));
  cache.keep("key", bytesOf("other words"));
  EXPECT_EQ(cache.find("key"), bytesOf("other words"));
  other.own("another");
  EXPECT_FALSE(other.find("key"));
  Cache::use(folder_.string(), "another engine");
  EXPECT_FALSE(cache.find("key"));
  Cache::use({}, "engine");
  EXPECT_FALSE(cache.isUsed());
  EXPECT_EQ(cache.trouble(), "");
}

TEST_F(Caches, TakeNothingThatIsDamaged) {
  Cache cache;
  Cache::use(folder_.string(), "engine");
  cache.own("one");
  cache.keep("key", bytesOf("a few words"));
  const auto whole = *base::readFile(onlyFile());
  for (size_t at = 0; at < whole.size(); ++at) {
    auto damaged = whole;
    damaged[at] ^= std::byte{4};
    ASSERT_TRUE(base::writeFile(onlyFile(), damaged));
    EXPECT_FALSE(cache.find("key")) << "byte " << at;
    damaged.resize(at);
    ASSERT_TRUE(base::writeFile(onlyFile(), damaged));
    EXPECT_FALSE(cache.find("key")) << at << " bytes";
  }
  auto longer = whole;
  longer.push_back({});
  ASSERT_TRUE(base::writeFile(onlyFile(), longer));
  EXPECT_FALSE(cache.find("key"));
  cache.keep("key", bytesOf("anew"));
  EXPECT_EQ(cache.find("key"), bytesOf("anew"));
}

TEST_F(Caches, SayThatTheyCannotWrite) {
  ASSERT_TRUE(base::writeFile(folder_, std::string_view("no folder")));
  Cache cache;
  Cache::use((folder_ / "below").string(), "engine");
  cache.own("one");
  EXPECT_EQ(cache.trouble(), "") << "nothing was kept yet";
  cache.keep("key", bytesOf("words"));
  EXPECT_NE(cache.trouble().find("kernel cache"), std::string::npos);
  EXPECT_FALSE(cache.isUsed());
  EXPECT_FALSE(cache.find("key"));
}

}  // namespace
}  // namespace minnow::backend::gpu
