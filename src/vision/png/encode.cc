// PNG files from pixels, by libpng, with little effort at compression.
#include <cstring>

#include "base/guarded.h"
#include "base/whole_file.h"
#include "vision/codecs.h"
#include "vision/png/library.h"

namespace minnow::vision {

namespace {

struct PngWriter {
  std::vector<std::byte> bytes;  // as many as the file can have at most
  size_t used = 0;
  png::Trap trap;
  png_structp png = nullptr;
  png_infop info = nullptr;

  PngWriter() = default;
  PngWriter(const PngWriter&) = delete;
  ~PngWriter() { png_destroy_write_struct(&png, &info); }
};

extern "C" void writePngBytes(png_structp png, png_bytep from, size_t count) {
  auto& writer = *static_cast<PngWriter*>(png_get_io_ptr(png));
  if (count > writer.bytes.size() - writer.used) png_error(png, "the file is too large");
  std::memcpy(writer.bytes.data() + writer.used, from, count);
  writer.used += count;
}
extern "C" void flushNothing(png_structp /*png*/) {}

int pngColour(PixelFormat format) {
  if (format == PixelFormat::Gray) return PNG_COLOR_TYPE_GRAY;
  return channelCount(format) == 4 ? PNG_COLOR_TYPE_RGB_ALPHA : PNG_COLOR_TYPE_RGB;
}

/// The longest file: rows stored as they are, each with a filter's byte, and what goes around them.
size_t mostPngBytes(const ImageView& image) {
  const size_t rows = (1 + size_t(image.width) * channelCount(image.format)) * image.height;
  return rows + rows / 256 + 1024;
}

bool writePngPixels(PngWriter& w, const ImageView& image) {
  w.png = png_create_write_struct_2(PNG_LIBPNG_VER_STRING, &w.trap, png::jump, png::ignore, &w.trap,
                                    png::take, png::give);
  if (!w.png || setjmp(png_jmpbuf(w.png))) return false;
  w.info = png_create_info_struct(w.png);
  if (!w.info) return false;
  png_set_write_fn(w.png, &w, writePngBytes, flushNothing);
  png_set_user_limits(w.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);
  png_set_IHDR(w.png, w.info, image.width, image.height, 8, pngColour(image.format),
               PNG_INTERLACE_NONE, PNG_COMPRESSION_TYPE_DEFAULT, PNG_FILTER_TYPE_DEFAULT);
  png_set_filter(w.png, PNG_FILTER_TYPE_BASE, PNG_FILTER_NONE);
  png_set_compression_level(w.png, 3);
  png_write_info(w.png, w.info);
  if (image.format == PixelFormat::Bgr || image.format == PixelFormat::Bgra) png_set_bgr(w.png);
  for (int y = 0; y < image.height; ++y) png_write_row(w.png, image.data + y * image.rowBytes);
  png_write_end(w.png, nullptr);
  return true;
}

}  // namespace

Result<std::vector<std::byte>> encodePng(const ImageView& image) {
  return guarded("encodePng", [&]() -> Result<std::vector<std::byte>> {
    if (auto ok = checkEncodable(image); !ok) return passOn(ok);
    PngWriter writer;
    writer.bytes.resize(mostPngBytes(image));
    if (!writePngPixels(writer, image)) return writer.trap.error("encodePng", "libpng failed");
    writer.bytes.resize(writer.used);
    return std::move(writer.bytes);
  });
}

Result<void> writePng(const std::filesystem::path& path, const ImageView& image) {
  return guarded(path.native(), [&]() -> Result<void> {
    const Result<std::vector<std::byte>> bytes = encodePng(image);
    if (!bytes) return passOn(bytes);
    return base::writeFile(path, *bytes);
  });
}

}  // namespace minnow::vision
