// Decoding: round trips, pictures written by hand, and files that lie.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <tuple>
#include <utility>

#include "vision/codecs.h"

namespace minnow::vision {
namespace {

using Bytes = std::vector<std::byte>;

Image smooth(int width, int height) {
  Image image = Image::ofSize(width, height).value();
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x) {
      uint8_t* p = image.pixels.data() + (y * width + x) * 3;
      p[0] = static_cast<uint8_t>(2 * x), p[1] = static_cast<uint8_t>(3 * y), p[2] = 90;
    }
  return image;
}

void put(Bytes& out, uint32_t value, int bytes) {
  for (int i = 0; i < bytes; ++i) out.push_back(std::byte(value >> (8 * i)));
}

// PNG files by hand -------------------------------------------------------------------------------

void putBig(Bytes& out, uint32_t value, int bytes) {
  for (int i = bytes - 1; i >= 0; --i) out.push_back(std::byte(value >> (8 * i)));
}

Bytes bytesOf(std::initializer_list<int> values) {
  Bytes bytes;
  for (int value : values) bytes.push_back(std::byte(value));
  return bytes;
}

/// Length, name, content and CRC-32 (PNG, annex D).
Bytes chunk(std::string_view name, const Bytes& content) {
  Bytes out, named;
  for (char c : name) named.push_back(std::byte(c));
  named.insert(named.end(), content.begin(), content.end());
  uint32_t crc = 0xffffffff;
  for (std::byte byte : named) {
    crc ^= std::to_integer<uint32_t>(byte);
    for (int i = 0; i < 8; ++i) crc = crc >> 1 ^ (crc & 1 ? 0xedb88320 : 0);
  }
  putBig(out, static_cast<uint32_t>(content.size()), 4);
  out.insert(out.end(), named.begin(), named.end());
  putBig(out, ~crc, 4);
  return out;
}

/// One stored block of at most 65535 bytes (RFC 1950, 1951).
Bytes stored(const Bytes& raw) {
  Bytes out = bytesOf({0x78, 0x01, 0x01});
  put(out, static_cast<uint32_t>(raw.size()), 2), put(out, ~static_cast<uint32_t>(raw.size()), 2);
  out.insert(out.end(), raw.begin(), raw.end());
  uint32_t a = 1, b = 0;
  for (std::byte byte : raw) a = (a + std::to_integer<uint32_t>(byte)) % 65521, b = (a + b) % 65521;
  putBig(out, b << 16 | a, 4);
  return out;
}

enum PngColour { kGrey = 0, kRgb = 2, kIndexed = 3, kGreyAlpha = 4, kRgbAlpha = 6 };

struct Png {
  int width, height, bits;
  PngColour colour;
  Bytes rows;         ///< every row without its filter's byte; of all passes, if interlaced
  Bytes before = {};  ///< chunks before the pixels, and after
  Bytes after = {};
  bool interlaced = false;

