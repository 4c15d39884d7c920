// The directory at the file's end says what there is. Nothing in it is believed before it is
// checked against the file's size, so that a file of n bytes costs memory in the order of n.
#include <fmt/format.h>

#include <algorithm>
#include <map>
#include <numeric>
#include <optional>
#include <utility>

#include "analysis/archive.h"
#include "analysis/files.h"
#include "analysis/inflate.h"
#include "analysis/zip.h"
#include "base/fail.h"

namespace minnow::analysis {
namespace {

using namespace zip;
using Bytes = std::vector<std::byte>;

/// Deflate cannot make more of a byte than that.
constexpr uint64_t kMostOfAByte = 1032;

struct Entry {
  std::string name;
  uint16_t flags = 0, method = 0;
  uint32_t checksum = 0;
  uint64_t stored = 0, bytes = 0;  ///< in the file; when read
  uint64_t offset = 0, limit = 0;  ///< of the local header; where the next thing in the file begins
};

struct Directory {
  uint64_t entries = 0, bytes = 0, offset = 0;
};

std::unexpected<Error> bad(const FileReader& file, std::string_view what) {
  return std::unexpected(
      Error{ErrorCode::BadModel, fmt::format("{}: {}", file.path().string(), what)});
}

uint64_t numberAt(std::span<const std::byte> bytes, size_t at, int size) {
  uint64_t value = 0;
  for (int i = size; i-- > 0;) value = value << 8 | static_cast<uint64_t>(bytes[at + i]);
  return value;
}
uint16_t u16At(std::span<const std::byte> bytes, size_t at) {
  return static_cast<uint16_t>(numberAt(bytes, at, 2));
}
uint32_t u32At(std::span<const std::byte> bytes, size_t at) {
  return static_cast<uint32_t>(numberAt(bytes, at, 4));
}

Result<Bytes> readBytes(const FileReader& file, uint64_t offset, uint64_t size) {
  if (size > file.size() || offset > file.size() - size) return bad(file, "is truncated");
  if (size > SIZE_MAX) return bad(file, "holds more than this machine can address");
  Bytes bytes(static_cast<size_t>(size));
  if (const auto done = file.read(offset, bytes); !done) return passOn(done);
  return bytes;
}

/// The zip64 record, which `locator` points to.
Result<Directory> findDirectory64(const FileReader& file, std::span<const std::byte> locator) {
  const uint64_t at = numberAt(locator, 8, 8);
  const auto record = readBytes(file, at, kEnd64Size);
  if (!record) return passOn(record);
  if (u32At(*record, 0) != kEnd64) return bad(file, "has a damaged directory");
  const Directory found{numberAt(*record, 32, 8), numberAt(*record, 40, 8),
                        numberAt(*record, 48, 8)};
  if (found.offset > at || found.bytes != at - found.offset)
    return bad(file, "has a directory of an impossible size");
  return found;
}

/// The locator of a zip64 record lies right before the ordinary one, if there is any. It may be
/// there without need: Python writes it from 2 GB on.
std::span<const std::byte> locatorBefore(std::span<const std::byte> bytes, size_t end) {
  if (end < kEnd64LocatorSize) return {};
  const auto locator = bytes.subspan(end - kEnd64LocatorSize, kEnd64LocatorSize);
  return u32At(locator, 0) == kEnd64Locator ? locator : std::span<const std::byte>{};
}

Result<Directory> findDirectory(const FileReader& file) {
  const uint64_t tail =
      std::min<uint64_t>(file.size(), kEnd64LocatorSize + kEndSize + kMostComment);
  const auto bytes = readBytes(file, file.size() - tail, tail);
  if (!bytes) return passOn(bytes);
  for (size_t at = bytes->size() + 1 - std::min(bytes->size() + 1, kEndSize); at-- > 0;) {
    if (u32At(*bytes, at) != kEnd || at + kEndSize + u16At(*bytes, at + 20) != tail) continue;
    const uint64_t end = file.size() - tail + at;
    const Directory found{u16At(*bytes, at + 10), u32At(*bytes, at + 12), u32At(*bytes, at + 16)};
    if (u16At(*bytes, at + 4) != 0 && u16At(*bytes, at + 4) != kIn64Short)
      return bad(file, "is one part of several");
    if (const auto locator = locatorBefore(*bytes, at); !locator.empty())
      return findDirectory64(file, locator);
    if (found.entries == kIn64Short || found.bytes == kIn64 || found.offset == kIn64)
      return bad(file, "has a damaged directory");
    if (found.offset > end || found.bytes != end - found.offset)
      return bad(file, "has a directory of an impossible size");
    return found;
  }
  return bad(file, "is no .npz archive, or is truncated");
}

/// Replaces the fields that hold kIn64 by those of the extra field, which come in this order.
bool widen(Entry& entry, std::span<const std::byte> extra) {
  std::vector<uint64_t*> wide;
  for (uint64_t* field : {&entry.bytes, &entry.stored, &entry.offset})
    if (*field == kIn64) wide.push_back(field);
  while (extra.size() >= 4 && !wide.empty()) {
    const size_t size = u16At(extra, 2);
    if (size > extra.size() - 4) return false;
    if (u16At(extra, 0) == kZip64Extra) {
      if (size < wide.size() * 8) return false;
      for (size_t i = 0; i < wide.size(); ++i) *wide[i] = numberAt(extra, 4 + i * 8, 8);
      wide.clear();
    }
    extra = extra.subspan(4 + size);
  }
  return wide.empty();
}

/// One entry of the directory, and what follows it.
std::optional<Entry> takeEntry(std::span<const std::byte>& bytes) {
  if (bytes.size() < kCentralSize || u32At(bytes, 0) != kCentralHeader) return std::nullopt;
  const size_t name = u16At(bytes, 28), extra = u16At(bytes, 30), comment = u16At(bytes, 32);
  if (name + extra + comment > bytes.size() - kCentralSize) return std::nullopt;
  Entry entry;
  entry.flags = u16At(bytes, 8);
  entry.method = u16At(bytes, 10);
  entry.checksum = u32At(bytes, 16);
  entry.stored = u32At(bytes, 20);
  entry.bytes = u32At(bytes, 24);
  entry.offset = u32At(bytes, 42);
  entry.name.assign(reinterpret_cast<const char*>(bytes.data()) + kCentralSize, name);
  if (!widen(entry, bytes.subspan(kCentralSize + name, extra))) return std::nullopt;
  bytes = bytes.subspan(kCentralSize + name + extra + comment);
  return entry;
}

/// Sets where each entry must end. False if two of them overlap, or one overlaps the directory.
bool setLimits(std::vector<Entry>& entries, uint64_t directory) {
  std::vector<size_t> order(entries.size());
  std::iota(order.begin(), order.end(), size_t{0});
  std::ranges::sort(order, {}, [&](size_t i) { return entries[i].offset; });
  uint64_t limit = directory;
  for (size_t n = order.size(); n-- > 0;) {
    Entry& entry = entries[order[n]];
    entry.limit = limit;
    const uint64_t least = kLocalSize + entry.name.size();
    if (entry.offset > limit || limit - entry.offset < least ||
        limit - entry.offset - least < entry.stored)
      return false;
    limit = entry.offset;
  }
  return true;
}

}  // namespace

struct ArchiveReader::Impl {
  FileReader file;
  std::vector<Entry> entries{};
  std::vector<std::string> names{};
  std::map<std::string, size_t, std::less<>> indices{};

