// PNG files from pixels, by libpng's simplified interface.
#include <png.h>

#include "vision/codecs.h"

namespace minnow::vision {

namespace {

uint32_t pngFormat(PixelFormat format) {
  switch (format) {
    case PixelFormat::Gray:
      return PNG_FORMAT_GRAY;
    case PixelFormat::Rgb:
      return PNG_FORMAT_RGB;
    case PixelFormat::Bgr:
      return PNG_FORMAT_BGR;
    case PixelFormat::Rgba:
      return PNG_FORMAT_RGBA;
    case PixelFormat::Bgra:
      return PNG_FORMAT_BGRA;
    default:  // checkView
      break;
  }
  return PNG_FORMAT_RGB;
}

}  // namespace

Result<std::vector<std::byte>> encodePng(const ImageView& image) {
  if (auto ok = checkEncodable(image); !ok) return std::unexpected(ok.error());
  png_image png{};
  png.version = PNG_IMAGE_VERSION;
  png.width = static_cast<png_uint_32>(image.width);
  png.height = static_cast<png_uint_32>(image.height);
  png.format = pngFormat(image.format);
  png.flags = PNG_IMAGE_FLAG_FAST;
  // A negative row stride means "bottom-up" to libpng, with data at the lowest address.
  const ptrdiff_t bottom = image.rowBytes < 0 ? (image.height - 1) * image.rowBytes : 0;
  const uint8_t* data = image.data + bottom;
  const auto stride = static_cast<png_int_32>(image.rowBytes);
  png_alloc_size_t size = PNG_IMAGE_PNG_SIZE_MAX(png);
  std::vector<std::byte> bytes(size);
  if (!png_image_write_to_memory(&png, bytes.data(), &size, 0, data, stride, nullptr))
    return fail(ErrorCode::InvalidArgument, "PNG encoding failed: ", png.message);
  bytes.resize(size);
  return bytes;
}

}  // namespace minnow::vision
