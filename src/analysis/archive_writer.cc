// Each entry is a local header and its bytes; the directory of all comes last. Larger fields
// (zip64) are written where the ordinary ones cannot hold a number, and only there.
#include <fmt/format.h>

#include <algorithm>
#include <set>
#include <utility>

#include "analysis/archive.h"
#include "analysis/zip.h"
#include "base/fail.h"
#include "base/whole_file.h"

namespace minnow::analysis {
namespace {

using namespace zip;

constexpr uint16_t kVersion = 20, kVersion64 = 45;  // of the format that a reader has to know
constexpr uint16_t kDate = 1 << 5 | 1;  // 1980-01-01: the same content gives the same file
constexpr uint32_t kFileMode = 0100644U << 16;
constexpr uint16_t kMadeOnUnix = 3 << 8;

struct Entry {
  std::string name;
  uint32_t checksum;
  uint64_t bytes, offset;  ///< the offset is the local header's
};

class Record {
 public:
  Record& u16(uint64_t value) { return number(value, 2); }
  Record& u32(uint64_t value) { return number(value, 4); }
  Record& u64(uint64_t value) { return number(value, 8); }
  /// 32 bits of what may be told in 64 elsewhere.
  Record& low(uint64_t value) { return u32(std::min<uint64_t>(value, kIn64)); }
  Record& text(std::string_view text) {
    const auto* begin = reinterpret_cast<const std::byte*>(text.data());
    bytes_.insert(bytes_.end(), begin, begin + text.size());
    return *this;
  }
  std::span<const std::byte> bytes() const { return bytes_; }

 private:
  Record& number(uint64_t value, int size) {
    for (int i = 0; i < size; ++i) bytes_.push_back(static_cast<std::byte>(value >> 8 * i & 0xFF));
    return *this;
  }

  std::vector<std::byte> bytes_;
};

bool isLarge(uint64_t value) { return value >= kIn64; }

uint16_t flagsOf(std::string_view name) {
  const bool ascii = std::ranges::all_of(name, [](char c) { return c > 0; });
  return ascii ? 0 : kUtf8;
}

/// The fields that both headers hold, from the version on; the sizes may be in the extra field.
void describe(Record& record, const Entry& entry, bool in64) {
  record.u16(in64 ? kVersion64 : kVersion).u16(flagsOf(entry.name)).u16(kStored).u16(0).u16(kDate);
  record.u32(entry.checksum).low(entry.bytes).low(entry.bytes).u16(entry.name.size());
}

Record localHeader(const Entry& entry) {
  const bool large = isLarge(entry.bytes);
  Record record;
  describe(record.u32(kLocalHeader), entry, large);
  record.u16(large ? 20 : 0).text(entry.name);
  if (large) record.u16(kZip64Extra).u16(16).u64(entry.bytes).u64(entry.bytes);
  return record;
}

Record centralHeader(const Entry& entry) {
  const bool large = isLarge(entry.bytes), far = isLarge(entry.offset);
  const int extra = (large ? 16 : 0) + (far ? 8 : 0);
  Record record;
  describe(record.u32(kCentralHeader).u16(kMadeOnUnix | kVersion64), entry, extra > 0);
  record.u16(extra > 0 ? 4 + extra : 0).u16(0).u16(0).u16(0).u32(kFileMode).low(entry.offset);
  record.text(entry.name);
  if (extra > 0) record.u16(kZip64Extra).u16(extra);
  if (large) record.u64(entry.bytes).u64(entry.bytes);
  if (far) record.u64(entry.offset);
  return record;
}

Record endOfDirectory(uint64_t entries, uint64_t offset, uint64_t bytes) {
  Record record;
  if (entries >= kIn64Short || isLarge(offset) || isLarge(bytes)) {
    record.u32(kEnd64).u64(kEnd64Size - 12).u16(kMadeOnUnix | kVersion64).u16(kVersion64);
    record.u32(0).u32(0).u64(entries).u64(entries).u64(bytes).u64(offset);
    record.u32(kEnd64Locator).u32(0).u64(offset + bytes).u32(1);
  }
  const uint64_t count = std::min<uint64_t>(entries, kIn64Short);
  record.u32(kEnd).u16(0).u16(0).u16(count).u16(count).low(bytes).low(offset).u16(0);
  return record;
}

}  // namespace

struct ArchiveWriter::Impl {
  base::FileWriter file;
  std::string path;
  uint64_t written = 0;
  std::vector<Entry> entries{};
  std::set<std::string, std::less<>> names{};

  Result<void> write(std::span<const std::byte> bytes) {
    written += bytes.size();
    return file.write(bytes);
  }
};

ArchiveWriter::ArchiveWriter(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
ArchiveWriter::ArchiveWriter(ArchiveWriter&&) noexcept = default;
ArchiveWriter& ArchiveWriter::operator=(ArchiveWriter&&) noexcept = default;
ArchiveWriter::~ArchiveWriter() = default;

Result<ArchiveWriter> ArchiveWriter::create(const std::filesystem::path& path) {
  auto file = base::FileWriter::create(path);
  if (!file) return passOn(file);
  return ArchiveWriter(std::make_unique<Impl>(Impl{std::move(*file), path.string()}));
}

Result<void> ArchiveWriter::add(std::string_view name, std::span<const std::byte> bytes) {
  return add(name, bytes, {});
}

Result<void> ArchiveWriter::add(std::string_view name, std::span<const std::byte> head,
                                std::span<const std::byte> body) {
  const auto refuse = [&](const char* what) {
    return std::unexpected(Error{ErrorCode::InvalidArgument,
                                 fmt::format("{}: an entry '{}' {}", impl_->path, name, what)});
  };
  if (name.size() >= kIn64Short) return refuse("cannot be written: its name is too long");
  if (name.contains('\0')) return refuse("cannot be written: its name holds a zero byte");
  if (!impl_->names.emplace(name).second) return refuse("is there already");
  const Entry entry{std::string(name), checksum(body, checksum(head)),
                    uint64_t{head.size()} + body.size(), impl_->written};
  const Record header = localHeader(entry);
  for (const auto part : {header.bytes(), head, body})
    if (const auto done = impl_->write(part); !done) return done;
  impl_->entries.push_back(entry);
  return {};
}

uint64_t ArchiveWriter::bytes() const { return impl_->written; }

Result<void> ArchiveWriter::finish() {
  const uint64_t offset = impl_->written;
  for (const Entry& entry : impl_->entries)
    if (const auto done = impl_->write(centralHeader(entry).bytes()); !done) return done;
  const Record end = endOfDirectory(impl_->entries.size(), offset, impl_->written - offset);
  if (const auto done = impl_->write(end.bytes()); !done) return done;
  return impl_->file.finish();
}

}  // namespace minnow::analysis
