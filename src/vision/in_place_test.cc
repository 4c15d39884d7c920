// Frames that lie in the tensor's own memory: by brute force, wherever they lie, the tensor comes
// out as if they lay elsewhere, or the answer is Unsupported and no byte has changed.
#include <gtest/gtest.h>

#include <cstring>

#include "vision/test_frames.h"

namespace minnow::vision {
namespace {

enum class Layout { Planes, Pixels, SpacedPixels, Bytes, BytePlanes };
constexpr Layout kLayouts[] = {Layout::Planes, Layout::Pixels, Layout::SpacedPixels, Layout::Bytes,
                               Layout::BytePlanes};

/// A view of a tensor without memory.
TensorView tensorOf(Layout layout, int width, int height, int channels) {
  const bool first =
      layout == Layout::Planes || layout == Layout::BytePlanes || layout == Layout::SpacedPixels;
  const bool bytes = layout == Layout::Bytes || layout == Layout::BytePlanes;
  const Shape shape = first ? Shape{1, channels, height, width} : Shape{1, height, width, channels};
  const Strides strides = layout == Layout::SpacedPixels ? channelsLastStrides(shape, channels + 2)
                                                         : plainStrides(shape);
  return {{bytes ? DataType::Uint8 : DataType::Float32, shape, strides}, nullptr};
}

size_t regionBytes(const TensorView& t) {
  int64_t last = 1;
  for (int i = 0; i < t.shape.rank(); ++i) last += (t.shape[i] - 1) * t.strides[i];
  return static_cast<size_t>(last) * elementSize(t.type);
}

/// Memory with a tensor in its middle.
struct Arena {
  std::vector<uint8_t> bytes;
  TensorView tensor;
  uint8_t* region;

  Arena(TensorView view, size_t margin) : tensor(view) {
    margin = (margin + 63) / 64 * 64;
    bytes.resize(regionBytes(view) + 2 * margin);
    for (size_t i = 0; i < bytes.size(); ++i) bytes[i] = noiseByte(static_cast<uint32_t>(i) + 77);
    region = bytes.data() + margin;
    tensor.data = region;
  }
};

struct Outcome {
  int converted = 0, refused = 0;
};

class InPlace : public testing::Test {
 protected:
  /// Puts the frame at `offset` in the tensor's memory and converts it. False if it was refused.
  static bool tryAt(const TestFrame& frame, const PreProcess& pre, const TensorView& shape,
                    ptrdiff_t offset) {
    Arena arena(shape, frame.bytes.size() + 64);
    std::memcpy(arena.region + offset, frame.bytes.data(), frame.bytes.size());
    Arena expected = arena;
    expected.region = expected.bytes.data() + (arena.region - arena.bytes.data());
    expected.tensor.data = expected.region;
    const auto apart = writeImage(frame.view, pre, expected.tensor);
    EXPECT_TRUE(apart) << apart.error().message;
    const std::vector<uint8_t> before = arena.bytes;
    const auto placed = writeImage(frame.movedTo(arena.region + offset), pre, arena.tensor);
    EXPECT_TRUE(placed || placed.error().code == ErrorCode::Unsupported);
    // Gaps between elements included.
    EXPECT_EQ(arena.bytes, placed ? expected.bytes : before) << "offset " << offset;
    return placed.has_value();
  }

  /// Every place of the frame that touches the tensor, in steps.
  static Outcome tryAll(const TestFrame& frame, const PreProcess& pre, const TensorView& shape) {
    Outcome outcome;
    const auto size = static_cast<ptrdiff_t>(frame.bytes.size());
    const auto region = static_cast<ptrdiff_t>(regionBytes(shape));
    for (ptrdiff_t offset = -size; offset <= region; offset += 1 + (size + region) / 23)
      ++(tryAt(frame, pre, shape, offset) ? outcome.converted : outcome.refused);
    tryAt(frame, pre, shape, 0);
    tryAt(frame, pre, shape, region - size);
    return outcome;
  }

