// PNG by libpng's simplified interface, which returns errors instead of jumping.
#include <png.h>

#include <cstring>

#include "vision/decoders.h"

namespace minnow::vision {

namespace {
struct Reader {
  png_image image{};
  Reader() { image.version = PNG_IMAGE_VERSION; }
  ~Reader() { png_image_free(&image); }
};
}  // namespace

Result<Image> decodePng(std::span<const std::byte> file, std::string_view name,
                        const DecodeLimits& limits) {
  Reader reader;
  const auto broken = [&] {
    return fail(ErrorCode::InvalidArgument, name, ": damaged or truncated PNG (",
                reader.image.message, ")");
  };
  if (!png_image_begin_read_from_memory(&reader.image, file.data(), file.size())) return broken();
  if (auto ok = checkSize(reader.image.width, reader.image.height, name, limits); !ok)
    return std::unexpected(ok.error());
  reader.image.format = PNG_FORMAT_RGB;
  Image image =
      Image::ofSize(static_cast<int>(reader.image.width), static_cast<int>(reader.image.height));
  png_color white{255, 255, 255};
  if (!png_image_finish_read(&reader.image, &white, image.pixels.data(), 0, nullptr))
    return broken();
  return image;
}

}  // namespace minnow::vision
