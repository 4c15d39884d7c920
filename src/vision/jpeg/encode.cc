// JPEG files from pixels, by libjpeg.
#include <csetjmp>
#include <cstdio>
#include <cstdlib>
// jpeglib.h needs size_t and FILE before it
#include <jpeglib.h>

#include <jerror.h>  // its list depends on jpeglib.h

#include <algorithm>

#include "base/guarded.h"
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

// libjpeg's own destination in memory frees a buffer that its caller still has, if it fails later.
struct JpegWriter {
  jpeg_error_mgr errors{};
  std::jmp_buf escape{};
  jpeg_compress_struct info{};
  jpeg_destination_mgr destination{};
  JOCTET* bytes = nullptr;
  size_t capacity = 0;
  bool outOfMemory = false;

  JpegWriter() = default;
  JpegWriter(const JpegWriter&) = delete;
  ~JpegWriter() {
    jpeg_destroy_compress(&info);
    std::free(bytes);
  }
  size_t size() const { return capacity - destination.free_in_buffer; }
};

extern "C" void leaveWriting(j_common_ptr info) {
  auto* writer = static_cast<JpegWriter*>(info->client_data);
  writer->outOfMemory = writer->errors.msg_code == JERR_OUT_OF_MEMORY;
  std::longjmp(writer->escape, 1);
}

extern "C" boolean growJpeg(j_compress_ptr info) {
  auto& w = *static_cast<JpegWriter*>(info->client_data);
  const size_t used = w.capacity, capacity = used ? 2 * used : 4096;
  void* larger = std::realloc(w.bytes, capacity);
  if (!larger) ERREXIT1(info, JERR_OUT_OF_MEMORY, 0);
  w.bytes = static_cast<JOCTET*>(larger);
  w.capacity = capacity;
  w.destination.next_output_byte = w.bytes + used;
  w.destination.free_in_buffer = capacity - used;
  return TRUE;
}
extern "C" void beginJpeg(j_compress_ptr info) { growJpeg(info); }
extern "C" void endJpeg(j_compress_ptr /*info*/) {}

// longjmp ends here: this frame owns nothing.
bool compress(JpegWriter& w, const ImageView& image, int quality) {
  w.info.err = jpeg_std_error(&w.errors);
  w.errors.error_exit = leaveWriting;
  w.info.client_data = &w;
  if (setjmp(w.escape)) return false;
  jpeg_create_compress(&w.info);
  w.destination.init_destination = beginJpeg;
  w.destination.empty_output_buffer = growJpeg;
  w.destination.term_destination = endJpeg;
  w.info.dest = &w.destination;
  w.info.image_width = static_cast<JDIMENSION>(image.width);
  w.info.image_height = static_cast<JDIMENSION>(image.height);
  w.info.input_components = channelCount(image.format);
  w.info.in_color_space = jpegFormat(image.format);
  jpeg_set_defaults(&w.info);
  jpeg_set_quality(&w.info, std::clamp(quality, 1, 100), TRUE);
  jpeg_start_compress(&w.info, TRUE);
  while (w.info.next_scanline < w.info.image_height) {
    auto* row = const_cast<JSAMPROW>(image.data + w.info.next_scanline * image.rowBytes);
    jpeg_write_scanlines(&w.info, &row, 1);
  }
  jpeg_finish_compress(&w.info);
  return true;
}

}  // namespace

Result<std::vector<std::byte>> encodeJpeg(const ImageView& image, int quality) {
  return guarded("encodeJpeg", [&]() -> Result<std::vector<std::byte>> {
    if (auto ok = checkEncodable(image); !ok) return passOn(ok);
    JpegWriter writer;
    if (!compress(writer, image, quality))
      return fail(writer.outOfMemory ? ErrorCode::OutOfMemory : ErrorCode::InvalidArgument,
                  "JPEG encoding of ", image.width, "x", image.height, " pixels failed",
                  writer.outOfMemory ? ": no memory" : "");
    const auto* begin = reinterpret_cast<const std::byte*>(writer.bytes);
    return std::vector<std::byte>(begin, begin + writer.size());
  });
}

}  // namespace minnow::vision
