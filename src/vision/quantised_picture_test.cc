// What integers of an input stand for decides what a picture becomes in it.
#include "minnow/quantised_picture.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <random>

namespace minnow::vision {
namespace {

struct Meaning {
  DataType type;
  float scale;
  int32_t zero;
};

Result<std::vector<int>> written(const Meaning& by, PreProcess pre) {
  std::vector<uint8_t> ramp(256), out(256);
  std::iota(ramp.begin(), ramp.end(), uint8_t{0});
  pre.colour = ColourOrder::Gray;
  const auto how =
      preProcessFor(by.type, {.scales = {&by.scale, 1}, .zeroPoints = {&by.zero, 1}}, pre);
  if (!how) return std::unexpected(how.error());
  const Shape shape{1, 1, 1, 256};
  const auto placed = writeImage({ramp.data(), 256, 1, 256, PixelFormat::Gray}, *how,
                                 {{by.type, shape, plainStrides(shape)}, out.data()});
  if (!placed) return std::unexpected(placed.error());
  std::vector<int> values(256);
  for (size_t i = 0; i < 256; ++i)
    values[i] = by.type == DataType::Int8 ? static_cast<int8_t>(out[i]) : out[i];
  return values;
}

PreProcess normalising(float mean, float scale) {
  PreProcess pre;
  pre.mean.fill(mean);
  pre.scale.fill(scale);
  return pre;
}

std::vector<int> pixelsFrom(int least) {
  std::vector<int> values(256);
  std::iota(values.begin(), values.end(), least);
  return values;
}

TEST(QuantisedPicture, IsTheNumbersRounded) {
  for (const Meaning by :
       {Meaning{DataType::Uint8, 0.0186584F, 114}, {DataType::Int8, 0.0186584F, -14}}) {
    const auto got = written(by, normalising(123.675F, 0.0171247F));
    ASSERT_TRUE(got) << got.error().message;
    const int least = by.type == DataType::Int8 ? -128 : 0;
    for (int pixel = 0; pixel < 256; ++pixel) {
      const float x = (static_cast<float>(pixel) - 123.675F) * 0.0171247F;
      const int rounded = static_cast<int>(std::nearbyint(x / by.scale)) + by.zero;
      ASSERT_EQ((*got)[static_cast<size_t>(pixel)], std::clamp(rounded, least, least + 255))
          << pixel;
    }
  }
}

TEST(QuantisedPicture, IsItsPixelsWhereTheseAreTheIntegers) {
  for (const Meaning by : {Meaning{DataType::Uint8, 1 / 255.0F, 0},
                           {DataType::Uint8, 0.0078125F, 128},
                           {DataType::Uint8, 1 / 127.5F, 127},
                           {DataType::Uint8, 1, 0},
                           {DataType::Int8, 1 / 255.0F, -128},
                           {DataType::Int8, 1 / 256.0F, -128},
                           {DataType::Int8, 1 / 127.0F, 0},
                           {DataType::Int8, 0.0078125F, -1},
                           {DataType::Int8, 1, -128}}) {
    const auto got = written(by, {});
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(*got, pixelsFrom(by.type == DataType::Int8 ? -128 : 0))
        << by.scale << ", " << by.zero;
  }
}

TEST(QuantisedPicture, IsRefusedWhereItWouldBeWrongAndTheAdviceWorks) {
  std::mt19937 random(5);
  for (int i = 0; i < 200; ++i) {
    const bool isSigned = i % 2 != 0;
    const int least = isSigned ? -128 : 0;
    const Meaning by{isSigned ? DataType::Int8 : DataType::Uint8,
                     std::uniform_real_distribution<float>(0.0081F, 0.9F)(random),
                     std::uniform_int_distribution<int32_t>(least, least + 255)(random)};
    const auto refused = written(by, {});
    ASSERT_FALSE(refused) << by.scale << ", " << by.zero;
    const char* advice = std::strstr(refused.error().message.c_str(), "(mean ");
    float mean = 0, scale = 0;
    ASSERT_EQ(std::sscanf(advice, "(mean %f and scale %f", &mean, &scale), 2) << advice;
    const auto got = written(by, normalising(mean, scale));
    ASSERT_TRUE(got) << got.error().message;
    EXPECT_EQ(*got, pixelsFrom(least)) << by.scale << ", " << by.zero;
  }
  for (const Meaning by : {Meaning{DataType::Uint8, 1 / 255.0F, 2},
                           {DataType::Int8, 1 / 255.0F, -126},
                           {DataType::Uint8, 1 / 253.0F, 0},
                           {DataType::Uint8, 1 / 257.0F, 0}})  // two steps off at one end
    EXPECT_FALSE(written(by, {})) << by.scale << ", " << by.zero;
  EXPECT_FALSE(written({DataType::Uint8, 1, 0}, normalising(0, 1 / 255.0F)));
  EXPECT_FALSE(
      preProcessFor(DataType::Int8, {}, {}));  // which stands for itself: half of the pixels
}

TEST(QuantisedPicture, IsRefusedWhereNearlyAllPixelsAreOneInteger) {
  const Meaning by{DataType::Uint8, 0.0157F, 128};
  EXPECT_FALSE(written(by, normalising(0, 0.5F)));  // five integers, most of them 255
  EXPECT_FALSE(written(by, normalising(0, 1e30F)));
  EXPECT_FALSE(written(by, normalising(1e10F, 0.0157F)));
  EXPECT_FALSE(written(by, normalising(NAN, 0.0157F)));
  EXPECT_FALSE(written(by, normalising(128, INFINITY)));
  EXPECT_TRUE(written(by, normalising(128, -0.0157F)));
}

TEST(QuantisedPicture, OfGrayHasOneScale) {
  const Meaning by{DataType::Uint8, 0.0157F, 128};
  PreProcess pre;
  pre.mean = {128, 0, 0}, pre.scale = {0.0157F, 0, 0};
  EXPECT_TRUE(written(by, pre));
}

TEST(QuantisedPicture, OfAScaleForEachChannelIsRefused) {
  const float scales[] = {1, 2, 3};
  const int32_t zero = 0;
  const Quantisation by{.scales = scales, .zeroPoints = {&zero, 1}, .axis = 1};
  EXPECT_EQ(byteScaleOf(by).error().code, ErrorCode::Unsupported);
  EXPECT_FALSE(preProcessFor(DataType::Uint8, by, normalising(1, 2)));
  EXPECT_TRUE(preProcessFor(DataType::Float32, by, {}));
}

}  // namespace
}  // namespace minnow::vision
