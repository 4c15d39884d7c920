// The limit of what protobuf reads; external data by POSIX means.
#include "converter/file_bytes.h"

#include <fcntl.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

#include "base/descriptor.h"
#include "base/fail.h"
#include "base/whole_file.h"

namespace minnow::converter {
namespace {

std::unexpected<Error> cannotRead(const std::filesystem::path& path) {
  const int code = errno;
  return fail(code == ENOENT || code == ENOTDIR ? ErrorCode::NotFound : ErrorCode::Io,
              path.native(), ": cannot be read: ", std::strerror(code));
}

}  // namespace

Result<std::vector<std::byte>> fileBytes(const std::filesystem::path& path) {
  constexpr uint64_t kMost = INT32_MAX;
  auto bytes = base::readFile(path, kMost);
  if (bytes || bytes.error().code != ErrorCode::OutOfMemory) return bytes;
  return fail(ErrorCode::Unsupported, bytes.error().message,
              ", which is all that protobuf reads; save the model with its weights as external "
              "data (onnx.save(…, save_as_external_data=True))");
}

Result<void> readAt(const std::filesystem::path& path, uint64_t offset,
                    std::span<std::byte> bytes) {
  const base::Descriptor file(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file.number < 0) return cannotRead(path);
  for (size_t filled = 0; filled < bytes.size();) {
    const ssize_t count = ::pread(file.number, bytes.data() + filled, bytes.size() - filled,
                                  static_cast<off_t>(offset + filled));
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) return cannotRead(path);
    if (count == 0)
      return fail(ErrorCode::BadModel, path.native(), ": ends after ", offset + filled, " bytes, ",
                  offset + bytes.size(), " are needed");
    filled += static_cast<size_t>(count);
  }
  return {};
}

}  // namespace minnow::converter
