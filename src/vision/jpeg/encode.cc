// JPEG files from pixels, by libjpeg.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// jpeglib.h needs size_t and FILE before it
#include <jpeglib.h>

#include <algorithm>

#include "vision/codecs.h"

namespace minnow::vision {

namespace {

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

}  // namespace

Result<std::vector<std::byte>> encodeJpeg(const ImageView& image, int quality) {
  if (auto ok = checkEncodable(image); !ok) return std::unexpected(ok.error());
  Encoder encoder;
  if (!compress(encoder, image, quality))
    return fail(ErrorCode::InvalidArgument, "JPEG encoding of ", image.width, "x", image.height,
                " pixels failed");
  const auto* begin = reinterpret_cast<const std::byte*>(encoder.bytes);
  return std::vector<std::byte>(begin, begin + encoder.size);
}

}  // namespace minnow::vision
