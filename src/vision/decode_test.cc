// Decoding: round trips, pictures written by hand, and files that lie.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>

#include "vision/codecs.h"

namespace minnow::vision {
namespace {

using Bytes = std::vector<std::byte>;

Image smooth(int width, int height) {
  Image image = Image::ofSize(width, height);
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
    const TensorView a{DataType::Float32, shape, plainStrides(shape), apart.data()};
    const TensorView b{DataType::Float32, shape, plainStrides(shape), inPlace.data()};
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
    const auto bytes = std::as_bytes(std::span(app1));
    file.insert(file.begin() + 2, bytes.begin(), bytes.end());
    const auto whole = decodeImage(file, "x.jpg");
    ASSERT_TRUE(whole) << whole.error().message;
    const auto info = imageInfo(file, "x.jpg");
    EXPECT_EQ(info->width, 48);
    EXPECT_EQ(whole->width, orientation < 5 ? 48 : 32);
    std::vector<uint8_t> memory(info->decodedBytes);
    const auto stored = decodeImageInto(file, "x.jpg", memory);
    const Shape shape{whole->height, whole->width, 3};
    std::vector<uint8_t> upright(shape.elements());
    const TensorView tensor{DataType::Uint8, shape, plainStrides(shape), upright.data()};
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
        turned({3, 2, PixelFormat::Gray, {1, 2, 3, 4, 5, 6}}, turnOf(orientation));
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

}  // namespace
}  // namespace minnow::vision
