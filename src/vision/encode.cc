// What every encoder asks of a picture, and pictures into files.
#include <cerrno>
#include <cstdio>
#include <cstring>

#include "base/guarded.h"
#include "vision/codecs.h"

namespace minnow::vision {

Result<void> checkEncodable(const ImageView& image) {
  if (!image.data || image.width < 1 || image.height < 1)
    return fail(ErrorCode::InvalidArgument, "an empty picture cannot be encoded");
  if (isYuv420(image.format))
    return fail(ErrorCode::Unsupported,
                "a 4:2:0 frame cannot be encoded: write it into a uint8 tensor 1xHxWx3 first");
  return {};
}

namespace {

bool writeWhole(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return false;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return std::fclose(file) == 0 && written;
}

Result<void> writePngFile(const std::filesystem::path& path, const ImageView& image) {
  const Result<std::vector<std::byte>> bytes = encodePng(image);
  if (!bytes) return std::unexpected(bytes.error());
  std::filesystem::path beside = path;
  beside += ".part";
  std::error_code error;
  if (!writeWhole(beside, *bytes)) {
    const std::string reason = std::strerror(errno);
    std::filesystem::remove(beside, error);
    return fail(ErrorCode::Io, path.string(), ": cannot write: ", reason);
  }
  std::filesystem::rename(beside, path, error);
  if (!error) return {};
  const std::string reason = error.message();
  std::filesystem::remove(beside, error);
  return fail(ErrorCode::Io, path.string(), ": cannot rename to it: ", reason);
}

}  // namespace

Result<void> writePng(const std::filesystem::path& path, const ImageView& image) {
  return guarded(path.native(), [&] { return writePngFile(path, image); });
}

}  // namespace minnow::vision
