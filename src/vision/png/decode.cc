// PNG by libpng, which inflates, undoes filters and unpacks samples. What a sample means is decided
// here, in integers, so that no version of the library decides a byte. Chunks that speak of colour
// (gAMA, sRGB, iCCP, cHRM) are passed over, as Pillow and OpenCV do.
#include <cstring>

#include "vision/codecs.h"
#include "vision/png/library.h"

namespace minnow::vision {

namespace {

struct PngReader {
  std::span<const std::byte> rest;  // of the file
  png::Trap trap;
  png_structp png = nullptr;
  png_infop info = nullptr;

  explicit PngReader(std::span<const std::byte> file) : rest(file) {}
  PngReader(const PngReader&) = delete;
  ~PngReader() { png_destroy_read_struct(&png, &info, nullptr); }
};

/// How samples become colours.
struct PngForm {
  int64_t width = 0, height = 0;
  bool interlaced = false;
  int channels = 1, sampleBytes = 1;
  bool grey = false, alpha = false;
  bool indexed = false;  // palettes, and grey of up to 8 bits: a sample chooses from the table
  uint8_t table[256][3] = {};
  bool keyed = false;  // the pixel of these samples is transparent
  uint8_t key[8] = {};
};

extern "C" void readPngBytes(png_structp png, png_bytep to, size_t count) {
  auto& rest = static_cast<PngReader*>(png_get_io_ptr(png))->rest;
  if (count > rest.size()) png_error(png, "the file ends too early");
  std::memcpy(to, rest.data(), count);
  rest = rest.subspan(count);
}

bool readPngHeader(PngReader& r) {
  r.png = png_create_read_struct_2(PNG_LIBPNG_VER_STRING, &r.trap, png::jump, png::ignore, &r.trap,
                                   png::take, png::give);
  if (!r.png || setjmp(png_jmpbuf(r.png))) return false;
  r.info = png_create_info_struct(r.png);
  if (!r.info) return false;
  png_set_read_fn(r.png, &r, readPngBytes);
  png_set_user_limits(r.png, PNG_UINT_31_MAX, PNG_UINT_31_MAX);  // infoOf has ours
  png_set_crc_action(r.png, PNG_CRC_DEFAULT, PNG_CRC_ERROR_QUIT);
  png_set_keep_unknown_chunks(r.png, PNG_HANDLE_CHUNK_NEVER, nullptr, -1);  // all but pixels'
  png_read_info(r.png, r.info);
  return true;
}

/// Takes memory for rows: the size must have been judged before.
bool beginPngRows(PngReader& r) {
  if (setjmp(png_jmpbuf(r.png))) return false;
  png_set_packing(r.png);
  png_read_update_info(r.png, r.info);
  return true;
}

/// On white, as Pillow's alpha_composite rounds it.
uint8_t onWhite(int value, int alpha) {
  return static_cast<uint8_t>((value * alpha + 255 * (255 - alpha) + 127) / 255);
}

void fillPalette(const PngReader& r, std::span<const uint8_t> alphas, PngForm& form) {
  png_colorp colours = nullptr;
  int count = 0;
  png_get_PLTE(r.png, r.info, &colours, &count);
  for (int i = 0; i < count; ++i) {  // what is not in the palette stays black
    const int alpha = static_cast<size_t>(i) < alphas.size() ? alphas[i] : 255;
    const uint8_t rgb[] = {colours[i].red, colours[i].green, colours[i].blue};
    for (int c = 0; c < 3; ++c) form.table[i][c] = onWhite(rgb[c], alpha);
  }
}

void fillGreys(int bits, PngForm& form) {
  const int most = (1 << bits) - 1;
  for (int i = 0; i <= most; ++i) std::memset(form.table[i], i * 255 / most, 3);
}

/// tRNS of grey and colour: the samples of one pixel, of 16 bits each.
void readKey(std::span<const uint8_t> samples, PngForm& form) {
  if (form.alpha || samples.size() < size_t(2) * form.channels) return;
  form.keyed = true;
  if (form.indexed) return void(std::memset(form.table[samples[1]], 255, 3));
  const int size = form.sampleBytes;
  for (int i = 0; i < form.channels * size; ++i)
    form.key[i] = samples[i / size * 2 + 2 - size + i % size];
}

/// `transparency` is what the tRNS chunk holds.
PngForm formOf(const PngReader& r, const PictureInfo& info, int fileBits,
               std::span<const uint8_t> transparency) {
  PngForm form{.width = info.width, .height = info.height};
  const int type = png_get_color_type(r.png, r.info);
  form.interlaced = png_get_interlace_type(r.png, r.info) != PNG_INTERLACE_NONE;
  form.channels = png_get_channels(r.png, r.info);
  form.sampleBytes = png_get_bit_depth(r.png, r.info) / 8;
  form.alpha = (type & PNG_COLOR_MASK_ALPHA) != 0;
  form.grey = (type & PNG_COLOR_MASK_COLOR) == 0;
  form.indexed = form.channels == 1 && form.sampleBytes == 1;
  if (type == PNG_COLOR_TYPE_PALETTE) {
    fillPalette(r, transparency, form);
    return form;
  }
  if (form.indexed) fillGreys(fileBits, form);
  readKey(transparency, form);
  return form;
}

/// 16-bit samples give their upper byte.
void pngToRgb(const PngForm& form, const uint8_t* in, uint8_t* rgb) {
  if (form.indexed) return void(std::memcpy(rgb, form.table[*in], 3));
  const int size = form.sampleBytes, pixelBytes = form.channels * size;
  const bool hidden = form.keyed && std::memcmp(in, form.key, pixelBytes) == 0;
  const int alpha = form.alpha ? in[pixelBytes - size] : hidden ? 0 : 255;
  for (int c = 0; c < 3; ++c) rgb[c] = in[form.grey ? 0 : c * size];
  if (alpha == 255) return;
  for (int c = 0; c < 3; ++c) rgb[c] = onWhite(rgb[c], alpha);
}

/// A pass of an interlaced picture is a smaller picture of every so-many-th pixel.
void readPngPass(PngReader& r, const PngForm& form, int pass, uint8_t* row, uint8_t* pixels) {
  const bool parts = form.interlaced;
  const int64_t columns = parts ? PNG_PASS_COLS(form.width, pass) : form.width;
  const int64_t rows = parts ? PNG_PASS_ROWS(form.height, pass) : form.height;
  const int pixelBytes = form.channels * form.sampleBytes;
  for (int64_t y = 0; columns > 0 && y < rows; ++y) {
    png_read_row(r.png, row, nullptr);
    const int64_t outRow = parts ? PNG_ROW_FROM_PASS_ROW(y, pass) : y;
    for (int64_t x = 0; x < columns; ++x) {
      const int64_t column = parts ? PNG_COL_FROM_PASS_COL(x, pass) : x;
      pngToRgb(form, row + x * pixelBytes, pixels + 3 * (outRow * form.width + column));
    }
  }
}

bool readPngPixels(PngReader& r, const PngForm& form, uint8_t* row, uint8_t* pixels) {
  if (setjmp(png_jmpbuf(r.png))) return false;
  const int passes = form.interlaced ? PNG_INTERLACE_ADAM7_PASSES : 1;
  for (int pass = 0; pass < passes; ++pass) readPngPass(r, form, pass, row, pixels);
  png_read_end(r.png, nullptr);
  return true;
}

/// The content of the first chunk of that name: after a signature of 8 bytes, each is its length,
/// its name, its content and a checksum, which libpng looks at. It reads eXIf only from
/// version 1.6.32 on, and drops a tRNS that is too long.
std::span<const uint8_t> pngChunk(std::span<const std::byte> file, std::string_view name) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(file.data());
  for (size_t at = 8; at <= file.size() && file.size() - at >= 12;) {
    size_t length = 0;
    for (int i = 0; i < 4; ++i) length = length << 8 | bytes[at + i];
    if (length > file.size() - at - 12) break;
    if (std::memcmp(bytes + at + 4, name.data(), 4) == 0) return {bytes + at + 8, length};
    at += 12 + length;
  }
  return {};
}

}  // namespace

Result<PictureInfo> decodePng(const PictureFile& file, PixelMemory& memory) {
  PngReader r(file.bytes);
  const char* const broken = "damaged or truncated PNG";
  if (!readPngHeader(r)) return r.trap.error(file.name, broken);
  Result<PictureInfo> info =
      infoOf(png_get_image_width(r.png, r.info), png_get_image_height(r.png, r.info), file);
  if (!info) return info;
  info->upright = turnOf(exifOrientation(pngChunk(file.bytes, "eXIf")));
  const Result<uint8_t*> pixels = memory.take(*info);
  if (!pixels) return passOn(pixels);
  if (!*pixels) return info;
  const int fileBits = png_get_bit_depth(r.png, r.info);
  if (!beginPngRows(r)) return r.trap.error(file.name, broken);
  const PngForm form = formOf(r, *info, fileBits, pngChunk(file.bytes, "tRNS"));
  std::vector<uint8_t> row(png_get_rowbytes(r.png, r.info));
  if (!readPngPixels(r, form, row.data(), *pixels)) return r.trap.error(file.name, broken);
  return info;
}

}  // namespace minnow::vision
