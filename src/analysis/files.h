// Files that are read in any order, and names for files. Whole files: base/whole_file.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>

#include "minnow/status.h"

namespace minnow::analysis {

/// Characters outside A-Za-z0-9._- become '_'.
std::string sanitisedName(std::string_view name);

/// A regular file to be read in any order.
class FileReader {
 public:
  static Result<FileReader> open(const std::filesystem::path& path);
  FileReader(FileReader&& other) noexcept;
  FileReader& operator=(FileReader&& other) noexcept;
  ~FileReader();

  const std::filesystem::path& path() const { return path_; }
  uint64_t size() const { return size_; }
  /// Fills all of `into`; less is an error.
  Result<void> read(uint64_t offset, std::span<std::byte> into) const;

 private:
  explicit FileReader(std::filesystem::path path) : path_(std::move(path)) {}

  std::filesystem::path path_;
  int file_ = -1;
  uint64_t size_ = 0;
};

}  // namespace minnow::analysis
