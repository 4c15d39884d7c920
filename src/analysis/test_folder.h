// For tests: a folder of one's own that goes with the test. Tests of one program, and of several
// trees, run at once.
#pragma once

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <string>

namespace minnow::analysis {

class TestFolder {
 public:
  TestFolder()
      : path_(std::filesystem::path(testing::TempDir()) / ("minnow-" + std::to_string(getpid()))) {
    std::filesystem::remove_all(path_);
    std::filesystem::create_directory(path_);
  }
  ~TestFolder() { std::filesystem::remove_all(path_); }
  TestFolder(const TestFolder&) = delete;
  TestFolder& operator=(const TestFolder&) = delete;

  const std::filesystem::path& path() const { return path_; }

 private:
  std::filesystem::path path_;
};

}  // namespace minnow::analysis
