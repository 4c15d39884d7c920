// Reading at any place by POSIX calls, whose errors can be seen.
#include "analysis/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

namespace minnow::analysis {
namespace {

std::unexpected<Error> ioError(const std::filesystem::path& path, const char* what) {
  const auto code = errno == ENOENT ? ErrorCode::NotFound : ErrorCode::Io;
  return std::unexpected(
      Error{code, fmt::format("{}: {}: {}", path.string(), what, std::strerror(errno))});
}

}  // namespace

std::string sanitisedName(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    const bool kept = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
    if (!kept) c = '_';
  }
  return out;
}

Result<FileReader> FileReader::open(const std::filesystem::path& path) {
  FileReader reader(path);
  reader.file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts{};
  if (reader.file_ < 0 || fstat(reader.file_, &facts) != 0)
    return ioError(path, "cannot be opened");
  if (!S_ISREG(facts.st_mode)) {
    const char* what = S_ISDIR(facts.st_mode) ? "a folder, not a file" : "no regular file";
    return std::unexpected(Error{ErrorCode::Io, fmt::format("{}: is {}", path.string(), what)});
  }
  reader.size_ = static_cast<uint64_t>(facts.st_size);
  return reader;
}

FileReader::FileReader(FileReader&& other) noexcept
    : path_(std::move(other.path_)),
      file_(std::exchange(other.file_, -1)),
      size_(std::exchange(other.size_, 0)) {}

FileReader& FileReader::operator=(FileReader&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(file_, other.file_);
  std::swap(size_, other.size_);
  return *this;
}

FileReader::~FileReader() {
  if (file_ >= 0) close(file_);
}

Result<void> FileReader::read(uint64_t offset, std::span<std::byte> into) const {
  while (!into.empty()) {
    const ssize_t got = pread(file_, into.data(), into.size(), static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return ioError(path_, "cannot be read");
    if (got == 0) {
      return std::unexpected(
          Error{ErrorCode::Io, fmt::format("{}: is shorter than it was", path_.string())});
    }
    offset += static_cast<uint64_t>(got);
    into = into.subspan(static_cast<size_t>(got));
  }
  return {};
}

}  // namespace minnow::analysis
