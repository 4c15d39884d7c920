// Pictures into quantised tensors: the bytes that rounding of the float32 tensor gives, for every pixel value, format
// and size.
#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <random>

#include "vision/test_frames.h"

namespace minnow::vision {
namespace {

constexpr DataType kByteTypes[] = {DataType::Uint8, DataType::Int8};

/// y = saturate(round(x / scale) + zero), as ONNX has QuantizeLinear; of a NaN the least.
int quantised(float x, const ByteScale& to, DataType type) {
  const int least = type == DataType::Int8 ? -128 : 0;
  const float q = std::nearbyint(x / to.scale);
  if (std::isnan(q)) return least;
  return static_cast<int>(std::clamp<double>(static_cast<double>(q) + to.zero, least, least + 255));
}

int byteAt(const std::vector<uint8_t>& bytes, size_t i, DataType type) {
  return type == DataType::Int8 ? static_cast<int8_t>(bytes[i]) : bytes[i];
}

/// Fails unless a picture's bytes are those of its floats, rounded.
void expectRoundedFloats(const ImageView& picture, const PreProcess& pre, const Shape& shape,
                         const Strides& strides, DataType type) {
  const auto elements = static_cast<size_t>(shape.elements());
  std::vector<float> floats(elements);
  std::vector<uint8_t> bytes(elements);
  ASSERT_TRUE(writeImage(picture, pre, {{DataType::Float32, shape, strides}, floats.data()}));
  const auto written = writeImage(picture, pre, {{type, shape, strides}, bytes.data()});
  ASSERT_TRUE(written) << written.error().message;
  for (size_t i = 0; i < elements; ++i)
    ASSERT_EQ(byteAt(bytes, i, type), quantised(floats[i], pre.bytes, type))
        << "element " << i << ", " << floats[i] << " by " << pre.bytes.scale << ", "
        << pre.bytes.zero;
}

TEST(Bytes, EveryPixelValueIsRoundedAsItsNumber) {
  std::vector<uint8_t> ramp(256);
  std::iota(ramp.begin(), ramp.end(), uint8_t{0});
  const ImageView picture{ramp.data(), 256, 1, 256, PixelFormat::Gray};
  const float nan = std::numeric_limits<float>::quiet_NaN(), much = 1e30F;
  const ByteScale scales[] = {{1, 0},      {0.5F, 1}, {2, 100}, {1 / 255.0F, 0}, {0.0186584F, 114},
                              {2e-38F, 3}, {much, 7}};
  for (const DataType type : kByteTypes)
    for (ByteScale bytes : scales)
      for (const float mean : {0.0F, 127.5F, 123.675F, nan})
        for (const float scale : {1.0F, 1 / 255.0F, -0.5F, 0.0171247F, much}) {
          if (type == DataType::Int8) bytes.zero = -bytes.zero;
          const PreProcess pre{.colour = ColourOrder::Gray,
                               .mean = {mean, 0, 0},
                               .scale = {scale, 1, 1},
                               .bytes = bytes};
          const Shape shape{1, 1, 1, 256};
          expectRoundedFloats(picture, pre, shape, plainStrides(shape), type);
        }
}

TEST(Bytes, EveryFormatAndSizeIsRoundedAsItsNumbers) {
  std::mt19937 random(3);
  std::uniform_real_distribution<float> any(0.25F, 4);
  for (const DataType type : kByteTypes)
    for (const PixelFormat format : kAllFormats)
      for (const auto& [width, height] : {std::pair{16, 12}, {31, 9}, {700, 3}}) {
        const TestFrame frame(width, height, format);
        PreProcess pre{.fit = Fit::Letterbox,
                       .mean = {120 * any(random), 100, 110},
                       .scale = {any(random) / 64, any(random) / 64, -any(random) / 64},
                       .pad = {114, 0, 255},
                       .bytes = {any(random) / 64, type == DataType::Int8 ? -9 : 121}};
        for (const Interpolation how : {Interpolation::Bilinear, Interpolation::Nearest}) {
          pre.interpolation = how;
          const Shape planes{1, 3, 12, 16};
          expectRoundedFloats(frame.view, pre, planes, plainStrides(planes), type);
          expectRoundedFloats(frame.view, pre, planes, channelsLastStrides(planes), type);
          pre.alpha = 0.3F;
          const Shape pixels{1, 12, 16, 4};
          expectRoundedFloats(frame.view, pre, pixels, plainStrides(pixels), type);
          pre.alpha.reset();
        }
      }
}

TEST(Bytes, WhatNoBytesCanStandForIsRefused) {
  const uint8_t pixel[3] = {};
  const ImageView picture{pixel, 1, 1, 3};
  uint8_t out[3];
  const Shape shape{1, 3, 1, 1};
  const auto write = [&](DataType type, float scale, int zero) {
    return writeImage(picture, {.bytes = {scale, zero}}, {{type, shape, plainStrides(shape)}, out})
        .has_value();
  };
  EXPECT_TRUE(write(DataType::Uint8, 0.5F, 255) && write(DataType::Int8, 0.5F, -128));
  for (const float scale : {0.0F, -1.0F, 1e-40F, std::numeric_limits<float>::infinity()})
    EXPECT_FALSE(write(DataType::Uint8, scale, 0)) << scale;
  EXPECT_FALSE(write(DataType::Uint8, 1, 256) || write(DataType::Uint8, 1, -1));
  EXPECT_FALSE(write(DataType::Int8, 1, 128) || write(DataType::Int8, 1, -129));
}

}  // namespace
}  // namespace minnow::vision
