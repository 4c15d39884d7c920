// Which format a file has, and reading files.
#include <algorithm>
#include <cstdint>
#include <cstring>

#include "base/guarded.h"
#include "base/whole_file.h"
#include "vision/codecs.h"

namespace minnow::vision {

namespace {
bool startsWith(std::span<const std::byte> file, std::string_view magic) {
  return file.size() >= magic.size() && std::memcmp(file.data(), magic.data(), magic.size()) == 0;
}

constexpr size_t kMaxFileBytes = size_t{1} << 30;
}  // namespace

Result<Image> Image::ofSize(int width, int height, PixelFormat format) {
  return guarded("Image::ofSize", [&]() -> Result<Image> {
    if (width < 1 || height < 1 || isYuv420(format))
      return fail(ErrorCode::InvalidArgument, "no picture has ", width, "x", height,
                  " pixels of that format");
    Image image{width, height, format, {}};
    image.pixels.resize(static_cast<size_t>(image.rowBytes()) * height);
    return image;
  });
}

Result<PictureInfo> infoOf(int64_t width, int64_t height, const PictureFile& file) {
  if (width < 1 || height < 1)
    return fail(ErrorCode::InvalidArgument, file.name, ": the picture is empty (", width, "x",
                height, ")");
  constexpr int64_t kMaxSide = 1 << 20;
  const int64_t most = std::min<int64_t>(file.limits.maxPixels, PTRDIFF_MAX / 4);
  if (width > kMaxSide || height > kMaxSide || width * height > most)
    return fail(ErrorCode::OutOfMemory, file.name, ": a picture of ", width, "x", height,
                " is beyond the limit of ", most, " pixels");
  return PictureInfo{static_cast<int>(width),
                     static_cast<int>(height),
                     {},
                     3 * static_cast<size_t>(width * height)};
}

namespace {

class HeaderOnly : public PixelMemory {
 public:
  Result<uint8_t*> take(const PictureInfo& /*info*/) override { return nullptr; }
};

class OwnMemory : public PixelMemory {
 public:
  Result<uint8_t*> take(const PictureInfo& info) override {
    pixels.resize(info.decodedBytes);
    return pixels.data();
  }
  std::vector<uint8_t> pixels;
};

class CallersMemory : public PixelMemory {
 public:
  CallersMemory(std::span<uint8_t> into, std::string_view name) : into_(into), name_(name) {}
  Result<uint8_t*> take(const PictureInfo& info) override {
    if (info.decodedBytes > into_.size())
      return fail(ErrorCode::OutOfMemory, name_, ": decoding takes ", info.decodedBytes,
                  " bytes, there are ", into_.size());
    return into_.data();
  }

 private:
  std::span<uint8_t> into_;
  std::string_view name_;
};

Result<PictureInfo> decodeAny(const PictureFile& file, PixelMemory& memory) {
  using namespace std::string_view_literals;
  if (file.bytes.empty()) return fail(ErrorCode::InvalidArgument, file.name, ": the file is empty");
  if (startsWith(file.bytes, "\xff\xd8\xff"sv)) return decodeJpeg(file, memory);
  if (startsWith(file.bytes, "\x89PNG\r\n\x1a\n"sv)) return decodePng(file, memory);
  if (startsWith(file.bytes, "BM"sv)) return decodeBmp(file, memory);
  return fail(ErrorCode::InvalidArgument, file.name, ": this is no JPEG, PNG or BMP picture");
}

}  // namespace

Result<PictureInfo> imageInfo(std::span<const std::byte> file, std::string_view name,
                              const DecodeLimits& limits) {
  return guarded(name, [&] {
    HeaderOnly none;
    return decodeAny({file, name, limits}, none);
  });
}

Result<Image> decodeImage(std::span<const std::byte> file, std::string_view name,
                          const DecodeLimits& limits) {
  return guarded(name, [&]() -> Result<Image> {
    OwnMemory memory;
    const Result<PictureInfo> info = decodeAny({file, name, limits}, memory);
    if (!info) return passOn(info);
    Image image{info->width, info->height, PixelFormat::Rgb, std::move(memory.pixels)};
    image.pixels.resize(static_cast<size_t>(image.rowBytes()) * image.height);
    return turned(std::move(image), info->upright);
  });
}

Result<DecodedFrame> decodeImageInto(std::span<const std::byte> file, std::string_view name,
                                     std::span<uint8_t> into, const DecodeLimits& limits) {
  return guarded(name, [&]() -> Result<DecodedFrame> {
    CallersMemory memory(into, name);
    const Result<PictureInfo> info = decodeAny({file, name, limits}, memory);
    if (!info) return passOn(info);
    return DecodedFrame{ImageView::packed(into.data(), info->width, info->height, PixelFormat::Rgb),
                        info->upright};
  });
}

Result<Image> readImage(const std::filesystem::path& path, const DecodeLimits& limits) {
  return guarded(path.native(), [&]() -> Result<Image> {
    const Result<std::vector<std::byte>> bytes = base::readFile(path, kMaxFileBytes);
    if (!bytes) return passOn(bytes);
    return decodeImage(*bytes, path.native(), limits);
  });
}

}  // namespace minnow::vision
