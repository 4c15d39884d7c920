// Depthwise convolutions by slices, against sums as they are written: ARM's alone, other CPUs have runs.
#include "kernels/simd/byte_depthwise.h"

#include <gtest/gtest.h>

#include <random>
#include <vector>

#if defined(__arm__) || defined(__aarch64__)
namespace minnow::kernels::simd {
namespace {

TensorView channelsLast(DataType type, const Shape& shape) {
  return {{.type = type, .shape = shape, .strides = channelsLastStrides(shape)}, nullptr};
}

/// A convolution of random extents, windows, padding, zero points and kinds of weights.
void expectSums(std::mt19937& random) {
  const auto upTo = [&](int64_t most) { return static_cast<int64_t>(random() % (most + 1)); };
  const int64_t channels = 1 + upTo(41), kernel = upTo(2) == 0 ? 5 : 3;
  ops::QuantizedConv op;
  op.groups = channels, op.xZero = upTo(255) - 128, op.wZero = upTo(3) == 0 ? upTo(255) - 128 : 0;
  op.kernel = {kernel, upTo(3) == 0 ? 2 : kernel};
  op.strides = {1 + upTo(1), 1 + upTo(1)};
  op.dilations = {1 + upTo(3) / 3, 1 + upTo(3) / 3};
  op.padsBegin = {upTo(2), upTo(2)}, op.padsEnd = {upTo(2), upTo(2)};
  op.y = ops::QuantisedResult::real();
  const int64_t height = 10 + upTo(3), width = 10 + upTo(upTo(3) == 0 ? 220 : 20);
  TensorView x = channelsLast(DataType::Int8, {1, channels, height, width});
  const ops::SlidingWindow down = op.along(0, height), along = op.along(1, width);
  TensorView y = channelsLast(DataType::Float32, {1, channels, down.room(height) / down.stride + 1,
                                                  along.room(width) / along.stride + 1});
  TensorView w = channelsLast(DataType::Int8, {channels, 1, down.kernel, along.kernel});
  const ConvShape shape(op, x, w, y, {});

  std::vector<uint8_t> bytes(static_cast<size_t>(x.elements()));
  for (uint8_t& byte : bytes) byte = static_cast<uint8_t>(random() % 4 == 0 ? 0x80 : random());
  const bool isSigned = upTo(1) == 1;
  std::vector<int8_t> weights(static_cast<size_t>(shape.panels.channels() * shape.taps()));
  for (int8_t& weight : weights)
    weight = static_cast<int8_t>(random() % 4 == 0 ? -127 : static_cast<int>(random() % 255) - 127);
  std::vector<int32_t> start(static_cast<size_t>(shape.panels.channels()), 5);
  std::vector<int32_t> sums(static_cast<size_t>(y.elements()));
  std::vector<std::byte> scratch(sliceBytes(shape));
  const DepthwiseChannels of{shape.taps(),
                             channels,
                             weights.data(),
                             shape.panels.channels(),
                             static_cast<int16_t>(op.wZero),
                             start.data(),
                             nullptr,
                             nullptr,
                             Requantiser(op.y),
                             true,
                             isSigned,
                             false,
                             true,
                             false};
  const auto blank = static_cast<uint8_t>(op.xZero);
  convolveSlices(
      shape, of,
      {bytes.data(), blank, reinterpret_cast<uint8_t*>(sums.data()), 4, 0, 0, shape.y.height},
      scratch.data());

  const auto number = [&](uint8_t byte) {
    return isSigned ? int32_t{static_cast<int8_t>(byte)} : int32_t{byte};
  };
  for (int64_t i = 0; i < y.elements(); ++i) {
    const int64_t c = i % channels, column = i / channels % shape.y.width;
    const int64_t row = i / channels / shape.y.width;
    int32_t sum = 5;
    for (int64_t t = 0; t < shape.taps(); ++t) {
      const int64_t r = down.tapAt(row, t / along.kernel),
                    at = along.tapAt(column, t % along.kernel);
      const bool exists = r >= 0 && r < height && at >= 0 && at < width;
      const uint8_t byte =
          exists ? bytes[static_cast<size_t>((r * width + at) * channels + c)] : blank;
      const int8_t weight = weights[static_cast<size_t>(t * shape.panels.channels() + c)];
      sum += number(byte) * (weight - static_cast<int32_t>(op.wZero));
    }
    ASSERT_EQ(sums[static_cast<size_t>(i)], sum)
        << "row " << row << ", column " << column << ", channel " << c << " of " << channels
        << ", width " << width << ", kernel " << down.kernel << "x" << along.kernel;
  }
}

TEST(Slices, SumsAreExact) {
  std::mt19937 random(7);
  for (int i = 0; i < 200 && !HasFatalFailure(); ++i) expectSums(random);
}

}  // namespace
}  // namespace minnow::kernels::simd
#endif
