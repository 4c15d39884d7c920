// Camera frames into input tensors: time a frame. Minima count; the machine is never quiet.
//   ninja vision_bench && bench/vision_bench --benchmark_repetitions=5
#include <benchmark/benchmark.h>

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
  const TensorView tensor{type, shape, plainStrides(shape), values.data()};
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

}  // namespace
}  // namespace minnow::vision

BENCHMARK_MAIN();
