// Whole files in, whole files out: a file is written beside its place and renamed, so that none is
// ever half there.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minnow/status.h"

namespace minnow::analysis {

Result<std::vector<std::byte>> readFile(const std::filesystem::path& path);
/// On error nothing is left behind and an older file of that name stays as it was. What is no
/// regular file (a device, a pipe) is written directly.
Result<void> writeFile(const std::filesystem::path& path, std::span<const std::byte> bytes);
Result<void> writeFile(const std::filesystem::path& path, std::string_view text);
/// Characters outside A-Za-z0-9._- become '_'.
std::string sanitisedName(std::string_view name);

/// writeFile in pieces: what it promises holds between create() and finish().
class FileWriter {
 public:
  static Result<FileWriter> create(const std::filesystem::path& path);
  FileWriter(FileWriter&& other) noexcept;
  FileWriter& operator=(FileWriter&& other) noexcept;
  ~FileWriter();  ///< without finish(): nothing is left behind

  Result<void> write(std::span<const std::byte> bytes);
  /// The file is on the disk and in its place.
  Result<void> finish();

 private:
  FileWriter(std::filesystem::path path, std::filesystem::path target)
      : path_(std::move(path)), target_(std::move(target)) {}
  bool direct() const { return path_ == target_; }

  std::filesystem::path path_, target_;  ///< where it shall be; what is open until then
  int file_ = -1;
};

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
