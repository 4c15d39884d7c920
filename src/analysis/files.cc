// POSIX calls, because every error has to be seen: a full disk shows at write, fsync or close.
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

bool writeAll(int file, std::span<const std::byte> bytes) {
  while (!bytes.empty()) {
    const ssize_t written = write(file, bytes.data(), bytes.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return false;
    bytes = bytes.subspan(static_cast<size_t>(written));
  }
  return true;
}

}  // namespace

Result<std::vector<std::byte>> readFile(const std::filesystem::path& path) {
  const int file = open(path.c_str(), O_RDONLY | O_CLOEXEC);
  if (file < 0) return ioError(path, "cannot be opened");
  std::vector<std::byte> bytes;
  constexpr size_t kChunk = 1 << 20;
  while (true) {
    const size_t filled = bytes.size();
    bytes.resize(filled + kChunk);
    const ssize_t got = read(file, bytes.data() + filled, kChunk);
    bytes.resize(filled + static_cast<size_t>(got > 0 ? got : 0));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) {
      const auto error = ioError(path, "cannot be read");
      close(file);
      return error;
    }
    if (got == 0) break;
  }
  close(file);
  return bytes;
}

Result<void> writeFile(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  auto file = FileWriter::create(path);
  if (!file) return std::unexpected(file.error());
  if (const auto written = file->write(bytes); !written) return written;
  return file->finish();
}

Result<void> writeFile(const std::filesystem::path& path, std::string_view text) {
  return writeFile(path, std::as_bytes(std::span(text.data(), text.size())));
}

std::string sanitisedName(std::string_view name) {
  std::string out(name);
  for (char& c : out) {
    const bool kept = (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') ||
                      c == '.' || c == '_' || c == '-';
    if (!kept) c = '_';
  }
  return out;
}

Result<FileWriter> FileWriter::create(const std::filesystem::path& path) {
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) {
    errno = EISDIR;
    return ioError(path, "cannot be written");
  }
  std::filesystem::path target = path;
  const bool isDevice =
      std::filesystem::exists(status) && !std::filesystem::is_regular_file(status);
  if (!isDevice) target += fmt::format(".part-{}", getpid());
  FileWriter writer(path, std::move(target));
  writer.file_ = ::open(writer.target_.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (writer.file_ < 0) return ioError(path, "cannot be written");
  return writer;
}

FileWriter::FileWriter(FileWriter&& other) noexcept
    : path_(std::move(other.path_)),
      target_(std::move(other.target_)),
      file_(std::exchange(other.file_, -1)) {}

FileWriter& FileWriter::operator=(FileWriter&& other) noexcept {
  std::swap(path_, other.path_);
  std::swap(target_, other.target_);
  std::swap(file_, other.file_);
  return *this;
}

FileWriter::~FileWriter() {
  if (file_ < 0) return;
  close(file_);
  if (!direct()) unlink(target_.c_str());
}

Result<void> FileWriter::write(std::span<const std::byte> bytes) {
  if (!writeAll(file_, bytes)) return ioError(path_, "cannot be written");
  return {};
}

Result<void> FileWriter::finish() {
  // What fails here leaves the file to the destructor; close() alone ends it, failed or not.
  if (!direct() && fsync(file_) != 0) return ioError(path_, "cannot be written");
  const bool closed = close(std::exchange(file_, -1)) == 0;
  if (closed && (direct() || rename(target_.c_str(), path_.c_str()) == 0)) return {};
  const auto error = ioError(path_, "cannot be written");
  if (!direct()) unlink(target_.c_str());
  return error;
}

Result<FileReader> FileReader::open(const std::filesystem::path& path) {
  FileReader reader(path);
  reader.file_ = ::open(path.c_str(), O_RDONLY | O_CLOEXEC);
  struct stat facts{};
  if (reader.file_ < 0 || fstat(reader.file_, &facts) != 0)
    return ioError(path, "cannot be opened");
  if (!S_ISREG(facts.st_mode)) {
    return std::unexpected(
        Error{ErrorCode::Io, fmt::format("{}: is no regular file", path.string())});
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
