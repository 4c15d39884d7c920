// JPEG by libjpeg. Its errors leave by longjmp, so the frame that calls setjmp owns nothing that
// needs a destructor; a file that ends early is an error here, not a half-grey picture.
#include <csetjmp>
#include <cstdio>
// jpeglib.h needs size_t and FILE before it
#include <jpeglib.h>

#include <jerror.h>  // its list depends on jpeglib.h

#include "vision/codecs.h"

namespace minnow::vision {

namespace {

struct ErrorTrap {
  jpeg_error_mgr manager;
  std::jmp_buf escape;
  char message[JMSG_LENGTH_MAX] = "";
  bool damaged = false;
  ErrorCode code = ErrorCode::InvalidArgument;
};

/// What stopped libjpeg: a full machine, a form that it was built without, or damage.
ErrorCode jpegErrorCode(int message) {
  switch (message) {
    case JERR_OUT_OF_MEMORY:
      return ErrorCode::OutOfMemory;
    case JERR_ARITH_NOTIMPL:
    case JERR_BAD_PRECISION:
    case JERR_CONVERSION_NOTIMPL:
    case JERR_FRACT_SAMPLE_NOTIMPL:
    case JERR_NOT_COMPILED:
    case JERR_SOF_UNSUPPORTED:
      return ErrorCode::Unsupported;
    default:
      return ErrorCode::InvalidArgument;
  }
}

extern "C" void trapError(j_common_ptr info) {
  auto* trap = reinterpret_cast<ErrorTrap*>(info->err);
  trap->manager.format_message(info, trap->message);
  trap->code = jpegErrorCode(trap->manager.msg_code);
  std::longjmp(trap->escape, 1);
}

// Level -1 is a corrupt-data warning, after which libjpeg makes pixels up.
extern "C" void trapMessage(j_common_ptr info, int level) {
  auto* trap = reinterpret_cast<ErrorTrap*>(info->err);
  if (level >= 0) return;
  if (!trap->damaged) trap->manager.format_message(info, trap->message);
  const int code = trap->manager.msg_code;
  trap->damaged = trap->damaged || code == JWRN_JPEG_EOF || code == JWRN_HIT_MARKER ||
                  code == JWRN_HUFF_BAD_CODE || code == JWRN_ARITH_BAD_CODE ||
                  code == JWRN_MUST_RESYNC;
}

struct Decoder {
  jpeg_decompress_struct info{};
  ErrorTrap trap{};
  Decoder() {
    info.err = jpeg_std_error(&trap.manager);
    trap.manager.error_exit = trapError;
    trap.manager.emit_message = trapMessage;
  }
  ~Decoder() { jpeg_destroy_decompress(&info); }
};

bool readHeader(Decoder& d, std::span<const std::byte> file) {
  if (setjmp(d.trap.escape)) return false;
  jpeg_create_decompress(&d.info);
  jpeg_mem_src(&d.info, reinterpret_cast<const unsigned char*>(file.data()), file.size());
  jpeg_save_markers(&d.info, JPEG_APP0 + 1, 0xffff);
  jpeg_read_header(&d.info, TRUE);
  return true;
}

bool readPixels(Decoder& d, uint8_t* pixels) {
  if (setjmp(d.trap.escape)) return false;
  // Integer arithmetic that vector code repeats to the bit, and no guesses at coefficients that an
  // incomplete progressive file lacks: libraries' versions guess differently.
  d.info.dct_method = JDCT_ISLOW;
  d.info.do_fancy_upsampling = TRUE;
  d.info.do_block_smoothing = FALSE;
  jpeg_start_decompress(&d.info);
  const size_t rowBytes = size_t{d.info.output_width} * d.info.output_components;
  while (d.info.output_scanline < d.info.output_height && !d.trap.damaged) {
    JSAMPROW row = pixels + d.info.output_scanline * rowBytes;
    jpeg_read_scanlines(&d.info, &row, 1);
  }
  if (!d.trap.damaged) jpeg_finish_decompress(&d.info);
  return !d.trap.damaged;
}

// Adobe stores CMYK inverted, 255 being no ink. Pillow and OpenCV take every CMYK file for Adobe's.
// In place: a pixel shrinks.
void fromCmyk(uint8_t* pixels, size_t count) {
  for (size_t i = 0; i < count; ++i) {
    const uint8_t* in = pixels + 4 * i;
    const int key = in[3];
    for (int c = 0; c < 3; ++c) pixels[3 * i + c] = static_cast<uint8_t>((in[c] * key + 127) / 255);
  }
}

// APP1 is XMP's segment too.
int orientationOf(const jpeg_decompress_struct& info) {
  for (const jpeg_marker_struct* m = info.marker_list; m; m = m->next)
    if (m->marker == JPEG_APP0 + 1 && startsWithExif({m->data, m->data_length}))
      return exifOrientation({m->data, m->data_length});
  return 1;
}

}  // namespace

Result<PictureInfo> decodeJpeg(const PictureFile& file, PixelMemory& memory) {
  Decoder d;
  const auto broken = [&] {
    if (d.trap.code == ErrorCode::InvalidArgument)
      return fail(d.trap.code, file.name, ": damaged or truncated JPEG (", d.trap.message, ")");
    return fail(d.trap.code, file.name, ": this JPEG is not read (", d.trap.message, ")");
  };
  if (!readHeader(d, file.bytes)) return broken();
  Result<PictureInfo> info = infoOf(d.info.image_width, d.info.image_height, file);
  if (!info) return info;
  const bool cmyk = d.info.jpeg_color_space == JCS_CMYK || d.info.jpeg_color_space == JCS_YCCK;
  d.info.out_color_space = cmyk ? JCS_CMYK : JCS_RGB;
  const size_t count = info->decodedBytes / 3;
  if (cmyk) info->decodedBytes = 4 * count;
  info->upright = turnOf(orientationOf(d.info));
  const Result<uint8_t*> pixels = memory.take(*info);
  if (!pixels) return passOn(pixels);
  if (!*pixels) return info;
  if (!readPixels(d, *pixels)) return broken();
  if (cmyk) fromCmyk(*pixels, count);
  return info;
}

}  // namespace minnow::vision
