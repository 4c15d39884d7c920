// Camera frames into input tensors: time a frame. Minima count; the machine is never quiet.
//   ninja vision_bench && bench/vision_bench --benchmark_repetitions=5
#include <benchmark/benchmark.h>

#include <cstring>
#include <vector>

#include "minnow/image.h"

namespace minnow::vision {
namespace {

constexpr int kWidth = 1280, kHeight = 720;

std::vector<uint8_t> noise(size_t bytes) {
  std::vector<uint8_t> out(bytes);
  for (size_t i = 0; i < bytes; ++i) out[i] = static_cast<uint8_t>((i * 2654435761U) >> 13);
  return out;
}

void write(benchmark::State& state, const ImageView& frame, const PreProcess& pre,
           const Shape& shape, DataType type = DataType::Float32) {
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  const TensorView tensor{{type, shape, plainStrides(shape)}, values.data()};
  for (auto _ : state) {
    benchmark::DoNotOptimize(writeImage(frame, pre, tensor));
    benchmark::ClobberMemory();
  }
}

const PreProcess kNormalised{.mean = {123.675F, 116.28F, 103.53F},
                             .scale = {1 / 58.395F, 1 / 57.12F, 1 / 57.375F}};

void rgbBilinear(benchmark::State& state, const Shape& shape) {
  const auto bytes = noise(size_t{3} * kWidth * kHeight);
  write(state, {bytes.data(), kWidth, kHeight, 3 * kWidth}, kNormalised, shape);
}
BENCHMARK_CAPTURE(rgbBilinear, 320x320_nchw, Shape{1, 3, 320, 320});
BENCHMARK_CAPTURE(rgbBilinear, 320x320_nhwc, Shape{1, 320, 320, 3});
BENCHMARK_CAPTURE(rgbBilinear, 1280x720_nchw, Shape{1, 3, kHeight, kWidth});
BENCHMARK_CAPTURE(rgbBilinear, 1920x1080_nchw, Shape{1, 3, 1080, 1920});

void frameBilinear(benchmark::State& state, PixelFormat format, const Shape& shape, Turn turn) {
  const auto bytes = noise(frameBytes(kWidth, kHeight, format));
  PreProcess pre = kNormalised;
  pre.turn = turn;
  write(state, ImageView::packed(bytes.data(), kWidth, kHeight, format), pre, shape);
}
const Shape kSmall{1, 3, 320, 320};
BENCHMARK_CAPTURE(frameBilinear, nv21_320x320_nchw, PixelFormat::Nv21, kSmall, Turn{});
BENCHMARK_CAPTURE(frameBilinear, i420_320x320_nchw, PixelFormat::I420, kSmall, Turn{});
BENCHMARK_CAPTURE(frameBilinear, nv21_320x320_turned, PixelFormat::Nv21, kSmall,
                  Turn{Rotation::Clockwise90});
BENCHMARK_CAPTURE(frameBilinear, nv21_1280x720_nchw, PixelFormat::Nv21,
                  Shape{1, 3, kHeight, kWidth}, Turn{});
BENCHMARK_CAPTURE(frameBilinear, rgb_320x320_turned, PixelFormat::Rgb, kSmall,
                  Turn{Rotation::Clockwise90});

void rgbNearest(benchmark::State& state) {
  const auto bytes = noise(frameBytes(kWidth, kHeight, PixelFormat::Rgb));
  PreProcess pre = kNormalised;
  pre.interpolation = Interpolation::Nearest;
  write(state, ImageView::packed(bytes.data(), kWidth, kHeight, PixelFormat::Rgb), pre, kSmall);
}
BENCHMARK(rgbNearest);

/// The frame is put where it belongs again before each conversion: memcpy is part of the time.
void inPlace(benchmark::State& state, PixelFormat format, const Shape& shape) {
  const auto bytes = noise(frameBytes(kWidth, kHeight, format));
  std::vector<float> values(static_cast<size_t>(shape.elements()));
  const TensorView tensor{{DataType::Float32, shape, plainStrides(shape)}, values.data()};
  auto* region = reinterpret_cast<uint8_t*>(values.data());
  const auto place = framePlacement(ImageView::packed(region, kWidth, kHeight, format), {}, tensor);
  if (!place) return state.SkipWithError("no place");
  for (auto _ : state) {
    std::memcpy(region + *place, bytes.data(), bytes.size());
    benchmark::DoNotOptimize(writeImage(ImageView::packed(region + *place, kWidth, kHeight, format),
                                        kNormalised, tensor));
    benchmark::ClobberMemory();
  }
}
BENCHMARK_CAPTURE(inPlace, rgb_1280x720_nchw, PixelFormat::Rgb, Shape{1, 3, kHeight, kWidth});
BENCHMARK_CAPTURE(inPlace, rgb_1280x720_nhwc, PixelFormat::Rgb, Shape{1, kHeight, kWidth, 3});
BENCHMARK_CAPTURE(inPlace, nv21_1280x720_nchw, PixelFormat::Nv21, Shape{1, 3, kHeight, kWidth});

void rgbToBytes(benchmark::State& state) {
  const auto bytes = noise(frameBytes(kWidth, kHeight, PixelFormat::Rgb));
  write(state, ImageView::packed(bytes.data(), kWidth, kHeight, PixelFormat::Rgb), {}, kSmall,
        DataType::Uint8);
}
BENCHMARK(rgbToBytes);

}  // namespace
}  // namespace minnow::vision

BENCHMARK_MAIN();
