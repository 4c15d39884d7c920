// Files appear whole or not at all, whatever happens on the way.
#include "base/whole_file.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

#include "base/program.h"

namespace minnow::base {
namespace {

namespace fs = std::filesystem;

class WholeFile : public testing::Test {
 protected:
  WholeFile()
      : folder_(fs::path(testing::TempDir()) / ("minnow-whole-" + std::to_string(getpid()))) {
    fs::remove_all(folder_);
    fs::create_directory(folder_);
  }
  ~WholeFile() override { fs::remove_all(folder_); }

  fs::path path() const { return folder_ / "a"; }
  long files() const {
    const fs::directory_iterator entries(folder_);
    return std::distance(begin(entries), end(entries));
  }
  static std::string textOf(const fs::path& path) {
    const auto bytes = readFile(path);
    return bytes ? std::string(reinterpret_cast<const char*>(bytes->data()), bytes->size())
                 : bytes.error().message;
  }
  static mode_t modeOf(const fs::path& path) {
    struct stat facts{};
    ::stat(path.c_str(), &facts);
    return facts.st_mode & 07777;
  }

  fs::path folder_;
};

TEST_F(WholeFile, IsWrittenAndReplaced) {
  ASSERT_TRUE(writeFile(path(), "older and longer"));
  ASSERT_TRUE(writeFile(path(), "text"));
  EXPECT_EQ(textOf(path()), "text");
  EXPECT_EQ(files(), 1);
  ASSERT_TRUE(writeFile(path(), ""));
  EXPECT_EQ(textOf(path()), "");
}

TEST_F(WholeFile, UnwritablePlacesAreTypedErrors) {
  EXPECT_EQ(writeFile(folder_ / "none" / "a", "x").error().code, ErrorCode::Io);
  EXPECT_EQ(writeFile(folder_, "x").error().code, ErrorCode::Io);
  EXPECT_EQ(files(), 0);
}

TEST_F(WholeFile, UnreadablePlacesAreTypedErrors) {
  EXPECT_EQ(readFile(folder_ / "none").error().code, ErrorCode::NotFound);
  EXPECT_EQ(readFile(folder_).error().code, ErrorCode::InvalidArgument);
  ASSERT_TRUE(writeFile(path(), "12345"));
  EXPECT_TRUE(readFile(path(), 5));
  EXPECT_EQ(readFile(path(), 4).error().code, ErrorCode::OutOfMemory);
}

TEST_F(WholeFile, APipeIsReadToItsEnd) {
  ASSERT_EQ(mkfifo(path().c_str(), 0600), 0);
  const std::string text(100000, 'x');
  const pid_t child = fork();
  if (child == 0) {
    (void)writeFile(path(), text);
    _exit(0);
  }
  EXPECT_EQ(textOf(path()), text);
  waitpid(child, nullptr, 0);
}

TEST_F(WholeFile, IsNotThereBeforeItIsFinished) {
  ASSERT_TRUE(writeFile(path(), "older"));
  {
    auto writer = FileWriter::create(path());
    ASSERT_TRUE(writer);
    ASSERT_TRUE(writer->write(std::vector<std::byte>(1000)));
    FileWriter moved = std::move(*writer);
    EXPECT_EQ(textOf(path()), "older");
  }
  EXPECT_EQ(textOf(path()), "older");
  EXPECT_EQ(files(), 1);
}

TEST_F(WholeFile, AFullDiskLeavesNothing) {
  signal(SIGXFSZ, SIG_IGN);
  rlimit before{};
  getrlimit(RLIMIT_FSIZE, &before);
  const rlimit small{1024, before.rlim_max};
  setrlimit(RLIMIT_FSIZE, &small);
  const auto done = writeFile(path(), std::vector<std::byte>(100000));
  setrlimit(RLIMIT_FSIZE, &before);
  ASSERT_FALSE(done);
  EXPECT_EQ(done.error().code, ErrorCode::Io);
  EXPECT_EQ(files(), 0);
  if (!fs::exists("/dev/full")) return;
  EXPECT_EQ(writeFile("/dev/full", "x").error().code, ErrorCode::Io);
}

TEST_F(WholeFile, HasTheModeOfAnyFile) {
  const mode_t before = umask(027);
  ASSERT_TRUE(writeFile(path(), "new"));
  umask(before);
  EXPECT_EQ(modeOf(path()), 0640u);
  fs::permissions(path(), fs::perms(0604));
  ASSERT_TRUE(writeFile(path(), "newer"));
  EXPECT_EQ(modeOf(path()), 0604u);
}

TEST_F(WholeFile, LinksAreFollowed) {
  ASSERT_TRUE(writeFile(path(), "older"));
  fs::create_symlink("a", folder_ / "link");
  ASSERT_TRUE(writeFile(folder_ / "link", "newer"));
  EXPECT_TRUE(fs::is_symlink(folder_ / "link"));
  EXPECT_EQ(textOf(path()), "newer");
}

TEST_F(WholeFile, ASignalLeavesNothing) {
  for (const int number : {SIGINT, SIGTERM, SIGHUP}) {
    const pid_t child = fork();
    if (child == 0) {
      beginProgram();
      auto writer = FileWriter::create(path());
      (void)writer->write(std::vector<std::byte>(1000));
      raise(number);
      _exit(0);
    }
    int status = 0;
    ASSERT_EQ(waitpid(child, &status, 0), child);
    EXPECT_TRUE(WIFSIGNALED(status) && WTERMSIG(status) == number) << number;
    EXPECT_EQ(files(), 0) << number;
  }
}

TEST_F(WholeFile, TwoWritersDoNotMeet) {
  auto one = FileWriter::create(path()), two = FileWriter::create(path());
  ASSERT_TRUE(one && two);
  ASSERT_TRUE(one->write(std::vector<std::byte>(1)));
  ASSERT_TRUE(two->write(std::vector<std::byte>(2)));
  ASSERT_TRUE(one->finish());
  ASSERT_TRUE(two->finish());
  EXPECT_EQ(fs::file_size(path()), 2u);
  EXPECT_EQ(files(), 1);
}

}  // namespace
}  // namespace minnow::base