  Result<void> readDirectory();
  /// Where the entry's bytes begin, by its local header.
  Result<uint64_t> begin(const Entry& entry) const;
  Result<Bytes> read(const Entry& entry, uint64_t most) const;
};

Result<void> ArchiveReader::Impl::readDirectory() {
  const auto directory = findDirectory(file);
  if (!directory) return passOn(directory);
  const auto bytes = readBytes(file, directory->offset, directory->bytes);
  if (!bytes) return passOn(bytes);
  std::span<const std::byte> rest = *bytes;
  while (!rest.empty()) {
    auto entry = takeEntry(rest);
    if (!entry) return bad(file, "has a damaged directory");
    if (!indices.try_emplace(entry->name, entries.size()).second)
      return bad(file, fmt::format("holds an entry '{}' twice", entry->name));
    names.push_back(entry->name);
    entries.push_back(std::move(*entry));
  }
  if (entries.size() != directory->entries) return bad(file, "has a damaged directory");
  if (!setLimits(entries, directory->offset))
    return bad(file, "has entries that overlap or lie outside of it");
  return {};
}

Result<uint64_t> ArchiveReader::Impl::begin(const Entry& entry) const {
  const auto header = readBytes(file, entry.offset, kLocalSize + entry.name.size());
  if (!header) return passOn(header);
  const auto* text = reinterpret_cast<const char*>(header->data());
  const std::string_view name(text + kLocalSize, entry.name.size());
  const uint64_t ahead = kLocalSize + entry.name.size() + u16At(*header, 28);
  const bool alike = u32At(*header, 0) == kLocalHeader && u16At(*header, 8) == entry.method &&
                     u16At(*header, 26) == entry.name.size() && name == entry.name;
  if (!alike || entry.limit - entry.offset - entry.stored < ahead)
    return bad(file, fmt::format("entry '{}' is not what the directory says", entry.name));
  return entry.offset + ahead;
}

Result<Bytes> ArchiveReader::Impl::read(const Entry& entry, uint64_t most) const {
  const auto refuse = [&](ErrorCode code, std::string_view what) {
    return std::unexpected(
        Error{code, fmt::format("{}: entry '{}' {}", file.path().string(), entry.name, what)});
  };
  const bool deflated = entry.method == kDeflated;
  if ((!deflated && entry.method != kStored) || (entry.flags & kEncrypted))
    return refuse(ErrorCode::Unsupported, "is compressed or encrypted in a way that is not read");
  if (deflated && !canInflate())
    return refuse(ErrorCode::Unsupported,
                  "is compressed, which this build does not read: save the file with numpy.savez, "
                  "not savez_compressed");
  if (deflated && entry.bytes > most)
    return refuse(ErrorCode::OutOfMemory,
                  fmt::format("is compressed and would grow to {} bytes, {} are allowed at most: "
                              "save the file with numpy.savez, not savez_compressed",
                              entry.bytes, most));
  if (deflated ? entry.bytes / kMostOfAByte > entry.stored : entry.bytes != entry.stored)
    return refuse(ErrorCode::BadModel, "has an impossible size");
  const auto at = begin(entry);
  if (!at) return passOn(at);
  auto bytes = readBytes(file, *at, entry.stored);
  if (!bytes) return bytes;
  if (deflated) {
    auto whole = inflated(*bytes, entry.bytes);
    if (!whole) return refuse(ErrorCode::BadModel, "is damaged: it cannot be decompressed");
    bytes = std::move(*whole);
  }
  if (zip::checksum(*bytes) != entry.checksum)
    return refuse(ErrorCode::BadModel, "is damaged: its checksum differs");
  return bytes;
}

ArchiveReader::ArchiveReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ArchiveReader::ArchiveReader(ArchiveReader&&) noexcept = default;
ArchiveReader& ArchiveReader::operator=(ArchiveReader&&) noexcept = default;
ArchiveReader::~ArchiveReader() = default;

Result<ArchiveReader> ArchiveReader::open(const std::filesystem::path& path) {
  auto file = FileReader::open(path);
  if (!file) return passOn(file);
  auto impl = std::make_unique<Impl>(Impl{std::move(*file)});
  if (const auto done = impl->readDirectory(); !done) return passOn(done);
  return ArchiveReader(std::move(impl));
}

std::span<const std::string> ArchiveReader::names() const { return impl_->names; }

bool ArchiveReader::has(std::string_view name) const { return impl_->indices.contains(name); }

Result<std::vector<std::byte>> ArchiveReader::read(std::string_view name, uint64_t most) const {
  const auto found = impl_->indices.find(name);
  if (found != impl_->indices.end()) return impl_->read(impl_->entries[found->second], most);
  return std::unexpected(
      Error{ErrorCode::NotFound,
            fmt::format("{}: has no entry '{}'", impl_->file.path().string(), name)});
}

}  // namespace minnow::analysis
