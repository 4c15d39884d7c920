// NumPy's .npz: a zip archive of .npy files. Written entry by entry, without compression, so that
// what is large never has to be in memory as a whole; read at any entry (numpy.savez_compressed
// too).
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

namespace minnow::analysis {

/// Writes beside its place; the file appears there, whole, with finish() and not otherwise.
class ArchiveWriter {
 public:
  static Result<ArchiveWriter> create(const std::filesystem::path& path);
  ArchiveWriter(ArchiveWriter&&) noexcept;
  ArchiveWriter& operator=(ArchiveWriter&&) noexcept;
  ~ArchiveWriter();  ///< without finish(): nothing is left behind

  /// Names are UTF-8 and may hold slashes; a name twice is an error.
  Result<void> add(std::string_view name, std::span<const std::byte> bytes);
  /// An entry of two parts, one after the other.
  Result<void> add(std::string_view name, std::span<const std::byte> head,
                   std::span<const std::byte> body);
  Result<void> finish();
  /// Written so far.
  uint64_t bytes() const;

 private:
  struct Impl;
  explicit ArchiveWriter(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

/// Bytes that a compressed entry may grow to.
inline constexpr uint64_t kMostInflated = uint64_t{1} << 30;

/// Entries of a zip archive, beyond 4 GB and 65535 entries too. Sizes and checksums are checked,
/// hostile files are errors.
class ArchiveReader {
 public:
  static Result<ArchiveReader> open(const std::filesystem::path& path);
  ArchiveReader(ArchiveReader&&) noexcept;
  ArchiveReader& operator=(ArchiveReader&&) noexcept;
  ~ArchiveReader();

  /// In the archive's order.
  std::span<const std::string> names() const;
  bool has(std::string_view name) const;
  /// An entry that is compressed and would grow beyond `most` bytes is refused: a small file may
  /// not take much memory. What is stored as it is has no limit but the file's size.
  Result<std::vector<std::byte>> read(std::string_view name, uint64_t most = kMostInflated) const;

 private:
  struct Impl;
  explicit ArchiveReader(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace minnow::analysis
