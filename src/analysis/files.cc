// POSIX calls, because every error has to be seen: a full disk shows at write, fsync or close.
#include "analysis/files.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

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

Result<void> writeTo(const std::filesystem::path& target, const std::filesystem::path& named,
                     std::span<const std::byte> bytes, bool regular) {
  const int file = open(target.c_str(), O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) return ioError(named, "cannot be written");
  bool good = writeAll(file, bytes) && (!regular || fsync(file) == 0);
  const int writeError = errno;
  good = close(file) == 0 && good;
  if (good) return {};
  errno = writeError;
  return ioError(named, "cannot be written");
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
  std::error_code ignored;
  const auto status = std::filesystem::status(path, ignored);
  if (std::filesystem::is_directory(status)) {
    errno = EISDIR;
    return ioError(path, "cannot be written");
  }
  if (std::filesystem::exists(status) && !std::filesystem::is_regular_file(status)) {
    return writeTo(path, path, bytes, false);
  }
  std::filesystem::path beside = path;
  beside += fmt::format(".part-{}", getpid());
  auto written = writeTo(beside, path, bytes, true);
  if (written && rename(beside.c_str(), path.c_str()) != 0) {
    written = ioError(path, "cannot be written");
  }
  if (!written) unlink(beside.c_str());
  return written;
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

}  // namespace minnow::analysis
