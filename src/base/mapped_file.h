// A file mapped read-only: clean pages that the system may drop and read again.
#pragma once

#include <cstddef>
#include <filesystem>
#include <memory>
#include <span>

#include "minnow/status.h"

namespace minnow::base {

class MappedFile {
 public:
  /// NotFound for a missing file, BadModel for an empty one, OutOfMemory where no mapping is left,
  /// Io for a directory and all else the system refuses.
  static Result<std::shared_ptr<const MappedFile>> open(const std::filesystem::path& path);
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;
  ~MappedFile();

  /// Page-aligned. The file must not be truncated while mapped: touching a lost page ends the
  /// process.
  std::span<const std::byte> bytes() const { return bytes_; }
  /// Tells the system that the pages are not needed now; they are read again when touched.
  void dropPages() const;

 private:
  MappedFile() = default;
  std::span<const std::byte> bytes_;
};

}  // namespace minnow::base
