// JPEG has many right answers: decoders may choose their inverse transform and how they magnify
// chroma. Here the choice is made, so that a file gives the same pixels on every machine; CMake
// runs this test a second time with libjpeg's vector code switched off.
#include <gtest/gtest.h>

#include <cstdio>
#include <cstdlib>
// jpeglib.h needs size_t and FILE before it
#include <jpeglib.h>

#include "src/vision/test_frames.h"

namespace minnow::vision {
namespace {

struct Sampling {
  int horizontal, vertical;  ///< pixels for one of chroma
  bool progressive;
  uint64_t expected;  ///< FNV-1a of the decoded bytes
};
const Sampling kSamplings[] = {
    {1, 1, false, 0xCFA25E8A2DF50C47u}, {2, 1, false, 0xD8BB746E4570F6Bu},
    {1, 2, false, 0x173BB814AF4DE971u}, {2, 2, false, 0xC9EEA7614BB3D940u},
    {2, 2, true, 0xC9EEA7614BB3D940u},
};

/// Smooth colours with some noise, odd in size so that blocks are cut.
std::vector<uint8_t> picture(int width, int height) {
  std::vector<uint8_t> rgb;
  for (int y = 0; y < height; ++y)
    for (int x = 0; x < width; ++x)
      for (int c = 0; c < 3; ++c)
        rgb.push_back(static_cast<uint8_t>((c + 1) * x * 2 + (3 - c) * y * 3 +
                                           noiseByte(y * 977 + x * 3 + c) / 16));
  return rgb;
}

std::vector<std::byte> encoded(const Sampling& sampling, int width, int height) {
  const std::vector<uint8_t> rgb = picture(width, height);
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): libjpeg's type
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = static_cast<JDIMENSION>(width);
  info.image_height = static_cast<JDIMENSION>(height);
  info.input_components = 3;
  info.in_color_space = JCS_RGB;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 80, TRUE);
  info.dct_method = JDCT_ISLOW;
  info.comp_info[0].h_samp_factor = sampling.horizontal;
  info.comp_info[0].v_samp_factor = sampling.vertical;
  if (sampling.progressive) jpeg_simple_progression(&info);
  jpeg_start_compress(&info, TRUE);
  while (info.next_scanline < info.image_height) {
    auto* row = const_cast<uint8_t*>(rgb.data() + size_t{3} * width * info.next_scanline);
    jpeg_write_scanlines(&info, &row, 1);
  }
  jpeg_finish_compress(&info);
  const auto* first = reinterpret_cast<const std::byte*>(bytes);
  std::vector<std::byte> file(first, first + size);
  jpeg_destroy_compress(&info);
  std::free(bytes);
  return file;
}

/// 8x8 pixels of C, M, Y, K = 200, 100, 50, 128, with the marker of Adobe or without.
std::vector<std::byte> encodedCmyk(bool marked) {
  jpeg_compress_struct info{};
  jpeg_error_mgr errors{};
  info.err = jpeg_std_error(&errors);
  jpeg_create_compress(&info);
  unsigned char* bytes = nullptr;
  unsigned long size = 0;  // NOLINT(google-runtime-int): libjpeg's type
  jpeg_mem_dest(&info, &bytes, &size);
  info.image_width = info.image_height = 8;
  info.input_components = 4;
  info.in_color_space = JCS_CMYK;
  jpeg_set_defaults(&info);
  jpeg_set_quality(&info, 100, TRUE);
  info.write_Adobe_marker = marked ? TRUE : FALSE;
  jpeg_start_compress(&info, TRUE);
  uint8_t pixels[32];
  for (int i = 0; i < 32; ++i) pixels[i] = std::array<uint8_t, 4>{200, 100, 50, 128}[i % 4];
  JSAMPROW row = pixels;
  while (info.next_scanline < info.image_height) jpeg_write_scanlines(&info, &row, 1);
  jpeg_finish_compress(&info);
  const auto* first = reinterpret_cast<const std::byte*>(bytes);
  std::vector<std::byte> file(first, first + size);
  jpeg_destroy_compress(&info);
  std::free(bytes);
  return file;
}

uint64_t checksum(const std::vector<uint8_t>& bytes) {
  uint64_t sum = 0xCBF29CE484222325u;
  for (uint8_t byte : bytes) sum = (sum ^ byte) * 0x100000001B3u;
  return sum;
}

}  // namespace

TEST(DecodeBits, JpegsAreTheSameOnEveryMachine) {
  for (const Sampling& s : kSamplings) {
    const auto image = decodeImage(encoded(s, 75, 53), "picture");
    ASSERT_TRUE(image) << image.error().message;
    EXPECT_EQ(checksum(image->pixels), s.expected)
        << s.horizontal << "x" << s.vertical << (s.progressive ? " progressive" : "") << ": 0x"
        << std::hex << checksum(image->pixels);
  }
}

// CMYK is taken for Adobe's, which stores 255 for no ink, whether or not a marker says so: as
// Pillow and OpenCV take it.
TEST(DecodeBits, CmykIsInverted) {
  for (const bool marked : {false, true}) {
    const std::vector<std::byte> file = encodedCmyk(marked);
    const auto image = decodeImage(file, "cmyk");
    ASSERT_TRUE(image) << image.error().message;
    for (size_t i = 0; i < image->pixels.size(); i += 3) {
      EXPECT_EQ(image->pixels[i], 100);     // 200 * 128 / 255 = 100.4
      EXPECT_EQ(image->pixels[i + 1], 50);  // 100 * 128 / 255 = 50.2
      EXPECT_EQ(image->pixels[i + 2], 25);  // 50 * 128 / 255 = 25.1
    }
  }
}

}  // namespace minnow::vision