  static Result<ptrdiff_t> placeOf(const TestFrame& frame, const PreProcess& pre,
                                   const TensorView& shape) {
    Arena arena(shape, frame.bytes.size());
    return framePlacement(frame.movedTo(arena.region), pre, arena.tensor);
  }
};

std::vector<PreProcess> manyWays() {
  std::vector<PreProcess> ways;
  ways.push_back({});
  ways.push_back({.fit = Fit::Letterbox, .mean = {3, 2, 1}, .pad = {114, 114, 114}});
  ways.push_back({.fit = Fit::Letterbox, .anchor = Anchor::TopLeft, .alpha = 1.0F});
  ways.push_back({.colour = ColourOrder::Gray, .scale = {0.5F, 1, 1}});
  ways.push_back({.interpolation = Interpolation::Nearest});
  ways.push_back({.colour = ColourOrder::Bgr, .crop = Rect{1, 2, 5, 4}});
  for (int i = 1; i < 8; ++i) ways.push_back({.turn = {static_cast<Rotation>(i % 4), i >= 4}});
  return ways;
}

TEST_F(InPlace, IsNeverSilentlyWrong) {
  constexpr int kSizes[][4] = {{12, 9, 12, 9}, {11, 7, 6, 5}, {7, 6, 15, 13}};
  Outcome all;
  for (const PixelFormat format : kAllFormats)
    for (const Layout layout : kLayouts)
      for (const PreProcess& pre : manyWays())
        for (const auto& [w, h, W, H] : kSizes) {
          const TestFrame frame(w, h, format, w % 2 * 3);
          const int channels = (pre.colour == ColourOrder::Gray ? 1 : 3) + (pre.alpha ? 1 : 0);
          const TensorView shape = tensorOf(layout, W, H, channels);
          const Outcome outcome = tryAll(frame, pre, shape);
          all.converted += outcome.converted, all.refused += outcome.refused;
          const auto place = placeOf(frame, pre, shape);
          EXPECT_TRUE(!place || tryAt(frame, pre, shape, *place)) << "promised";
          if (HasFailure()) FAIL() << "format " << int(format) << " layout " << int(layout);
        }
  EXPECT_GT(all.converted, all.refused / 2);
  EXPECT_GT(all.refused, 1000);
}

// Rows of more than one piece, where the order of columns matters too.
TEST_F(InPlace, WideRowsAreDoneInPieces) {
  for (const PixelFormat format : kAllFormats)
    for (const Layout layout : kLayouts)
      for (const PreProcess& pre : {PreProcess{}, PreProcess{.turn = {Rotation::None, true}}})
        for (const int width : {1283, 900}) {
          const TestFrame frame(width, 3, format);
          const TensorView shape = tensorOf(layout, 1283, 3, 3);
          tryAll(frame, pre, shape);
          const auto place = placeOf(frame, pre, shape);
          EXPECT_TRUE(!place || tryAt(frame, pre, shape, *place)) << "promised";
          if (HasFailure()) FAIL() << "format " << int(format) << " layout " << int(layout);
        }
}

// What must be possible, so that refusing everything is no way to pass.
TEST_F(InPlace, SameSizeIsPossibleInEveryFormatAndTurn) {
  for (const PixelFormat format : kAllFormats)
    for (const Layout layout : {Layout::Planes, Layout::Pixels})
      for (const int width : {13, 1500})
        for (int turn = 0; turn < 8; ++turn) {
          const TestFrame frame(width, 9, format);
          const TensorView shape =
              turn % 2 == 1 ? tensorOf(layout, 9, width, 3) : tensorOf(layout, width, 9, 3);
          const PreProcess pre{.turn = {static_cast<Rotation>(turn % 4), turn >= 4}};
          const auto place = placeOf(frame, pre, shape);
          ASSERT_TRUE(place) << int(format) << " " << int(layout) << place.error().message;
          EXPECT_TRUE(tryAt(frame, pre, shape, *place));
        }
}

TEST_F(InPlace, SameSizeGrowsFromEitherEnd) {
  const TestFrame frame(13, 9, PixelFormat::Rgb);
  for (const Layout layout : {Layout::Planes, Layout::Pixels, Layout::SpacedPixels}) {
    const TensorView shape = tensorOf(layout, 13, 9, 3);
    EXPECT_TRUE(tryAt(frame, {}, shape, 0));
    EXPECT_TRUE(tryAt(frame, {}, shape, regionBytes(shape) - frame.bytes.size()));
  }
  EXPECT_FALSE(tryAt(frame, {}, tensorOf(Layout::SpacedPixels, 13, 9, 3), 13 * 9 * 2));
}

TEST_F(InPlace, BytesStayOrShrinkForwards) {
  const TensorView shape = tensorOf(Layout::Bytes, 13, 9, 3);
  EXPECT_TRUE(tryAt(TestFrame(13, 9, PixelFormat::Bgr), {}, shape, 0));
  EXPECT_TRUE(tryAt(TestFrame(13, 9, PixelFormat::Rgba), {}, shape, 0));  // reaches beyond it
  EXPECT_TRUE(tryAt(TestFrame(40, 30, PixelFormat::Rgb), {}, shape, 0));
  const PreProcess upsideDown{.turn = {Rotation::Clockwise180, true}};  // and no room for a copy
  EXPECT_FALSE(tryAt(TestFrame(13, 9, PixelFormat::Rgb), upsideDown, shape, 0));
}

TEST_F(InPlace, ALargerFrameShrinksWhileItsPixelsGrow) {
  const TestFrame frame(64, 48, PixelFormat::Rgb);
  const TensorView shape = tensorOf(Layout::Pixels, 32, 32, 3);
  const auto place = placeOf(frame, {}, shape);
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_TRUE(tryAt(frame, {}, shape, *place));
  EXPECT_FALSE(placeOf(frame, {}, tensorOf(Layout::Planes, 32, 32, 3)));  // planes begin in it
}

TEST_F(InPlace, ACameraFrameBecomesALetterbox) {
  const TestFrame frame(64, 36, PixelFormat::Nv21);
  const TensorView shape = tensorOf(Layout::Pixels, 32, 32, 3);
  const PreProcess pre{.fit = Fit::Letterbox};
  const auto place = placeOf(frame, pre, shape);
  ASSERT_TRUE(place) << place.error().message;
  EXPECT_TRUE(tryAt(frame, pre, shape, *place));
}

TEST_F(InPlace, SaysWhatCannotBe) {
  const auto large =
      placeOf(TestFrame(64, 48, PixelFormat::Rgb), {}, tensorOf(Layout::Pixels, 16, 16, 3));
  ASSERT_FALSE(large);
  EXPECT_EQ(large.error().code, ErrorCode::Unsupported);
  EXPECT_NE(large.error().message.find("9216 bytes, the tensor 3072"), std::string::npos);
  const PreProcess sideways{.turn = {Rotation::Clockwise90, false}};
  const auto turned =
      placeOf(TestFrame(16, 16, PixelFormat::Rgb), sideways, tensorOf(Layout::Bytes, 16, 16, 3));
  ASSERT_FALSE(turned);
  EXPECT_EQ(turned.error().code, ErrorCode::Unsupported);
}

}  // namespace
}  // namespace minnow::vision
