// Tensors made from frames of every format, in every way, have the committed checksums: on every
// machine, and whatever floating-point mode the caller has set.
#include <gtest/gtest.h>

#include <cfenv>

#include "base/threads.h"
#include "vision/test_frames.h"

namespace minnow::vision {
namespace {

/// FNV-1a.
uint64_t checksum(const void* data, size_t size, uint64_t sum = 0xCBF29CE484222325u) {
  const auto* bytes = static_cast<const uint8_t*>(data);
  for (size_t i = 0; i < size; ++i) sum = (sum ^ bytes[i]) * 0x100000001B3u;
  return sum;
}

/// One way to make a tensor, from an odd frame of every format.
struct Way {
  const char* name;
  uint64_t expected;
  int width, height;
  PreProcess pre = {};
  DataType type = DataType::Float32;
  int frameWidth = 61, frameHeight = 37;
  YuvColour colour = {};
};

// ImageNet's, which are not exact in binary.
constexpr std::array<float, 3> kMean = {123.675F, 116.28F, 103.53F};
constexpr std::array<float, 3> kScale = {1 / 58.395F, 1 / 57.12F, 1 / 57.375F};
constexpr YuvColour kHdFull = {YuvMatrix::Bt709, YuvRange::Full};

const Way kWays[] = {
    {"as it is", 0x77A8DD123FD41465u, 61, 37},
    {"smaller", 0x5152854416F3BA7Du, 24, 31, {.mean = kMean, .scale = kScale}},
    {"larger", 0x14B5523BFBA3716Du, 83, 70, {.mean = kMean, .scale = kScale}},
    {"wide", 0xF16484E1302D77D5u, 700, 5, {.mean = kMean, .scale = kScale}},
    {"nearest",
     0xD9AD03B6EC408665u,
     40,
     50,
     {.scale = kScale, .interpolation = Interpolation::Nearest}},
    {"letterbox",
     0x80CC34BE30846A55u,
     48,
     48,
     {.fit = Fit::Letterbox, .mean = kMean, .pad = {114, 114, 114.3F}}},
    {"letterbox at the corner",
     0x3D7AF694C9AF365Du,
     33,
     64,
     {.fit = Fit::Letterbox, .anchor = Anchor::TopLeft, .scale = kScale}},
    {"crop", 0x3B16B8FFA83FC71Du, 32, 32, {.scale = kScale, .crop = Rect{7, 3, 41, 29}}},
    {"bgr", 0xB2EA6F36A8D6FE75u, 40, 20, {.colour = ColourOrder::Bgr, .mean = kMean}},
    {"gray", 0x99AF8F410D1B8D5u, 40, 20, {.colour = ColourOrder::Gray, .scale = {0.1F, 0, 0}}},
    {"alpha", 0x2043857FB522307Du, 40, 20, {.scale = kScale, .alpha = 0.7F}},
    {"pixels",
     0x648D3C2819856EFDu,
     40,
     20,
     {.channels = ChannelsAxis::Last, .mean = kMean, .scale = kScale}},
    {"bytes",
     0x48D8AB90683B1CE5u,
     40,
     20,
     {.mean = {0.5F, -0.25F, 3}, .scale = {0.9F, 1.1F, 1.5F}},
     DataType::Uint8},
    {"hd, full range",
     0x1B0860283CF06FB5u,
     61,
     37,
     {.scale = kScale},
     DataType::Float32,
     61,
     37,
     kHdFull},
};

constexpr Turn kTurns[] = {{Rotation::None, false},         {Rotation::None, true},
                           {Rotation::Clockwise90, false},  {Rotation::Clockwise90, true},
                           {Rotation::Clockwise180, false}, {Rotation::Clockwise180, true},
                           {Rotation::Clockwise270, false}, {Rotation::Clockwise270, true}};

/// Of the tensor that a frame becomes, added to `sum`.
uint64_t checksumOf(const Way& way, PixelFormat format, const Turn& turn, uint64_t sum) {
  TestFrame frame(way.frameWidth, way.frameHeight, format, 5);
  frame.view.colour = way.colour;
  PreProcess pre = way.pre;
  pre.turn = turn;
  const int64_t channels = (pre.colour == ColourOrder::Gray ? 1 : 3) + (pre.alpha ? 1 : 0);
  const Shape shape = pre.channels == ChannelsAxis::Last
                          ? Shape{1, way.height, way.width, channels}
                          : Shape{1, channels, way.height, way.width};
  TensorView tensor{{way.type, shape, plainStrides(shape)}, nullptr};
  std::vector<uint32_t> memory((tensor.bytes() + 3) / 4);
  tensor.data = memory.data();
  const auto placed = writeImage(frame.view, pre, tensor);
  EXPECT_TRUE(placed) << placed.error().message;
  return checksum(tensor.data, tensor.bytes(), sum);
}

uint64_t checksumOf(const Way& way) {
  uint64_t sum = checksum(nullptr, 0);
  for (PixelFormat format : kAllFormats)
    for (const Turn& turn : kTurns) sum = checksumOf(way, format, turn, sum);
  return sum;
}

}  // namespace

TEST(VisionBits, TensorsAreTheSameOnEveryMachine) {
  for (const Way& way : kWays)
    EXPECT_EQ(checksumOf(way), way.expected) << way.name << ": 0x" << std::hex << checksumOf(way);
}

// A caller may have another rounding mode, and may be inside a frame's run.
TEST(VisionBits, TheCallersModeChangesNothing) {
  std::fesetround(FE_UPWARD);
  for (const Way& way : kWays) EXPECT_EQ(checksumOf(way), way.expected) << way.name;
  std::fesetround(FE_TONEAREST);
  const base::DenormalsFlushed flushed;
  for (const Way& way : kWays) EXPECT_EQ(checksumOf(way), way.expected) << way.name;
}

}  // namespace minnow::vision
