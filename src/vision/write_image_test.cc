// Resizing and normalising against values that can be worked out by hand.
#include <gtest/gtest.h>

#include <cmath>
#include <numeric>

#include "minnow/image.h"

namespace minnow::vision {
namespace {

/// A tensor of its own with a gap after every element of the innermost axis, filled with -77.
struct Tensor {
  std::vector<float> values;
  TensorView view;
  Tensor(const Shape& shape, const Strides& strides) : view{DataType::Float32, shape, strides} {
    int64_t last = 0;
    for (int i = 0; i < shape.rank(); ++i) last += (shape[i] - 1) * strides[i];
    values.assign(last + 1, -77.0F);
    view.data = values.data();
  }
  explicit Tensor(const Shape& shape) : Tensor(shape, plainStrides(shape)) {}
  float at(int64_t n, int64_t a, int64_t b, int64_t c) const {
    const Strides& s = view.strides;
    return values[n * s[0] + a * s[1] + b * s[2] + c * s[3]];
  }
};

Image grayRow(std::vector<uint8_t> pixels) {
  const int width = static_cast<int>(pixels.size());
  return {width, 1, PixelFormat::Gray, std::move(pixels)};
}

Image pattern(int width, int height) {
  Image image = Image::ofSize(width, height).value();
  for (size_t i = 0; i < image.pixels.size(); ++i)
    image.pixels[i] = static_cast<uint8_t>((i * 2654435761U) >> 13);
  return image;
}

TEST(WriteImage, SameSizeCopiesPixelsIntoPlanes) {
  const Image image = pattern(5, 4);
  Tensor t({1, 3, 4, 5});
  ASSERT_TRUE(writeImage(image.view(), {}, t.view));
  for (int c = 0; c < 3; ++c)
    for (int y = 0; y < 4; ++y)
      for (int x = 0; x < 5; ++x) EXPECT_EQ(t.at(0, c, y, x), image.pixels[(y * 5 + x) * 3 + c]);
}

TEST(WriteImage, EverySourceFormatGivesTheSameColours) {
  const uint8_t rgb[] = {10, 20, 30}, bgra[] = {30, 20, 10, 99};
  Tensor a({1, 3, 1, 1}), b({1, 3, 1, 1});
  const PreProcess pre{.colour = ColourOrder::Bgr};
  ASSERT_TRUE(writeImage({rgb, 1, 1, 3, PixelFormat::Rgb}, pre, a.view));
  ASSERT_TRUE(writeImage({bgra, 1, 1, 4, PixelFormat::Bgra}, pre, b.view));
  EXPECT_EQ(a.values, (std::vector<float>{30, 20, 10}));
  EXPECT_EQ(a.values, b.values);
}

TEST(WriteImage, MeanAndScaleAreInTheModelsOrder) {
  const uint8_t rgb[] = {10, 20, 30};
  Tensor t({1, 3, 1, 1});
  const PreProcess pre{.colour = ColourOrder::Bgr, .mean = {1, 2, 3}, .scale = {0.5F, 2, -1}};
  ASSERT_TRUE(writeImage({rgb, 1, 1, 3}, pre, t.view));
  EXPECT_EQ(t.values, (std::vector<float>{14.5F, 36, -7}));
}

TEST(WriteImage, DoublingInterpolatesAtQuarters) {
  const Image image = grayRow({0, 100});
  Tensor t({1, 1, 1, 4});
  ASSERT_TRUE(writeImage(image.view(), {.colour = ColourOrder::Gray}, t.view));
  EXPECT_EQ(t.values, (std::vector<float>{0, 25, 75, 100}));
}

TEST(WriteImage, HalvingTakesTheMeanOfNeighbours) {
  const Image image = grayRow({1, 2, 10, 21, 255, 0});
  Tensor t({1, 1, 1, 3});
  ASSERT_TRUE(writeImage(image.view(), {.colour = ColourOrder::Gray}, t.view));
  EXPECT_EQ(t.values, (std::vector<float>{1.5F, 15.5F, 127.5F}));
}

TEST(WriteImage, APlaneStaysAPlane) {
  Image image = Image::ofSize(16, 12, PixelFormat::Gray).value();
  for (int y = 0; y < 12; ++y)
    for (int x = 0; x < 16; ++x) image.pixels[y * 16 + x] = static_cast<uint8_t>(5 * x + 7 * y);
  Tensor t({1, 1, 30, 37});
  ASSERT_TRUE(writeImage(image.view(), {.colour = ColourOrder::Gray}, t.view));
  for (int y = 0; y < 30; ++y)
    for (int x = 0; x < 37; ++x) {
      const double px = std::clamp((x + 0.5) * 16 / 37 - 0.5, 0.0, 15.0);
      const double py = std::clamp((y + 0.5) * 12 / 30 - 0.5, 0.0, 11.0);
      EXPECT_NEAR(t.at(0, 0, y, x), 5 * px + 7 * py, 12.0 / 4096 + 1e-4);
    }
}

TEST(WriteImage, LetterboxKeepsTheAspectAndPadsTheRest) {
  const Image image = pattern(8, 4);
  Tensor t({1, 3, 8, 8});
  const PreProcess pre{.fit = Fit::Letterbox, .mean = {14, 14, 14}, .pad = {114, 115, 116}};
  const auto placed = writeImage(image.view(), pre, t.view);
  ASSERT_TRUE(placed);
  EXPECT_EQ(t.at(0, 0, 1, 0), 100);
  EXPECT_EQ(t.at(0, 1, 6, 7), 101);
  EXPECT_EQ(t.at(0, 2, 7, 7), 102);
  EXPECT_EQ(t.at(0, 0, 2, 0), image.pixels[0] - 14);
  EXPECT_EQ(placed->toPicture(3, 2), (std::array<double, 2>{3, 0}));

  PreProcess corner = pre;
  corner.anchor = Anchor::TopLeft;
  ASSERT_TRUE(writeImage(image.view(), corner, t.view));
  EXPECT_EQ(t.at(0, 0, 0, 0), image.pixels[0] - 14);
  EXPECT_EQ(t.at(0, 0, 4, 0), 100);
}

TEST(WriteImage, LetterboxOfAThinPictureStillShowsIt) {
  const Image image = grayRow(std::vector<uint8_t>(1000, 9));
  Tensor t({1, 1, 4, 4});
  const PreProcess pre{.fit = Fit::Letterbox, .colour = ColourOrder::Gray};
  ASSERT_TRUE(writeImage(image.view(), pre, t.view));
  EXPECT_EQ(std::accumulate(t.values.begin(), t.values.end(), 0.0F), 36);
}

TEST(WriteImage, CropIsTakenInPixels) {
  const Image image = pattern(9, 7);
  Tensor t({1, 3, 2, 3});
  const PreProcess pre{.crop = Rect{4, 5, 3, 2}};
  const auto placed = writeImage(image.view(), pre, t.view);
  ASSERT_TRUE(placed);
  for (int y = 0; y < 2; ++y)
    for (int x = 0; x < 3; ++x)
      EXPECT_EQ(t.at(0, 1, y, x), image.pixels[((y + 5) * 9 + x + 4) * 3 + 1]);
  EXPECT_EQ(placed->toPicture(0, 0), (std::array<double, 2>{4, 5}));
}

// The same numbers whatever the axis order and the strides; gaps stay untouched.
TEST(WriteImage, AxesAndStridesDoNotMatter) {
  const Image image = pattern(13, 9);
  const PreProcess pre{.colour = ColourOrder::Bgr, .scale = {0.1F, 0.2F, 0.3F}, .alpha = 1.0F};
  const Shape first{1, 4, 6, 7}, last{1, 6, 7, 4};
  Tensor plain(first), gapped(first, channelsLastStrides(first, 9)), nhwc(last);
  for (const Tensor* t : {&plain, &gapped, &nhwc})
    ASSERT_TRUE(writeImage(image.view(), pre, t->view));
  for (int c = 0; c < 4; ++c)
    for (int y = 0; y < 6; ++y)
      for (int x = 0; x < 7; ++x) {
        EXPECT_EQ(plain.at(0, c, y, x), gapped.at(0, c, y, x));
        EXPECT_EQ(plain.at(0, c, y, x), nhwc.at(0, y, x, c));
      }
  EXPECT_EQ(plain.at(0, 3, 5, 6), 1);
  EXPECT_EQ(std::count(gapped.values.begin(), gapped.values.end(), -77.0F), 41 * 5);
}

TEST(WriteImage, RowsMayRunUpwards) {
  const Image image = pattern(3, 2);
  Tensor t({1, 3, 2, 3});
  ImageView flipped = image.view();
  flipped.data += image.rowBytes();
  flipped.rowBytes = -flipped.rowBytes;
  ASSERT_TRUE(writeImage(flipped, {}, t.view));
  EXPECT_EQ(t.at(0, 0, 1, 2), image.pixels[6]);
}

TEST(WriteImage, BytesAreRoundedHalfToEvenAndClamped) {
  const Image image = grayRow({1, 3, 5, 200});
  std::vector<uint8_t> out(4);
  const TensorView t{{DataType::Uint8, {1, 1, 1, 4}, plainStrides({1, 1, 1, 4})}, out.data()};
  const PreProcess pre{.colour = ColourOrder::Gray, .scale = {0.5F, 1, 1}};
  ASSERT_TRUE(writeImage(image.view(), pre, t));
  EXPECT_EQ(out, (std::vector<uint8_t>{0, 2, 2, 100}));
  const PreProcess beyond{.colour = ColourOrder::Gray, .mean = {2, 0, 0}, .scale = {2, 1, 1}};
  ASSERT_TRUE(writeImage(image.view(), beyond, t));
  EXPECT_EQ(out, (std::vector<uint8_t>{0, 2, 6, 255}));
}

TEST(WriteImage, GrayIsTheLumaOfBt601) {
  const uint8_t pixels[] = {255, 0, 0, 0, 255, 0, 0, 0, 255, 255, 255, 255};
  Tensor t({1, 1, 1, 4});
  ASSERT_TRUE(writeImage({pixels, 4, 1, 12}, {.colour = ColourOrder::Gray}, t.view));
  EXPECT_EQ(t.values, (std::vector<float>{76, 150, 29, 255}));
}

// One number for the whole arithmetic: it must come out the same on every CPU and compiler.
TEST(WriteImage, BitsAreTheSameEverywhere) {
  const Image image = pattern(61, 47);
  Tensor t({1, 3, 40, 72});
  const PreProcess pre{.fit = Fit::Letterbox,
                       .mean = {123.675F, 116.28F, 103.53F},
                       .scale = {0.0171247F, 0.0175071F, 0.0174292F},
                       .pad = {114, 114, 114}};
  ASSERT_TRUE(writeImage(image.view(), pre, t.view));
  uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (size_t i = 0; i < t.values.size() * 4; ++i)
    hash = (hash ^ reinterpret_cast<const uint8_t*>(t.values.data())[i]) * 1099511628211ULL;
  EXPECT_EQ(hash, 3948997859496024585ULL);
}

TEST(WriteImage, RefusesWhatDoesNotFit) {
  const Image image = pattern(4, 4);
  Tensor t({1, 3, 4, 4}), two({2, 3, 4, 4}), four({1, 4, 4, 4});
  EXPECT_EQ(writeImage({}, {}, t.view).error().code, ErrorCode::InvalidArgument);
  EXPECT_EQ(writeImage(image.view(), {}, two.view).error().code, ErrorCode::ShapeMismatch);
  EXPECT_EQ(writeImage(image.view(), {}, four.view).error().code, ErrorCode::ShapeMismatch);
  EXPECT_EQ(writeImage(image.view(), {}, {}).error().code, ErrorCode::InvalidArgument);
  for (const Rect crop : {Rect{2, 0, 3, 1}, Rect{-1, 0, 2, 2}, Rect{0, 0, 0, 4}}) {
    const auto result = writeImage(image.view(), {.crop = crop}, t.view);
    EXPECT_EQ(result.error().code, ErrorCode::InvalidArgument);
  }
}

}  // namespace
}  // namespace minnow::vision
