// Camera frames against the formulas of the standards, permutations and sums in double.
#include <gtest/gtest.h>

#include <cmath>

#include "vision/test_frames.h"

namespace minnow::vision {
namespace {

constexpr YuvColour kColours[] = {{YuvMatrix::Bt601, YuvRange::Limited},
                                  {YuvMatrix::Bt601, YuvRange::Full},
                                  {YuvMatrix::Bt709, YuvRange::Limited},
                                  {YuvMatrix::Bt709, YuvRange::Full}};

/// The picture as float32, height x width x channels.
std::vector<float> written(const ImageView& frame, const PreProcess& pre, int width, int height) {
  const int channels = pre.colour == ColourOrder::Gray ? 1 : 3;
  const Shape shape{height, width, channels};
  std::vector<float> out(shape.elements());
  PreProcess last = pre;
  last.channels = ChannelsAxis::Last;
  const auto placed =
      writeImage(frame, last, {{DataType::Float32, shape, plainStrides(shape)}, out.data()});
  EXPECT_TRUE(placed) << placed.error().message;
  return out;
}

std::vector<float> written(const ImageView& frame, const PreProcess& pre = {}) {
  return written(frame, pre, frame.width, frame.height);
}

/// An RGB picture in double, for the oracle.
struct Picture {
  int width = 0, height = 0;
  std::vector<std::array<double, 3>> pixels;
  const std::array<double, 3>& at(int x, int y) const { return pixels[y * width + x]; }
};

/// What a frame shows, by the bytes that same-size conversion gives (tested on its own).
Picture pictureOf(const ImageView& frame, const Rect& crop) {
  const std::vector<float> all = written(frame);
  Picture out{crop.width, crop.height, {}};
  for (int y = crop.y; y < crop.y + crop.height; ++y)
    for (int x = crop.x; x < crop.x + crop.width; ++x) {
      const float* p = &all[(y * frame.width + x) * 3];
      out.pixels.push_back({p[0], p[1], p[2]});
    }
  return out;
}

Picture quarterTurn(const Picture& in) {  // the left column becomes the top row
  Picture out{in.height, in.width, {}};
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x) out.pixels.push_back(in.at(y, in.height - 1 - x));
  return out;
}

Picture turned(Picture in, const Turn& turn) {
  for (int i = 0; i < static_cast<int>(turn.rotation); ++i) in = quarterTurn(in);
  if (turn.mirror)
    for (int y = 0; y < in.height; ++y)
      std::reverse(in.pixels.begin() + y * in.width, in.pixels.begin() + (y + 1) * in.width);
  return in;
}

double bilinear(const Picture& in, int channel, double x, double y) {
  x = std::clamp(x, 0.0, in.width - 1.0), y = std::clamp(y, 0.0, in.height - 1.0);
  const int x0 = static_cast<int>(x), y0 = static_cast<int>(y);
  const int x1 = std::min(x0 + 1, in.width - 1), y1 = std::min(y0 + 1, in.height - 1);
  const double fx = x - x0, fy = y - y0;
  const double top = in.at(x0, y0)[channel] * (1 - fx) + in.at(x1, y0)[channel] * fx;
  const double bottom = in.at(x0, y1)[channel] * (1 - fx) + in.at(x1, y1)[channel] * fx;
  return top * (1 - fy) + bottom * fy;
}

std::vector<Turn> allTurns() {
  std::vector<Turn> turns;
  for (int i = 0; i < 8; ++i) turns.push_back({static_cast<Rotation>(i % 4), i >= 4});
  return turns;
}

// Colour bars of 100 % as the standards' tables and every test card have them.
TEST(Camera, KnownColours) {
  struct Case {
    YuvColour colour;
    uint8_t y, cb, cr;
    std::array<int, 3> rgb;
  };
  const Case cases[] = {
      {kColours[0], 235, 128, 128, {255, 255, 255}}, {kColours[0], 16, 128, 128, {0, 0, 0}},
      {kColours[0], 81, 90, 240, {255, 0, 0}},       {kColours[0], 145, 54, 34, {0, 255, 0}},
      {kColours[0], 41, 240, 110, {0, 0, 255}},      {kColours[0], 210, 16, 146, {255, 255, 0}},
      {kColours[0], 170, 166, 16, {0, 255, 255}},    {kColours[0], 106, 202, 222, {255, 0, 255}},
      {kColours[1], 76, 85, 255, {255, 0, 0}},       {kColours[1], 150, 44, 21, {0, 255, 0}},
      {kColours[1], 29, 255, 107, {0, 0, 255}},      {kColours[1], 255, 128, 128, {255, 255, 255}},
      {kColours[2], 63, 102, 240, {255, 0, 0}},      {kColours[2], 173, 42, 26, {0, 255, 0}},
      {kColours[2], 32, 240, 118, {0, 0, 255}},      {kColours[3], 54, 99, 255, {255, 0, 0}},
      {kColours[3], 182, 30, 12, {0, 255, 0}},       {kColours[3], 18, 255, 116, {0, 0, 255}}};
  for (const Case& c : cases) {
    const uint8_t bytes[] = {c.y, c.cb, c.cr};
    ImageView frame = ImageView::packed(bytes, 1, 1, PixelFormat::I420);
    frame.colour = c.colour;
    const std::vector<float> rgb = written(frame);
    for (int i = 0; i < 3; ++i) EXPECT_NEAR(rgb[i], c.rgb[i], 2) << int{c.y} << " channel " << i;
  }
}

// Every Y, every third Cb and Cr, all four meanings, against the formula in double.
TEST(Camera, ColoursFollowTheFormula) {
  constexpr int kSide = 172;
  std::vector<uint8_t> bytes(frameBytes(kSide, kSide, PixelFormat::Nv12));
  ImageView frame = ImageView::packed(bytes.data(), kSide, kSide, PixelFormat::Nv12);
  for (int i = 0; i < 86 * 86; ++i) {
    bytes[kSide * kSide + 2 * i] = static_cast<uint8_t>(3 * (i % 86));
    bytes[kSide * kSide + 2 * i + 1] = static_cast<uint8_t>(3 * (i / 86));
  }
  double worst = 0, worstGray = 0;
  for (int luma = 0; luma < 256; luma += 4) {
    for (int i = 0; i < kSide * kSide; ++i)
      bytes[i] = static_cast<uint8_t>(luma + i % 2 + 2 * (i / kSide % 2));
    frame.colour = kColours[luma / 4 % 4];
    const std::vector<float> rgb = written(frame);
    const std::vector<float> gray = written(frame, {.colour = ColourOrder::Gray});
    for (int i = 0; i < kSide * kSide; ++i) {
      const auto [y, cb, cr] = yuvAt(frame, i % kSide, i / kSide);
      const auto exact = yuvToRgb(y, cb, cr, frame.colour);
      for (int c = 0; c < 3; ++c) worst = std::max(worst, std::abs(rgb[3 * i + c] - exact[c]));
      worstGray = std::max(worstGray, std::abs(gray[i] - yuvToRgb(y, 128, 128, frame.colour)[0]));
    }
  }
  EXPECT_LE(worst, 0.5003);
  EXPECT_LE(worstGray, 0.5003);
}

TEST(Camera, OddSizesHaveTheirChroma) {
  for (const auto format : {PixelFormat::Nv12, PixelFormat::Nv21, PixelFormat::I420})
    for (const auto& [w, h] : {std::pair{1, 1}, {2, 1}, {1, 2}, {3, 5}, {7, 4}, {6, 9}, {33, 17}}) {
      const TestFrame frame(w, h, format);
      EXPECT_EQ(frame.bytes.size(), frameBytes(w, h, format));
      const std::vector<float> rgb = written(frame.view);
      EXPECT_EQ(rgb, written(ImageView::packed(frame.bytes.data(), w, h, format)));
      for (int i = 0; i < w * h; ++i) {
        const auto [y, cb, cr] = yuvAt(frame.view, i % w, i / w);
        const auto exact = yuvToRgb(y, cb, cr, {});
        for (int c = 0; c < 3; ++c) ASSERT_NEAR(rgb[3 * i + c], exact[c], 0.5003);
      }
    }
}

TEST(Camera, OrderOfColoursIsTheModels) {
  for (const PixelFormat format : kAllFormats) {
    const TestFrame frame(5, 3, format);
    const std::vector<float> rgb = written(frame.view);
    const std::vector<float> bgr = written(frame.view, {.colour = ColourOrder::Bgr});
    for (size_t i = 0; i < rgb.size(); ++i) EXPECT_EQ(rgb[i], bgr[i / 3 * 3 + 2 - i % 3]);
  }
}

TEST(Camera, TurningIsAPermutation) {
  const Rect crop{2, 1, 9, 6};
  for (const PixelFormat format : kAllFormats) {
    const TestFrame frame(13, 8, format, 5);
    for (const Turn& turn : allTurns()) {
      const Picture expected = turned(pictureOf(frame.view, crop), turn);
      const std::vector<float> got =
          written(frame.view, {.crop = crop, .turn = turn}, expected.width, expected.height);
      for (size_t i = 0; i < got.size(); ++i) ASSERT_EQ(got[i], expected.pixels[i / 3][i % 3]);
    }
  }
}

TEST(Camera, PlacementLeadsBackToTheFrame) {
  const TestFrame frame(11, 7, PixelFormat::Gray);
  for (const Turn& turn : allTurns()) {
    const bool sideways = static_cast<int>(turn.rotation) % 2 == 1;
    const Rect crop{3, 1, 6, 4};
    const int width = sideways ? 4 : 6, height = sideways ? 6 : 4;
    const Shape shape{1, 1, 2 * height + 3, 2 * width};
    std::vector<float> out(shape.elements());
    const auto placed = writeImage(frame.view,
                                   {.fit = Fit::Letterbox,
                                    .colour = ColourOrder::Gray,
                                    .crop = crop,
                                    .turn = turn,
                                    .interpolation = Interpolation::Nearest},
                                   {{DataType::Float32, shape, plainStrides(shape)}, out.data()});
    ASSERT_TRUE(placed);
    for (int y = 0; y < 2 * height; ++y)
      for (int x = 0; x < 2 * width; ++x) {
        const auto [px, py] = placed->toPicture(x + 0.5, y + 1.5);
        const auto at = static_cast<ptrdiff_t>(std::floor(py) * 11 + std::floor(px));
        ASSERT_EQ(out[(y + 1) * 2 * width + x], frame.view.data[at]) << x << "," << y;
      }
  }
}

struct Sizes {
  int from[2], to[2];
};
constexpr Sizes kSizes[] = {{{17, 11}, {17, 11}},  {{17, 11}, {5, 3}},    {{16, 9}, {37, 30}},
                            {{64, 48}, {16, 12}},  {{1, 1}, {7, 4}},      {{30, 1}, {11, 1}},
                            {{2, 40}, {40, 2}},    {{1300, 3}, {701, 4}}, {{9, 5}, {1400, 3}},
                            {{321, 240}, {32, 24}}};

TEST(Camera, NearestTakesTheNearestPixel) {
  for (const PixelFormat format : kAllFormats)
    for (const Sizes& s : kSizes) {
      const TestFrame frame(s.from[0], s.from[1], format);
      const Picture picture = pictureOf(frame.view, {0, 0, s.from[0], s.from[1]});
      const std::vector<float> got =
          written(frame.view, {.interpolation = Interpolation::Nearest}, s.to[0], s.to[1]);
      for (int y = 0; y < s.to[1]; ++y)
        for (int x = 0; x < s.to[0]; ++x) {
          // The half-pixel centre's position, halves up; 1e-9 lies between a tie and its
          // neighbours.
          const double px = (x + 0.5) * s.from[0] / s.to[0] - 0.5;
          const double py = (y + 0.5) * s.from[1] / s.to[1] - 0.5;
          const auto& pixel = picture.at(static_cast<int>(std::floor(px + 0.5 + 1e-9)),
                                         static_cast<int>(std::floor(py + 0.5 + 1e-9)));
          for (int c = 0; c < 3; ++c) ASSERT_EQ(got[(y * s.to[0] + x) * 3 + c], pixel[c]);
        }
    }
}

// Either weight is at most 2^-12 off, and a pixel at most 255 from its neighbour.
TEST(Camera, BilinearIsWithinItsWeightsPrecision) {
  constexpr double kBound = 255 * (2.0 / 4096) + 1e-4;
  for (const PixelFormat format : kAllFormats)
    for (const Sizes& s : kSizes)
      for (const Turn& turn : {Turn{}, Turn{Rotation::Clockwise90, true}}) {
        const TestFrame frame(s.from[0], s.from[1], format, 3);
        const Picture picture = turned(pictureOf(frame.view, {0, 0, s.from[0], s.from[1]}), turn);
        const std::vector<float> got = written(frame.view, {.turn = turn}, s.to[0], s.to[1]);
        for (int y = 0; y < s.to[1]; ++y)
          for (int x = 0; x < s.to[0]; ++x)
            for (int c = 0; c < 3; ++c)
              ASSERT_NEAR(got[(y * s.to[0] + x) * 3 + c],
                          bilinear(picture, c, (x + 0.5) * picture.width / s.to[0] - 0.5,
                                   (y + 0.5) * picture.height / s.to[1] - 0.5),
                          kBound);
      }
}

TEST(Camera, GapsAreNotRead) {
  for (const PixelFormat format : kAllFormats)
    for (const Turn& turn : allTurns()) {
      const TestFrame dark(19, 13, format, 6, 0), light(19, 13, format, 6, 255);
      EXPECT_EQ(written(dark.view, {.turn = turn}, 8, 21),
                written(light.view, {.turn = turn}, 8, 21));
    }
}

TEST(Camera, RowsOfEveryPlaneMayRunUpwards) {
  const TestFrame frame(9, 6, PixelFormat::I420, 4);
  ImageView flipped = frame.view;
  flipped.data += 5 * flipped.rowBytes;
  flipped.rowBytes = -flipped.rowBytes;
  for (ImageView::Plane& plane : flipped.chroma) {
    plane.data += 2 * plane.rowBytes;
    plane.rowBytes = -plane.rowBytes;
  }
  const Turn upsideDown{Rotation::Clockwise180, true};
  EXPECT_EQ(written(flipped), written(frame.view, {.turn = upsideDown}));
}

TEST(Camera, Yv12IsI420WithItsPlanesExchanged) {
  const TestFrame frame(8, 8, PixelFormat::I420);
  ImageView yv12 = frame.view;
  std::swap(yv12.chroma[0], yv12.chroma[1]);
  const std::vector<float> a = written(frame.view), b = written(yv12);
  const auto [y, cb, cr] = yuvAt(frame.view, 3, 3);
  EXPECT_NEAR(b[(3 * 8 + 3) * 3], yuvToRgb(y, cr, cb, {})[0], 0.5003);
  EXPECT_NE(a, b);
}

// One number for the way of a camera's frame: it must come out the same on every CPU and compiler.
TEST(Camera, BitsAreTheSameEverywhere) {
  uint64_t hash = 14695981039346656037ULL;  // FNV-1a
  for (const YuvColour& colour : kColours)
    for (const Turn& turn : allTurns()) {
      TestFrame frame(61, 47, PixelFormat::Nv21, 5);
      frame.view.colour = colour;
      const PreProcess pre{.fit = Fit::Letterbox,
                           .mean = {123.675F, 116.28F, 103.53F},
                           .scale = {0.0171247F, 0.0175071F, 0.0174292F},
                           .turn = turn};
      const std::vector<float> out = written(frame.view, pre, 40, 72);
      for (size_t i = 0; i < out.size() * 4; ++i)
        hash = (hash ^ reinterpret_cast<const uint8_t*>(out.data())[i]) * 1099511628211ULL;
    }
  EXPECT_EQ(hash, 6537969315038800781ULL);
}

TEST(Camera, MissingPlanesAreRefused) {
  std::vector<float> out(12);
  const TensorView tensor{{DataType::Float32, {2, 2, 3}, plainStrides({2, 2, 3})}, out.data()};
  const uint8_t bytes[6] = {};
  for (const auto format : {PixelFormat::Nv12, PixelFormat::Nv21, PixelFormat::I420}) {
    ImageView frame{bytes, 2, 2, 2, format};
    EXPECT_EQ(writeImage(frame, {}, tensor).error().code, ErrorCode::InvalidArgument);
    frame.chroma[0] = {bytes + 4, 2};
    EXPECT_EQ(writeImage(frame, {}, tensor).has_value(), format != PixelFormat::I420);
    EXPECT_EQ(encodePng(frame).error().code, ErrorCode::Unsupported);
    EXPECT_EQ(encodeJpeg(frame).error().code, ErrorCode::Unsupported);
  }
}

}  // namespace
}  // namespace minnow::vision
