// PNG by libpng's simplified interface, which returns errors instead of jumping.
#include <png.h>

#include <cstring>

#include "vision/codecs.h"

namespace minnow::vision {

namespace {
struct Reader {
  png_image image{};
  Reader() { image.version = PNG_IMAGE_VERSION; }
  ~Reader() { png_image_free(&image); }
};
}  // namespace

Result<PictureInfo> decodePng(const PictureFile& file, PixelMemory& memory) {
  Reader reader;
  const auto broken = [&] {
    return fail(ErrorCode::InvalidArgument, file.name, ": damaged or truncated PNG (",
                reader.image.message, ")");
  };
  if (!png_image_begin_read_from_memory(&reader.image, file.bytes.data(), file.bytes.size()))
    return broken();
  const Result<PictureInfo> info = infoOf(reader.image.width, reader.image.height, file);
  if (!info) return info;
  const Result<uint8_t*> pixels = memory.take(*info);
  if (!pixels) return std::unexpected(pixels.error());
  reader.image.format = PNG_FORMAT_RGB;
  png_color white{255, 255, 255};
  if (*pixels && !png_image_finish_read(&reader.image, &white, *pixels, 0, nullptr))
    return broken();
  return info;
}

}  // namespace minnow::vision
