// BMP: 14 bytes of file header, a BITMAPINFOHEADER or one of its successors or the shorter header
// of OS/2 1.x, a palette for up to 8 bits a pixel, then rows padded to 4 bytes, lowest first unless
// the height is negative.
#include <bit>
#include <cstdlib>

#include "vision/codecs.h"

namespace minnow::vision {

namespace {

constexpr size_t kFileHeader = 14, kCoreHeader = 12, kInfoHeader = 40;
constexpr uint32_t kPlain = 0, kBitFields = 3;

struct Bmp {
  std::span<const std::byte> bytes;
  std::string_view name;
  int64_t width = 0, height = 0;
  bool topDown = false;
  uint32_t bits = 0, compression = 0;
  size_t pixels = 0, palette = 0, paletteEntries = 0, entryBytes = 4;
  uint32_t masks[3] = {0xff0000, 0x00ff00, 0x0000ff};  // red, green, blue

  uint32_t read(size_t offset, int count) const {
    if (offset > bytes.size() || bytes.size() - offset < static_cast<size_t>(count)) return 0;
    uint32_t value = 0;
    for (int i = count - 1; i >= 0; --i)
      value = value << 8 | std::to_integer<uint32_t>(bytes[offset + i]);
    return value;
  }
  size_t rowBytes() const { return (static_cast<size_t>(width) * bits + 31) / 32 * 4; }
};

void readMasks(Bmp& bmp, size_t header) {
  if (bmp.bits == 16) {  // 5 bits each unless said otherwise
    bmp.masks[0] = 0x7c00, bmp.masks[1] = 0x03e0, bmp.masks[2] = 0x001f;
  }
  if (bmp.compression != kBitFields) return;
  for (int c = 0; c < 3; ++c) bmp.masks[c] = bmp.read(kFileHeader + kInfoHeader + 4 * c, 4);
  if (header == kInfoHeader) bmp.palette += 12;
}

/// BITMAPCOREHEADER: sizes of 16 bits, palette entries of three bytes.
void readCoreHeader(Bmp& bmp) {
  bmp.width = bmp.read(18, 2);
  bmp.height = bmp.read(20, 2);
  bmp.bits = bmp.read(24, 2);
  bmp.entryBytes = 3;
}

void readInfoHeader(Bmp& bmp, size_t header) {
  const auto height = static_cast<int32_t>(bmp.read(22, 4));
  bmp.width = static_cast<int32_t>(bmp.read(18, 4));
  bmp.height = std::llabs(height);
  bmp.topDown = height < 0;
  bmp.bits = bmp.read(28, 2);
  bmp.compression = bmp.read(30, 4);
  bmp.paletteEntries = bmp.read(46, 4);
  readMasks(bmp, header);
}

Result<Bmp> readHeader(std::span<const std::byte> file, std::string_view name) {
  Bmp bmp{file, name};
  const size_t header = bmp.read(kFileHeader, 4);
  if (header < kCoreHeader || header > 1024 || file.size() < kFileHeader + header)
    return fail(ErrorCode::InvalidArgument, name, ": damaged or truncated BMP header");
  if (header > kCoreHeader && header < kInfoHeader)
    return fail(ErrorCode::Unsupported, name, ": BMP with a header of ", header,
                " bytes is not read; those of 12, 40 and more are");
  bmp.pixels = bmp.read(10, 4);
  bmp.palette = kFileHeader + header;
  header == kCoreHeader ? readCoreHeader(bmp) : readInfoHeader(bmp, header);
  if (bmp.bits > 8)
    bmp.paletteEntries = 0;
  else if (bmp.paletteEntries == 0 || bmp.paletteEntries > 256)
    bmp.paletteEntries = 1U << bmp.bits;
  if (bmp.pixels == 0) bmp.pixels = bmp.palette + bmp.paletteEntries * bmp.entryBytes;
  if (bmp.pixels < kFileHeader + header)
    return fail(ErrorCode::InvalidArgument, name, ": damaged BMP (its pixels begin in its header)");
  return bmp;
}

Result<void> checkForm(const Bmp& bmp) {
  const bool deep = bmp.bits == 16 || bmp.bits == 24 || bmp.bits == 32;
  const bool indexed = bmp.bits == 1 || bmp.bits == 4 || bmp.bits == 8;
  const bool known = (bmp.compression == kPlain && (deep || indexed)) ||
                     (bmp.compression == kBitFields && (bmp.bits == 16 || bmp.bits == 32));
  if (!known)
    return fail(ErrorCode::Unsupported, bmp.name, ": BMP with ", bmp.bits,
                " bits a pixel and compression ", bmp.compression, " is not read");
  // The last row may lack what pads it.
  const size_t needed = bmp.rowBytes() * static_cast<size_t>(bmp.height - 1) +
                        (static_cast<size_t>(bmp.width) * bmp.bits + 7) / 8;
  if (bmp.pixels > bmp.bytes.size() || bmp.bytes.size() - bmp.pixels < needed)
    return fail(ErrorCode::InvalidArgument, bmp.name, ": truncated BMP (", needed,
                " bytes of pixels expected)");
  return {};
}

/// Rounded down, as Pillow does it.
uint8_t field(uint32_t pixel, uint32_t mask) {
  if (mask == 0) return 0;
  const uint32_t most = mask >> std::countr_zero(mask);
  const uint32_t value = (pixel & mask) >> std::countr_zero(mask);
  return static_cast<uint8_t>(uint64_t{value} * 255 / most);
}

void readPixel(const Bmp& bmp, size_t row, int64_t x, uint8_t* rgb) {
  if (bmp.bits <= 8) {
    const size_t bit = static_cast<size_t>(x) * bmp.bits;
    const uint32_t byte = bmp.read(row + bit / 8, 1);
    const uint32_t index = byte >> (8 - bmp.bits - bit % 8) & ((1U << bmp.bits) - 1);
    const uint32_t colour =
        index < bmp.paletteEntries ? bmp.read(bmp.palette + bmp.entryBytes * index, 3) : 0;
    for (int c = 0; c < 3; ++c) rgb[c] = static_cast<uint8_t>(colour >> (16 - 8 * c));
    return;
  }
  const int bytes = static_cast<int>(bmp.bits / 8);
  const uint32_t pixel = bmp.read(row + static_cast<size_t>(x) * bytes, bytes);
  for (int c = 0; c < 3; ++c)
    rgb[c] =
        bmp.bits == 24 ? static_cast<uint8_t>(pixel >> (16 - 8 * c)) : field(pixel, bmp.masks[c]);
}

}  // namespace

Result<PictureInfo> decodeBmp(const PictureFile& file, PixelMemory& memory) {
  const Result<Bmp> bmp = readHeader(file.bytes, file.name);
  if (!bmp) return passOn(bmp);
  const Result<PictureInfo> info = infoOf(bmp->width, bmp->height, file);
  if (!info) return info;
  if (auto ok = checkForm(*bmp); !ok) return passOn(ok);
  const Result<uint8_t*> pixels = memory.take(*info);
  if (!pixels) return passOn(pixels);
  uint8_t* out = *pixels;
  if (!out) return info;
  for (int64_t y = 0; y < bmp->height; ++y) {
    const int64_t stored = bmp->topDown ? y : bmp->height - 1 - y;
    const size_t row = bmp->pixels + static_cast<size_t>(stored) * bmp->rowBytes();
    for (int64_t x = 0; x < bmp->width; ++x, out += 3) readPixel(*bmp, row, x, out);
  }
  return info;
}

}  // namespace minnow::vision
