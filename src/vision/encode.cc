// PNG and JPEG files from pixels.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
#include <cstring>
// jpeglib.h needs size_t and FILE before it
#include <jpeglib.h>
#include <png.h>

#include <algorithm>

#include "base/fail.h"
#include "minnow/image.h"

namespace minnow::vision {

namespace {

Result<void> checkView(const ImageView& image) {
  if (!image.data || image.width < 1 || image.height < 1)
    return fail(ErrorCode::InvalidArgument, "an empty picture cannot be encoded");
  if (isYuv420(image.format))
    return fail(ErrorCode::Unsupported,
                "a 4:2:0 frame cannot be encoded: write it into a uint8 tensor 1xHxWx3 first");
  return {};
}

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

J_COLOR_SPACE jpegFormat(PixelFormat format) {
  switch (format) {
    case PixelFormat::Gray:
      return JCS_GRAYSCALE;
    case PixelFormat::Rgb:
      return JCS_RGB;
    case PixelFormat::Bgr:
      return JCS_EXT_BGR;
    case PixelFormat::Rgba:
      return JCS_EXT_RGBA;
    case PixelFormat::Bgra:
      return JCS_EXT_BGRA;
    default:  // checkView
      break;
  }
  return JCS_RGB;
}

struct Encoder {
  jpeg_error_mgr manager{};
  std::jmp_buf escape{};
  jpeg_compress_struct info{};
  unsigned char* bytes = nullptr;
  unsigned long size = 0;
  ~Encoder() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
};

extern "C" void escapeFromError(j_common_ptr info) {
  std::longjmp(static_cast<Encoder*>(info->client_data)->escape, 1);
}

// longjmp ends here: this frame owns nothing.
bool compress(Encoder& e, const ImageView& image, int quality) {
  e.info.err = jpeg_std_error(&e.manager);
  e.manager.error_exit = escapeFromError;
  e.info.client_data = &e;
  if (setjmp(e.escape)) return false;
  jpeg_create_compress(&e.info);
  jpeg_mem_dest(&e.info, &e.bytes, &e.size);
  e.info.image_width = static_cast<JDIMENSION>(image.width);
  e.info.image_height = static_cast<JDIMENSION>(image.height);
  e.info.input_components = channelCount(image.format);
  e.info.in_color_space = jpegFormat(image.format);
  jpeg_set_defaults(&e.info);
  jpeg_set_quality(&e.info, std::clamp(quality, 1, 100), TRUE);
  jpeg_start_compress(&e.info, TRUE);
  while (e.info.next_scanline < e.info.image_height) {
    auto* row = const_cast<JSAMPROW>(image.data + e.info.next_scanline * image.rowBytes);
    jpeg_write_scanlines(&e.info, &row, 1);
  }
  jpeg_finish_compress(&e.info);
  return true;
}

bool writeWhole(const std::filesystem::path& path, std::span<const std::byte> bytes) {
  FILE* file = std::fopen(path.c_str(), "wb");
  if (!file) return false;
  const bool written = std::fwrite(bytes.data(), 1, bytes.size(), file) == bytes.size();
  return std::fclose(file) == 0 && written;
}

}  // namespace

Result<std::vector<std::byte>> encodePng(const ImageView& image) {
  if (auto ok = checkView(image); !ok) return std::unexpected(ok.error());
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

Result<std::vector<std::byte>> encodeJpeg(const ImageView& image, int quality) {
  if (auto ok = checkView(image); !ok) return std::unexpected(ok.error());
  Encoder encoder;
  if (!compress(encoder, image, quality))
    return fail(ErrorCode::InvalidArgument, "JPEG encoding of ", image.width, "x", image.height,
                " pixels failed");
  const auto* begin = reinterpret_cast<const std::byte*>(encoder.bytes);
  return std::vector<std::byte>(begin, begin + encoder.size);
}

Result<void> writePng(const std::filesystem::path& path, const ImageView& image) {
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

}  // namespace minnow::vision
