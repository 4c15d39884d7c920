// Reading by POSIX means.
#include "converter/file_bytes.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>

#include "base/fail.h"

namespace minnow::converter {
namespace {

constexpr size_t kMost = INT32_MAX;

class File {
 public:
  explicit File(const std::filesystem::path& path)
      : number_(::open(path.c_str(), O_RDONLY | O_CLOEXEC)) {}
  ~File() {
    if (number_ >= 0) ::close(number_);
  }
  File(const File&) = delete;
  File& operator=(const File&) = delete;

  int number() const { return number_; }
  /// How many bytes came before the end or an error; errno is 0 for the end.
  size_t read(std::span<std::byte> bytes) const {
    size_t filled = 0;
    errno = 0;
    while (filled < bytes.size()) {
      const ssize_t count = ::read(number_, bytes.data() + filled, bytes.size() - filled);
      if (count < 0 && errno == EINTR) continue;
      if (count <= 0) break;
      filled += static_cast<size_t>(count);
    }
    return filled;
  }

 private:
  int number_;
};

std::unexpected<Error> systemFailure(const std::filesystem::path& path, const char* what) {
  const int code = errno;
  const bool missing = code == ENOENT || code == ENOTDIR;
  return fail(missing ? ErrorCode::NotFound : ErrorCode::Io, path.native(), ": cannot be ", what,
              ": ", std::strerror(code));
}

std::unexpected<Error> tooLarge(const std::filesystem::path& path) {
  return fail(ErrorCode::Unsupported, path.native(), " has more than ", kMost,
              " bytes, which is all that protobuf reads; save the model with its weights as "
              "external data (onnx.save(…, save_as_external_data=True))");
}

}  // namespace

Result<std::vector<std::byte>> fileBytes(const std::filesystem::path& path) {
  const File file(path);
  struct stat info{};
  if (file.number() < 0) return systemFailure(path, "opened");
  if (::fstat(file.number(), &info) != 0) return systemFailure(path, "read");
  if (S_ISDIR(info.st_mode)) return fail(ErrorCode::Io, path.native(), " is a folder");
  if (info.st_size > static_cast<off_t>(kMost)) return tooLarge(path);
  std::vector<std::byte> bytes(std::max<size_t>(static_cast<size_t>(info.st_size) + 1, 1 << 12));
  size_t filled = 0;
  while (true) {  // of a pipe the size is not known
    const std::span<std::byte> rest = std::span(bytes).subspan(filled);
    const size_t count = file.read(rest);
    if (errno != 0) return systemFailure(path, "read");
    filled += count;
    if (filled > kMost) return tooLarge(path);
    if (count < rest.size()) break;
    bytes.resize(2 * bytes.size());
  }
  bytes.resize(filled);
  return bytes;
}

Result<void> readAt(const std::filesystem::path& path, uint64_t offset,
                    std::span<std::byte> bytes) {
  const File file(path);
  if (file.number() < 0) return systemFailure(path, "opened");
  if (::lseek(file.number(), static_cast<off_t>(offset), SEEK_SET) < 0)
    return systemFailure(path, "read");
  const size_t filled = file.read(bytes);
  if (errno != 0) return systemFailure(path, "read");
  if (filled < bytes.size())
    return fail(ErrorCode::BadModel, path.native(), " ends after ", offset + filled, " bytes, ",
                offset + bytes.size(), " are needed");
  return {};
}

}  // namespace minnow::converter