  int channels() const {
    return colour == kRgb ? 3 : colour == kGreyAlpha ? 2 : colour == kRgbAlpha ? 4 : 1;
  }
  size_t rowBytes(int columns) const { return (columns * channels() * bits + 7) / 8; }
  /// Columns of each row in the file.
  std::vector<int> columnsOfRows() const {
    if (!interlaced) return std::vector<int>(height, width);
    constexpr int kPasses[][4] = {{0, 0, 8, 8}, {4, 0, 8, 8}, {0, 4, 4, 8}, {2, 0, 4, 4},
                                  {0, 2, 2, 4}, {1, 0, 2, 2}, {0, 1, 1, 2}};
    std::vector<int> columns;
    for (const auto& [x, y, dx, dy] : kPasses)
      for (int row = y; row < height && x < width; row += dy)
        columns.push_back((width - x + dx - 1) / dx);
    return columns;
  }
  Bytes file() const {
    Bytes header, raw, out;
    putBig(header, width, 4), putBig(header, height, 4);
    for (int value : {bits, static_cast<int>(colour), 0, 0, interlaced ? 1 : 0})
      putBig(header, value, 1);
    auto next = rows.begin();
    for (int columns : columnsOfRows()) {
      raw.push_back(std::byte{0});
      raw.insert(raw.end(), next, next + static_cast<ptrdiff_t>(rowBytes(columns)));
      next += static_cast<ptrdiff_t>(rowBytes(columns));
    }
    const Bytes signature = bytesOf({0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'});
    for (const Bytes& part : {signature, chunk("IHDR", header), before, chunk("IDAT", stored(raw)),
                              after, chunk("IEND", {})})
      out.insert(out.end(), part.begin(), part.end());
    return out;
  }
};

/// Whether this build reads PNG.
bool hasPng() { return encodePng(smooth(2, 2).view()).has_value(); }

using Pixels = std::vector<uint8_t>;

Pixels pixelsOf(const Bytes& file) {
  const auto image = decodeImage(file, "x");
  EXPECT_TRUE(image) << image.error().message;
  return image ? image->pixels : Pixels();
}

/// One value a pixel, of a picture that has no colours.
Pixels greysOf(const Bytes& file) {
  const Pixels pixels = pixelsOf(file);
  Pixels greys;
  for (size_t i = 0; i < pixels.size(); i += 3) {
    EXPECT_TRUE(pixels[i] == pixels[i + 1] && pixels[i] == pixels[i + 2]);
    greys.push_back(pixels[i]);
  }
  return greys;
}

/// File header and BITMAPINFOHEADER.
Bytes bmpHeader(int width, int height, int bits, int paletteEntries) {
  Bytes out{std::byte{'B'}, std::byte{'M'}};
  put(out, 0, 4), put(out, 0, 4), put(out, 54 + 4 * paletteEntries, 4);
  put(out, 40, 4), put(out, width, 4), put(out, height, 4), put(out, 1, 2), put(out, bits, 2);
  put(out, 0, 4), put(out, 0, 4), put(out, 0, 4), put(out, 0, 4);
  put(out, paletteEntries, 4), put(out, 0, 4);
  return out;
}

/// The picture in every format this build writes.
std::vector<Bytes> encoded(const Image& image) {
  std::vector<Bytes> files;
  for (auto file : {encodePng(image.view()), encodeJpeg(image.view())})
    if (file) files.push_back(std::move(*file));
  return files;
}

// A build without a library says so, and what to do.
TEST(Decode, AFormatIsThereOrItsAbsenceIsNamed) {
  const Image image = smooth(4, 4);
  const std::string_view magic[] = {"\x89PNG\r\n\x1a\n", "\xff\xd8\xff"};
  const char* names[] = {"MINNOW_PNG", "MINNOW_JPEG"};
  const Result<Bytes> written[] = {encodePng(image.view()), encodeJpeg(image.view())};
  for (int i = 0; i < 2; ++i) {
    const auto read = decodeImage(std::as_bytes(std::span(magic[i])), "a picture");
    ASSERT_FALSE(read);
    EXPECT_EQ(read.error().code == ErrorCode::Unsupported, !written[i]);
    EXPECT_EQ(read.error().message.contains(names[i]), !written[i]);
    EXPECT_TRUE(read.error().message.starts_with("a picture: "));
    if (!written[i]) {
      EXPECT_TRUE(written[i].error().message.contains(names[i]));
    }
  }
}

TEST(Decode, PngComesBackAsItWas) {
  const Image image = smooth(31, 17);
  const auto png = encodePng(image.view());
  if (!png) GTEST_SKIP() << png.error().message;
  const auto back = decodeImage(*png, "x.png");
  ASSERT_TRUE(back);
  EXPECT_EQ(back->pixels, image.pixels);
}

TEST(Decode, JpegComesBackAlmostAsItWas) {
  const Image image = smooth(64, 48);
  const auto jpeg = encodeJpeg(image.view(), 95);
  if (!jpeg) GTEST_SKIP() << jpeg.error().message;
  const auto back = decodeImage(*jpeg, "x.jpg");
  ASSERT_TRUE(back);
  ASSERT_EQ(back->pixels.size(), image.pixels.size());
  for (size_t i = 0; i < image.pixels.size(); ++i)
    ASSERT_NEAR(back->pixels[i], image.pixels[i], 8) << i;
}

TEST(Decode, TruncatedFilesAreErrors) {
  const Image image = smooth(64, 48);
  for (const Bytes& file : encoded(image))
    for (size_t size = 0; size + 20 < file.size(); size += 7) {  // the last chunk has no pixels
      const auto result = decodeImage(std::span(file).first(size), "cut");
      ASSERT_FALSE(result) << size;
      EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
      EXPECT_TRUE(result.error().message.starts_with("cut: "));
    }
}

// Whatever the bytes are: a picture or an error, never a crash.
TEST(Decode, SurvivesDamage) {
  const Image image = smooth(40, 30);
  Bytes bmp = bmpHeader(40, 30, 24, 0);
  bmp.resize(bmp.size() + 40 * 30 * 3);
  uint32_t random = 1;
  std::vector<Bytes> files = encoded(image);
  files.push_back(bmp);
  for (const Bytes& file : files)
    for (int round = 0; round < 300; ++round) {
      Bytes damaged = file;
      for (int i = 0; i < 4; ++i) {
        random = random * 1664525 + 1013904223;
        damaged[(random >> 8) % (round % 2 ? 64 : damaged.size())] = std::byte(random >> 24);
      }
      (void)decodeImage(damaged, "damaged", {.maxPixels = 1 << 20});
    }
}

TEST(Decode, BmpRowsRunUpwards) {
  Bytes bmp = bmpHeader(2, 2, 24, 0);
  for (uint32_t bgr : {0x010203, 0x040506}) put(bmp, bgr, 3);
  put(bmp, 0, 2);
  for (uint32_t bgr : {0x070809, 0x0a0b0c}) put(bmp, bgr, 3);
  put(bmp, 0, 2);
  const auto image = decodeImage(bmp, "x.bmp");
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->pixels, (std::vector<uint8_t>{7, 8, 9, 10, 11, 12, 1, 2, 3, 4, 5, 6}));
}

TEST(Decode, BmpPaletteAndTopDown) {
  Bytes bmp = bmpHeader(3, -1, 4, 2);
  put(bmp, 0x112233, 4), put(bmp, 0x445566, 4);
  put(bmp, 0x10, 1), put(bmp, 0x00, 1), put(bmp, 0, 2);  // indices 1, 0, 0
  const auto image = decodeImage(bmp, "x.bmp");
  ASSERT_TRUE(image) << image.error().message;
  EXPECT_EQ(image->pixels,
            (std::vector<uint8_t>{0x44, 0x55, 0x66, 0x11, 0x22, 0x33, 0x11, 0x22, 0x33}));
}

Bytes os2Header(int width, int height, int bits, int paletteEntries) {
  Bytes out{std::byte{'B'}, std::byte{'M'}};
  put(out, 0, 4), put(out, 0, 4), put(out, 26 + 3 * paletteEntries, 4);
  put(out, 12, 4), put(out, width, 2), put(out, height, 2), put(out, 1, 2), put(out, bits, 2);
  return out;
}

TEST(Decode, BmpOfOs2) {
  Bytes colours = os2Header(2, 1, 24, 0);
  put(colours, 0x010203, 3), put(colours, 0x040506, 3), put(colours, 0, 2);
  EXPECT_EQ(pixelsOf(colours), (Pixels{1, 2, 3, 4, 5, 6}));
  Bytes palette = os2Header(3, 1, 1, 2);
  put(palette, 0x112233, 3), put(palette, 0x445566, 3);
  put(palette, 0x40, 1), put(palette, 0, 3);  // indices 0, 1, 0
  EXPECT_EQ(pixelsOf(palette), (Pixels{0x11, 0x22, 0x33, 0x44, 0x55, 0x66, 0x11, 0x22, 0x33}));
}

TEST(Decode, BmpHeadersThatAreNotRead) {
  Bytes bmp = bmpHeader(1, 1, 24, 0);
  put(bmp, 0, 4);
  bmp[14] = std::byte{16};  // OS/2 2.x, shortened
  EXPECT_EQ(decodeImage(bmp, "x").error().code, ErrorCode::Unsupported);
  bmp[14] = std::byte{11};
  EXPECT_EQ(decodeImage(bmp, "x").error().code, ErrorCode::InvalidArgument);
  bmp[14] = std::byte{40};
  bmp[10] = std::byte{53};  // pixels that begin in the header
  EXPECT_EQ(decodeImage(bmp, "x").error().code, ErrorCode::InvalidArgument);
}

// Pillow takes no offset for the place behind the palette, and needs no padding of the last row.
TEST(Decode, BmpWithoutOffsetOrLastPadding) {
  Bytes bmp = bmpHeader(1, 1, 24, 0);
  put(bmp, 0x010203, 3);
  EXPECT_EQ(pixelsOf(bmp), (Pixels{1, 2, 3}));
  bmp[10] = std::byte{0};
  EXPECT_EQ(pixelsOf(bmp), (Pixels{1, 2, 3}));
  bmp.pop_back();
  EXPECT_FALSE(decodeImage(bmp, "x"));
}

// Five bits: v * 255 / 31, rounded down, as in Pillow. OpenCV takes 8 v.
TEST(Decode, BmpOfSixteenBits) {
  Bytes bmp = bmpHeader(2, 1, 16, 0);
  put(bmp, 3 << 10 | 31 << 5 | 1, 2), put(bmp, 30, 2);
  EXPECT_EQ(pixelsOf(bmp), (Pixels{24, 255, 8, 0, 0, 246}));
  bmp[30] = std::byte{3}, bmp[10] = std::byte{66};  // masks of 5, 6, 5 bits
  Bytes masks;
  put(masks, 0xf800, 4), put(masks, 0x07e0, 4), put(masks, 0x001f, 4);
  bmp.insert(bmp.begin() + 54, masks.begin(), masks.end());
  bmp.resize(66);
  put(bmp, 3 << 11 | 62 << 5 | 1, 2), put(bmp, 30, 2);
  EXPECT_EQ(pixelsOf(bmp), (Pixels{24, 250, 8, 0, 0, 246}));
}

TEST(DecodePng, SixteenBitsGiveTheirUpperByte) {
  if (!hasPng()) GTEST_SKIP() << "no PNG in this build";
  const Bytes samples = bytesOf({0x80, 0x80, 0x12, 0xff, 0, 255, 255, 255});
  EXPECT_EQ(greysOf(Png{4, 1, 16, kGrey, samples}.file()), (Pixels{0x80, 0x12, 0, 255}));
  const Bytes rgb = bytesOf({0x80, 0x80, 0x12, 0xff, 3, 255});
  EXPECT_EQ(pixelsOf(Png{1, 1, 16, kRgb, rgb}.file()), (Pixels{0x80, 0x12, 3}));
}

TEST(DecodePng, GammaAndWhitePointAreNotApplied) {
  if (!hasPng()) GTEST_SKIP() << "no PNG in this build";
  const Bytes gamma = chunk("gAMA", bytesOf({0, 1, 0x86, 0xa0}));  // 1
  Bytes cie;
  for (int value : {31270, 32900, 64000, 33000, 30000, 60000, 15000, 6000}) putBig(cie, value, 4);
  for (const Bytes& before : {Bytes(), gamma, chunk("sRGB", bytesOf({0})), chunk("cHRM", cie)}) {
    const Bytes samples = bytesOf({0, 100, 128, 255});
    EXPECT_EQ(greysOf(Png{4, 1, 8, kGrey, samples, before}.file()), (Pixels{0, 100, 128, 255}));
    EXPECT_EQ(greysOf(Png{2, 1, 16, kGrey, samples, before}.file()), (Pixels{0, 128}));
  }
}

TEST(DecodePng, GreyOfFewBitsIsSpreadOverAByte) {
  if (!hasPng()) GTEST_SKIP() << "no PNG in this build";
  EXPECT_EQ(greysOf(Png{3, 1, 1, kGrey, bytesOf({0xa0})}.file()), (Pixels{255, 0, 255}));
  EXPECT_EQ(greysOf(Png{4, 1, 2, kGrey, bytesOf({0x1b})}.file()), (Pixels{0, 85, 170, 255}));
  EXPECT_EQ(greysOf(Png{3, 1, 4, kGrey, bytesOf({0x1e, 0xf0})}.file()), (Pixels{17, 238, 255}));
}

// The nearest byte to v a / 255 + 255 - a, which is never half way.
TEST(DecodePng, TransparencyIsLaidOnWhite) {
  if (!hasPng()) GTEST_SKIP() << "no PNG in this build";
  constexpr int kValues = 64;  // 0, 4, 8 …
  Bytes rows;
  for (int alpha = 0; alpha < 256; ++alpha)
    for (int i = 0; i < kValues; ++i) putBig(rows, 4 * i, 1), putBig(rows, alpha, 1);
  const Pixels greys = greysOf(Png{kValues, 256, 8, kGreyAlpha, rows}.file());
  ASSERT_EQ(greys.size(), 256 * kValues);
  for (int at = 0; at < 256 * kValues; ++at) {
    const int alpha = at / kValues, value = at % kValues * 4;
    ASSERT_LT(std::abs(2 * (255 * greys[at] - value * alpha - 255 * (255 - alpha))), 255);
  }
  EXPECT_EQ(pixelsOf(Png{1, 1, 8, kRgbAlpha, bytesOf({0, 100, 255, 128})}.file()),
            (Pixels{127, 177, 255}));
  EXPECT_EQ(pixelsOf(Png{1, 1, 16, kRgbAlpha, bytesOf({0, 99, 100, 99, 255, 99, 128, 99})}.file()),
            (Pixels{127, 177, 255}));
}

TEST(DecodePng, PalettesHaveTransparencyAndAnEnd) {
  if (!hasPng()) GTEST_SKIP() << "no PNG in this build";
  Bytes before = chunk("PLTE", bytesOf({10, 20, 30, 0, 0, 0}));
  const Bytes alphas = chunk("tRNS", bytesOf({255, 128, 7, 7}));  // more than there are colours
  before.insert(before.end(), alphas.begin(), alphas.end());
  EXPECT_EQ(pixelsOf(Png{3, 1, 2, kIndexed, bytesOf({0x18}), before}.file()),
            (Pixels{10, 20, 30, 127, 127, 127, 0, 0, 0}));
}

TEST(DecodePng, OnePixelsSamplesMayBeTransparent) {
  if (!hasPng()) GTEST_SKIP() << "no PNG in this build";
  EXPECT_EQ(greysOf(Png{2, 1, 4, kGrey, bytesOf({0x12}), chunk("tRNS", bytesOf({0, 1}))}.file()),
            (Pixels{255, 34}));
  EXPECT_EQ(greysOf(Png{2, 1, 8, kGrey, bytesOf({7, 8}), chunk("tRNS", bytesOf({0, 7}))}.file()),
            (Pixels{255, 8}));
  const Bytes sixteen = bytesOf({1, 2, 1, 3});  // differ in the lower byte alone
  EXPECT_EQ(greysOf(Png{2, 1, 16, kGrey, sixteen, chunk("tRNS", bytesOf({1, 3}))}.file()),
            (Pixels{1, 255}));
  const Bytes key = chunk("tRNS", bytesOf({0, 4, 0, 5, 0, 6}));
  EXPECT_EQ(pixelsOf(Png{2, 1, 8, kRgb, bytesOf({1, 5, 6, 4, 5, 6}), key}.file()),
            (Pixels{1, 5, 6, 255, 255, 255}));
}

// A pass holds every so-many-th pixel: the first is number 0, 8 …, so that the value of a pixel
// says where it has to come to lie.
TEST(DecodePng, InterlacedPicturesAreWhole) {
  if (!hasPng()) GTEST_SKIP() << "no PNG in this build";
  constexpr int kPass[8][8] = {{1, 6, 4, 6, 2, 6, 4, 6}, {7, 7, 7, 7, 7, 7, 7, 7},
                               {5, 6, 5, 6, 5, 6, 5, 6}, {7, 7, 7, 7, 7, 7, 7, 7},
                               {3, 6, 4, 6, 3, 6, 4, 6}, {7, 7, 7, 7, 7, 7, 7, 7},
                               {5, 6, 5, 6, 5, 6, 5, 6}, {7, 7, 7, 7, 7, 7, 7, 7}};
  for (const auto& [width, height] : {std::pair{13, 9}, {1, 1}, {3, 2}, {5, 1}, {1, 6}}) {
    Bytes rows;
    for (int pass = 1; pass < 8; ++pass)
      for (int y = 0; y < height; ++y)
        for (int x = 0; x < width; ++x)
          if (kPass[y % 8][x % 8] == pass) putBig(rows, 16 * y + x, 1), putBig(rows, 255, 1);
    const Pixels greys = greysOf(Png{width, height, 8, kGreyAlpha, rows, {}, {}, true}.file());
    for (int i = 0; i < width * height; ++i) ASSERT_EQ(greys[i], 16 * (i / width) + i % width);
  }
}

TEST(DecodePng, SaysWhichWayIsUp) {
  if (!hasPng()) GTEST_SKIP() << "no PNG in this build";
  for (const int orientation : {1, 3, 6, 9}) {
    const Bytes exif =
        chunk("eXIf", bytesOf({'M', 'M', 0, 42, 0, 0, 0,           8, 0, 1, 1, 0x12, 0,
                               3,   0,   0, 0,  1, 0, orientation, 0, 0, 0, 0, 0,    0}));
    for (const bool after : {false, true}) {
      Png png{2, 1, 8, kGrey, bytesOf({50, 60})};
      (after ? png.after : png.before) = exif;
      const auto image = decodeImage(png.file(), "x");
      ASSERT_TRUE(image);
      EXPECT_EQ(image->width, orientation == 6 ? 1 : 2);
      EXPECT_EQ(image->pixels[0], orientation == 3 ? 60 : 50);
      EXPECT_EQ(imageInfo(png.file(), "x")->upright.rotation, turnOf(orientation).rotation);
    }
  }
}

// Transparency or orientation that is damaged would otherwise be passed over.
TEST(DecodePng, DamageInAnyChunkIsAnError) {
  if (!hasPng()) GTEST_SKIP() << "no PNG in this build";
  for (const char* name : {"tRNS", "eXIf"}) {
    Bytes damaged = chunk(name, bytesOf({0, 7}));
    damaged.back() ^= std::byte{1};
    const auto image = decodeImage(Png{2, 1, 8, kGrey, bytesOf({7, 8}), damaged}.file(), "x");
    ASSERT_FALSE(image);
    EXPECT_EQ(image.error().code, ErrorCode::InvalidArgument);
  }
}

TEST(Decode, HugePicturesAreRefusedBeforeMemoryIsTaken) {
  const auto bmp = decodeImage(bmpHeader(1 << 19, 1 << 19, 24, 0), "big.bmp");
  ASSERT_FALSE(bmp);
  EXPECT_EQ(bmp.error().code, ErrorCode::OutOfMemory);
  const auto png = encodePng(smooth(100, 100).view());
  if (!png) GTEST_SKIP() << png.error().message;
  EXPECT_EQ(decodeImage(*png, "x", {.maxPixels = 9999}).error().code, ErrorCode::OutOfMemory);
  EXPECT_TRUE(decodeImage(*png, "x", {.maxPixels = 10000}));
}

TEST(Decode, OtherThingsAreNoPictures) {
  const std::string text = "GIF89a no picture";
  const auto bytes = std::as_bytes(std::span(text));
  EXPECT_EQ(decodeImage(bytes, "x").error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(decodeImage({}, "x").error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(readImage("/nowhere/x.png").error().code, ErrorCode::NotFound);
  EXPECT_EQ(readImage("/").error().code, ErrorCode::InvalidArgument);
}

// Into a float32 tensor's memory, and from there into the tensor: no second picture.
TEST(Decode, IntoTheTensorsOwnMemory) {
  const Image image = smooth(48, 36);
  Bytes bmp = bmpHeader(48, 36, 24, 0);
  for (int i = 0; i < 48 * 36 * 3; ++i) put(bmp, i * 7, 1);
  std::vector<Bytes> files = encoded(image);
  files.push_back(bmp);
  for (const Bytes& file : files) {
    const Shape shape{1, 3, 40, 52};
    std::vector<float> apart(shape.elements()), inPlace(shape.elements());
    const TensorView a{{DataType::Float32, shape, plainStrides(shape)}, apart.data()};
    const TensorView b{{DataType::Float32, shape, plainStrides(shape)}, inPlace.data()};
    ASSERT_TRUE(writeImage(decodeImage(file, "x")->view(), {}, a));

    const auto info = imageInfo(file, "x");
    ASSERT_TRUE(info) << info.error().message;
    EXPECT_EQ(info->decodedBytes, 48 * 36 * 3);
    const std::span region(reinterpret_cast<uint8_t*>(inPlace.data()), b.bytes());
    const auto layout =
        ImageView::packed(region.data(), info->width, info->height, PixelFormat::Rgb);
    const auto offset = framePlacement(layout, {}, b);
    ASSERT_TRUE(offset) << offset.error().message;
    const auto decoded = decodeImageInto(file, "x", region.subspan(*offset));
    ASSERT_TRUE(decoded) << decoded.error().message;
    ASSERT_TRUE(writeImage(decoded->view, {.turn = decoded->upright}, b));
    EXPECT_EQ(inPlace, apart);
    std::vector<uint8_t> small(48 * 36 * 3 - 1);
    EXPECT_EQ(decodeImageInto(file, "x", small).error().code, ErrorCode::OutOfMemory);
  }
}

// An APP1 segment put behind the first marker.
TEST(Decode, AJpegSaysWhichWayIsUp) {
  const Image image = smooth(48, 32);
  const auto jpeg = encodeJpeg(image.view());
  if (!jpeg) GTEST_SKIP() << jpeg.error().message;
  for (uint8_t orientation = 1; orientation <= 8; ++orientation) {
    const uint8_t app1[] = {0xff, 0xe1, 0, 34, 'E',         'x', 'i', 'f', 0,    0, 'I', 'I',
                            42,   0,    8, 0,  0,           0,   1,   0,   0x12, 1, 3,   0,
                            1,    0,    0, 0,  orientation, 0,   0,   0,   0,    0, 0,   0};
    Bytes file = *jpeg;
    const uint8_t xmp[] = {0xff, 0xe1, 0, 7, 'h', 't', 't', 'p', ':'};  // has the same marker
    for (const std::span<const uint8_t> segment : {std::span<const uint8_t>(app1), {xmp}}) {
      const auto bytes = std::as_bytes(segment);
      file.insert(file.begin() + 2, bytes.begin(), bytes.end());
    }
    const auto whole = decodeImage(file, "x.jpg");
    ASSERT_TRUE(whole) << whole.error().message;
    const auto info = imageInfo(file, "x.jpg");
    EXPECT_EQ(info->width, 48);
    EXPECT_EQ(whole->width, orientation < 5 ? 48 : 32);
    std::vector<uint8_t> memory(info->decodedBytes);
    const auto stored = decodeImageInto(file, "x.jpg", memory);
    const Shape shape{whole->height, whole->width, 3};
    std::vector<uint8_t> upright(shape.elements());
    const TensorView tensor{{DataType::Uint8, shape, plainStrides(shape)}, upright.data()};
    ASSERT_TRUE(writeImage(stored->view, {.turn = stored->upright}, tensor));
    EXPECT_EQ(upright, whole->pixels) << int{orientation};
  }
}

TEST(Decode, WritesNoHalfFile) {
  const auto result = writePng("/nowhere/x.png", smooth(4, 4).view());
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code,
            encodePng(smooth(4, 4).view()) ? ErrorCode::Io : ErrorCode::Unsupported);
}

// A letter drawn as   1 2 3   and held in all eight ways.
//                     4 5 6
TEST(Orientation, TurnsEveryWayUpright) {
  const std::vector<std::vector<uint8_t>> upright = {
      {1, 2, 3, 4, 5, 6}, {3, 2, 1, 6, 5, 4}, {6, 5, 4, 3, 2, 1}, {4, 5, 6, 1, 2, 3},
      {1, 4, 2, 5, 3, 6}, {4, 1, 5, 2, 6, 3}, {6, 3, 5, 2, 4, 1}, {3, 6, 2, 5, 1, 4}};
  for (int orientation = 1; orientation <= 8; ++orientation) {
    const Image picture =
        turned({3, 2, PixelFormat::Gray, {1, 2, 3, 4, 5, 6}}, turnOf(orientation)).value();
    EXPECT_EQ(picture.pixels, upright[orientation - 1]) << orientation;
    EXPECT_EQ(picture.width, orientation < 5 ? 3 : 2);
  }
}

TEST(Orientation, IsFoundInBothByteOrders) {
  const uint8_t little[] = {'E', 'x', 'i',  'f', 0, 0, 'I', 'I', 42, 0, 8, 0, 0, 0,
                            1,   0,   0x12, 1,   3, 0, 1,   0,   0,  0, 6, 0, 0, 0};
  const uint8_t big[] = {'E', 'x', 'i', 'f',  0, 0, 'M', 'M', 0, 42, 0, 0, 0, 8,
                         0,   1,   1,   0x12, 0, 3, 0,   0,   0, 1,  0, 8, 0, 0};
  EXPECT_EQ(exifOrientation(little), 6);
  EXPECT_EQ(exifOrientation(big), 8);
  EXPECT_EQ(exifOrientation(std::span(little).first(20)), 1);
  EXPECT_EQ(exifOrientation({}), 1);
}

// Pillow reads 32 bits as well as 16; what JPEG writes before the structure may be there or not.
TEST(Orientation, IsANumberOfEitherSize) {
  for (const auto& [type, value, expected] :
       {std::tuple{3, 0x00060000, 6}, {4, 6, 6}, {4, 0x00060000, 1}, {2, 0x00060000, 1}}) {
    Bytes exif = bytesOf({'M', 'M', 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, type, 0, 0, 0, 1});
    putBig(exif, value, 4);
    const std::span tiff(reinterpret_cast<const uint8_t*>(exif.data()), exif.size());
    EXPECT_EQ(exifOrientation(tiff), expected) << type;
  }
}

}  // namespace
}  // namespace minnow::vision
