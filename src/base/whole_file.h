// Whole files in, whole files out: what is written appears in its place as a whole or not at all.
// An older file of that name stays as it was until then, and nothing is left behind where writing
// fails or the process is ended.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minnow/status.h"

namespace minnow::base {

/// All bytes of a file or a pipe that has `most` at most. NotFound where there is none,
/// InvalidArgument for a folder or a device, OutOfMemory for more bytes, Io for all else.
Result<std::vector<std::byte>> readFile(const std::filesystem::path& path,
                                        uint64_t most = UINT64_MAX);

/// The file is on the disk and in its place, or there is an error and nothing has changed. A new
/// file gets the mode that any new file gets, an older one keeps its mode; links are followed. What
/// is no regular file (a device, a pipe) is written directly.
Result<void> writeFile(const std::filesystem::path& path, std::span<const std::byte> bytes);
Result<void> writeFile(const std::filesystem::path& path, std::string_view text);

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
  explicit FileWriter(const std::filesystem::path& path);
  Result<void> open();
  bool openBeside();
  bool nameIt();
  bool putInPlace();

  std::string path_, place_;  ///< as given, for messages; with links followed
  /// The name of what is not in its place yet; null where it has none, as most file systems allow.
  std::unique_ptr<std::string> part_;
  uint32_t mode_ = 0;    ///< of the older file; 0 if there is none
  bool direct_ = false;  ///< a device or a pipe, written where it is
  int file_ = -1;
};

/// Removes the files that FileWriters have under names of their own just now. May be called in a
/// signal handler, by a process that is about to end.
void removeUnfinishedFiles() noexcept;

}  // namespace minnow::base
