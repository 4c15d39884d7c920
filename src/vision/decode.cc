// Which format a file has, and reading files.
#include <cstdio>
#include <cstring>
#include <memory>

#include "vision/decoders.h"

namespace minnow::vision {

namespace {
bool startsWith(std::span<const std::byte> file, std::string_view magic) {
  return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

constexpr size_t kMaxFileBytes = size_t{1} << 30;
}  // namespace

Image Image::ofSize(int width, int height, PixelFormat format) {
  Image image{width, height, format, {}};
  image.pixels.resize(static_cast<size_t>(image.rowBytes()) * height);
  return image;
}

Result<void> checkSize(int64_t width, int64_t height, std::string_view name,
                       const DecodeLimits& limits) {
  if (width < 1 || height < 1)
    return fail(ErrorCode::InvalidArgument, name, ": the picture is empty (", width, "x", height,
                ")");
  constexpr int64_t kMaxSide = 1 << 20;
  if (width > kMaxSide || height > kMaxSide || width * height > limits.maxPixels)
    return fail(ErrorCode::OutOfMemory, name, ": a picture of ", width, "x", height,
                " is beyond the limit of ", limits.maxPixels, " pixels");
  return {};
}

Result<Image> decodeImage(std::span<const std::byte> file, std::string_view name,
                          const DecodeLimits& limits) {
  using namespace std::string_view_literals;
  if (file.empty()) return fail(ErrorCode::InvalidArgument, name, ": the file is empty");
  if (startsWith(file, "\xff\xd8\xff"sv)) return decodeJpeg(file, name, limits);
  if (startsWith(file, "\x89PNG\r\n\x1a\n"sv)) return decodePng(file, name, limits);
  if (startsWith(file, "BM"sv)) return decodeBmp(file, name, limits);
  return fail(ErrorCode::InvalidArgument, name, ": this is no JPEG, PNG or BMP picture");
}

Result<Image> readImage(const std::filesystem::path& path, const DecodeLimits& limits) {
  const std::string name = path.string();
  std::error_code error;
  const std::filesystem::file_status status = std::filesystem::status(path, error);
  if (!std::filesystem::exists(status))
    return fail(ErrorCode::NotFound, name, ": there is no such file");
  if (!std::filesystem::is_regular_file(status))
    return fail(ErrorCode::InvalidArgument, name, ": this is no file");
  const std::unique_ptr<FILE, int (*)(FILE*)> file(std::fopen(name.c_str(), "rb"), &std::fclose);
  if (!file) return fail(ErrorCode::Io, name, ": ", std::strerror(errno));
  const uintmax_t size = std::filesystem::file_size(path, error);
  if (error || size > kMaxFileBytes)
    return fail(ErrorCode::OutOfMemory, name, ": the file is too large for a picture");
  std::vector<std::byte> bytes(size);
  if (std::fread(bytes.data(), 1, bytes.size(), file.get()) != bytes.size())
    return fail(ErrorCode::Io, name, ": the file could not be read to its end");
  return decodeImage(bytes, name, limits);
}

}  // namespace minnow::vision
