// An entry is a file: a header, its key in full, its bytes.
#include "backend/gpu/cache.h"

#include <cstring>
#include <filesystem>

#include "base/checksum.h"
#include "base/fail.h"
#include "base/whole_file.h"

namespace minnow::backend::gpu {
namespace {

struct Header {
  char magic[8] = {'m', 'i', 'n', 'n', 'o', 'w', 'k', '1'};
  uint64_t keyBytes = 0, bytes = 0, checksum = 0;  ///< of key and bytes
};

/// Of an entry's file behind its header.
uint64_t checksumOf(std::span<const std::byte> file) {
  return base::checksum(file.subspan(sizeof(Header)));
}

std::span<const std::byte> bytesOf(std::string_view text) { return std::as_bytes(std::span(text)); }

std::string hexOf(uint64_t number) {
  std::string digits;
  for (int shift = 60; shift >= 0; shift -= 4) digits += "0123456789abcdef"[number >> shift & 15];
  return digits;
}

std::vector<std::byte> fileOf(std::string_view entry, std::span<const std::byte> bytes) {
  std::vector<std::byte> file(sizeof(Header));
  file.insert(file.end(), bytesOf(entry).begin(), bytesOf(entry).end());
  file.insert(file.end(), bytes.begin(), bytes.end());
  Header header{.keyBytes = entry.size(), .bytes = bytes.size(), .checksum = checksumOf(file)};
  std::memcpy(file.data(), &header, sizeof header);
  return file;
}

/// What an entry's file holds, if it is whole and of that key.
std::optional<std::vector<std::byte>> contentOf(std::vector<std::byte> file,
                                                std::string_view entry) {
  Header header, expected;
  if (file.size() < sizeof header + entry.size()) return {};
  std::memcpy(&header, file.data(), sizeof header);
  const size_t bytes = file.size() - sizeof header - entry.size();
  if (std::memcmp(header.magic, expected.magic, sizeof header.magic) != 0) return {};
  if (header.keyBytes != entry.size() || header.bytes != bytes) return {};
  if (std::memcmp(file.data() + sizeof header, entry.data(), entry.size()) != 0) return {};
  if (header.checksum != checksumOf(file)) return {};
  file.erase(file.begin(), file.end() - static_cast<std::ptrdiff_t>(bytes));
  return file;
}

/// Two checksums of the key: files of several devices and versions lie side by side.
std::string pathOf(std::string_view folder, std::string_view entry) {
  const std::string again = text("second\n", entry);
  return text(folder, "/", hexOf(base::checksum(bytesOf(entry))),
              hexOf(base::checksum(bytesOf(again))), ".kernel");
}

struct Place {
  std::string folder, engine;
};
std::mutex& placeMutex() {
  static std::mutex mutex;
  return mutex;
}
Place& place() {
  static Place one;
  return one;
}
Place placeNow() {
  const std::lock_guard lock(placeMutex());
  return place();
}

}  // namespace

void Cache::use(std::string_view folder, std::string_view engine) {
  const std::lock_guard lock(placeMutex());
  std::error_code ignored;  // writing says what is wrong
  if (!folder.empty()) std::filesystem::create_directories(folder, ignored);
  place() = {std::string(folder), std::string(engine)};
}

void Cache::own(std::string_view device) {
  const std::lock_guard lock(mutex_);
  device_ = device;
}

bool Cache::isUsed() const {
  const std::string folder = placeNow().folder;
  const std::lock_guard lock(mutex_);
  return !folder.empty() && !device_.empty() && troubled_ != folder;
}

std::string Cache::trouble() const {
  const std::string folder = placeNow().folder;
  const std::lock_guard lock(mutex_);
  return troubled_ == folder ? trouble_ : "";
}

std::string Cache::entryOf(std::string_view engine, std::string_view key) const {
  return text(engine, "\n", device_, "\n", key);
}

std::optional<std::vector<std::byte>> Cache::find(std::string_view key) const {
  const Place place = placeNow();
  const std::lock_guard lock(mutex_);
  if (place.folder.empty() || device_.empty()) return {};
  const std::string entry = entryOf(place.engine, key);
  auto file = base::readFile(pathOf(place.folder, entry), uint64_t{1} << 30);
  if (!file) return {};
  return contentOf(std::move(*file), entry);
}

void Cache::keep(std::string_view key, std::span<const std::byte> bytes) {
  const Place place = placeNow();
  const std::lock_guard lock(mutex_);
  if (place.folder.empty() || device_.empty() || troubled_ == place.folder) return;
  const std::string entry = entryOf(place.engine, key);
  const auto written = base::writeFile(pathOf(place.folder, entry), fileOf(entry, bytes));
  if (written) return;
  troubled_ = place.folder;
  trouble_ = text("the kernel cache is not written, and kernels are compiled anew each time: ",
                  written.error().message);
}

}  // namespace minnow::backend::gpu
