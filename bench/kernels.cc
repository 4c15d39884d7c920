// Convolutions and matrix products of real models, as GFLOP/s and as a share of the core's measured
// peak: `kernel_bench [target]`, the target one of minnow::cpuTargets(). Every repetition
// measures a short run; the fastest counts, because other work disturbs.
#include <benchmark/benchmark.h>
#include <time.h>

#include <algorithm>
#include <cstdio>
#include <string>
#include <vector>

#include "backend/cpu/kernel_table.h"
#include "base/aligned.h"
#include "base/team.h"
#include "base/threads.h"
#include "kernels/pack.h"
#include "kernels/simd/peak.h"
#include "minnow/cpu.h"
#include "ops/conv.h"
#include "ops/matmul.h"

namespace minnow::bench {
namespace {

/// A square convolution with "same" padding.
struct ConvRow {
  const char* model;
  int64_t channels, outputs, height, width, kernel, stride = 1, groups = 1, dilation = 1;
};

constexpr ConvRow kConvs[] = {
    {"mobilenet_v2", 3, 32, 224, 224, 3, 2},
    {"mobilenet_v2", 32, 16, 112, 112, 1},
    {"mobilenet_v2", 16, 96, 112, 112, 1},
    {"mobilenet_v2", 96, 24, 56, 56, 1},
    {"mobilenet_v2", 24, 144, 56, 56, 1},
    {"mobilenet_v2", 144, 32, 28, 28, 1},
    {"mobilenet_v2", 192, 64, 14, 14, 1},
    {"mobilenet_v2", 64, 384, 14, 14, 1},
    {"mobilenet_v2", 576, 96, 14, 14, 1},
    {"mobilenet_v2", 160, 960, 7, 7, 1},
    {"mobilenet_v2", 960, 320, 7, 7, 1},
    {"mobilenet_v2", 320, 1280, 7, 7, 1},
    {"mobilenet_v2 dw", 32, 32, 112, 112, 3, 1, 32},
    {"mobilenet_v2 dw", 96, 96, 112, 112, 3, 2, 96},
    {"mobilenet_v2 dw", 144, 144, 56, 56, 3, 1, 144},
    {"mobilenet_v2 dw", 384, 384, 14, 14, 3, 1, 384},
    {"mobilenet_v2 dw", 960, 960, 7, 7, 3, 1, 960},
    {"mobilenet_v3 dw", 120, 120, 28, 28, 5, 1, 120},
    {"mobilenet_v3 dw", 672, 672, 14, 14, 5, 2, 672},
    {"resnet", 3, 64, 224, 224, 7, 2},
    {"resnet18", 64, 64, 56, 56, 3},
    {"resnet18", 64, 128, 56, 56, 3, 2},
    {"resnet18", 128, 128, 28, 28, 3},
    {"resnet18", 256, 256, 14, 14, 3},
    {"resnet18", 512, 512, 7, 7, 3},
    {"resnet50", 256, 64, 56, 56, 1},
    {"resnet50", 64, 256, 56, 56, 1},
    {"resnet50", 256, 512, 56, 56, 1, 2},
    {"resnet50", 1024, 256, 14, 14, 1},
    {"resnet50", 512, 2048, 7, 7, 1},
    {"yolox_nano", 12, 16, 208, 208, 3},
    {"yolox_nano", 32, 16, 104, 104, 1},
    {"yolox_nano", 64, 64, 52, 52, 1},
    {"yolox_nano", 256, 128, 13, 13, 1},
    {"yolox_nano dw", 64, 64, 52, 52, 3, 1, 64},
    {"mlsd_tiny", 4, 32, 320, 320, 3, 2},
    {"mlsd_tiny", 64, 64, 40, 40, 3},
    {"mlsd_tiny", 64, 64, 160, 160, 3},
    {"mlsd_tiny", 64, 64, 80, 80, 3, 1, 1, 5},
    {"nanodet_m", 3, 24, 320, 320, 3, 2},
    {"nanodet_m", 58, 58, 40, 40, 1},
    {"nanodet_m", 116, 116, 20, 20, 1},
    {"nanodet_m", 96, 112, 40, 40, 1},
    {"nanodet_m dw", 58, 58, 40, 40, 3, 1, 58},
    {"ppocr_det", 3, 8, 320, 320, 3, 2},
    {"ppocr_det", 96, 24, 80, 80, 3},
    {"ppocr_det", 56, 336, 10, 10, 1},
    {"ppocr_det dw", 40, 40, 80, 80, 5, 1, 40},
    {"twinlitenet", 3, 16, 360, 640, 3, 2},
    {"twinlitenet", 19, 12, 180, 320, 3},
    {"twinlitenet", 64, 12, 90, 160, 1},
    {"twinlitenet", 25, 25, 45, 80, 3, 1, 1, 4},
    {"deeplab", 960, 256, 20, 20, 3, 1, 1, 12},
    {"deeplab", 960, 256, 20, 20, 3, 1, 1, 24},
    {"deeplab", 960, 256, 20, 20, 3, 1, 1, 36},
    {"deeplab dw", 960, 960, 20, 20, 5, 1, 960, 2},
    {"squeezenet", 512, 1000, 13, 13, 1},
    {"squeezenet", 16, 64, 55, 55, 3},
    {"squeezenet", 64, 256, 13, 13, 3},
    {"shufflenet_v2", 464, 1024, 7, 7, 1},
    {"shufflenet_v2", 116, 116, 28, 28, 1},
    {"shufflenet_v2 dw", 58, 58, 56, 56, 3, 2, 58},
    {"efficientnet_b0", 1152, 192, 7, 7, 1},
    {"efficientnet_b0 dw", 672, 672, 14, 14, 5, 1, 672},
    {"mnasnet", 192, 1152, 7, 7, 1},
    {"yolo11n", 16, 32, 160, 160, 3, 2},
    {"yolo11n", 384, 128, 20, 20, 1},
    {"ultraface", 16, 32, 120, 160, 1},
    {"ultraface", 64, 64, 30, 40, 1},
    {"ultraface dw", 16, 16, 120, 160, 3, 1, 16},
    {"fastestdet", 336, 96, 22, 22, 1},
    {"fastestdet dw", 96, 96, 22, 22, 5, 1, 96},
    {"gtsrb", 32, 32, 30, 30, 3},
    {"gtsrb", 128, 128, 7, 7, 3},
    {"blazeface", 3, 24, 256, 256, 5, 2},
    {"blazeface", 24, 24, 128, 128, 1},
    {"blazeface dw", 24, 24, 128, 128, 3, 1, 24},
    {"shufflenet groups", 240, 240, 28, 28, 1, 1, 3},
    {"resnext groups", 128, 128, 56, 56, 3, 1, 32},
};

struct ProductRow {
  const char* model;
  int64_t m, k, n;
  bool packed, transposed = false;
};
constexpr ProductRow kProducts[] = {
    {"fully connected", 1, 1280, 1000, true},        {"square", 512, 512, 512, true},
    {"square dynamic", 512, 512, 512, false},        {"twinlitenet qk", 3600, 4, 3600, false},
    {"twinlitenet av", 32, 3600, 3600, false, true}, {"ppocr_rec", 40, 120, 6625, true},
};

double peak = 0;

struct Buffers {
  std::vector<std::shared_ptr<std::byte[]>> owned;
  TensorView make(const Shape& shape, bool channelsLast) {
    TensorView view{{DataType::Float32, shape, plainStrides(shape)}};
    if (channelsLast) view.strides = channelsLastStrides(shape);
    owned.push_back(base::alignedBytes(view.bytes()));
    view.data = owned.back().get();
    for (int64_t i = 0; i < view.elements(); ++i)
      view.as<float>()[i] = static_cast<float>(i % 13) * 0.125f - 0.75f;
    return view;
  }
  TensorView makePacked(const ops::Operator& op, const Shape& shape) {
    const auto matrices = op.weightMatrices(1, shape, plainStrides(shape));
    const auto bytes = static_cast<int64_t>(kernels::packedBytes(Packing::F32x16, *matrices));
    TensorView view = make(Shape{bytes / static_cast<int64_t>(sizeof(float))}, false);
    view.shape = shape;
    view.packing = Packing::F32x16;
    return view;
  }
};

/// Processor time of this thread: long runs are interrupted on a busy machine.
double threadSeconds() {
  timespec now{};
  clock_gettime(CLOCK_THREAD_CPUTIME_ID, &now);
  return static_cast<double>(now.tv_sec) + 1e-9 * static_cast<double>(now.tv_nsec);
}

void measure(benchmark::State& state, const ops::Operator& op, std::vector<TensorView> inputs,
             TensorView output, double multiplyAdds) {
  const backend::KernelRow row = backend::cpu::chooseKernel(op, inputs, {&output, 1});
  base::Team team;
  const size_t bytes = row.workspace ? row.workspace(op, inputs, {&output, 1}, 1) : 0;
  const auto workspace = base::alignedBytes(bytes);
  const kernels::KernelArgs args{inputs, {&output, 1}, {workspace.get(), bytes}, &team};
  const base::DenormalsFlushed flushed;
  for (int i = 0; i < 3; ++i) benchmark::DoNotOptimize(row.run(op, args));
  double best = 1e9;
  for (auto _ : state) {
    const double begin = threadSeconds();
    benchmark::DoNotOptimize(row.run(op, args));
    const double time = threadSeconds() - begin;
    best = std::min(best, time);
    state.SetIterationTime(time);
  }
  const double gflops = 2 * multiplyAdds / best * 1e-9;
  state.counters["best_us"] = best * 1e6;
  state.counters["GFLOPs"] = gflops;
  state.counters["percent_of_peak"] = 100 * gflops / peak;
  state.counters["scratch_KB"] = static_cast<double>(bytes) / 1024;
  state.SetLabel(row.name);
}

void runConv(benchmark::State& state, const ConvRow& row) {
  ops::Conv conv;
  const int64_t pad = row.kernel / 2 * row.dilation;
  conv.kernel = {row.kernel, row.kernel};
  conv.strides = {row.stride, row.stride};
  conv.dilations = {row.dilation, row.dilation};
  conv.padsBegin = conv.padsEnd = {pad, pad};
  conv.groups = row.groups;
  conv.epilogue.fn = ops::UnaryFn::Relu;
  const Shape w{row.outputs, row.channels / row.groups, row.kernel, row.kernel};
  const int64_t outHeight = (row.height - 1) / row.stride + 1;
  const int64_t outWidth = (row.width - 1) / row.stride + 1;
  Buffers buffers;
  std::vector<TensorView> inputs = {
      buffers.make(Shape{1, row.channels, row.height, row.width}, true),
      buffers.makePacked(conv, w), buffers.make(Shape{row.outputs}, false)};
  const TensorView output = buffers.make(Shape{1, row.outputs, outHeight, outWidth}, true);
  measure(state, conv, inputs, output,
          static_cast<double>(output.elements() * w.elements() / row.outputs));
}

void runProduct(benchmark::State& state, const ProductRow& row) {
  ops::MatMul op;
  op.transposeB = row.transposed;
  const Shape b = row.transposed ? Shape{row.n, row.k} : Shape{row.k, row.n};
  Buffers buffers;
  std::vector<TensorView> inputs = {
      buffers.make(Shape{row.m, row.k}, false),
      row.packed ? buffers.makePacked(op, b) : buffers.make(b, false)};
  const TensorView output = buffers.make(Shape{row.m, row.n}, false);
  measure(state, op, inputs, output, static_cast<double>(row.m * row.k * row.n));
}

std::string nameOf(const ConvRow& row) {
  std::string name = text(row.model, " ", row.kernel, "x", row.kernel, " ", row.channels, "->",
                          row.outputs, " ", row.height, "x", row.width);
  if (row.stride != 1) name += text(" s", row.stride);
  if (row.dilation != 1) name += text(" d", row.dilation);
  if (row.groups != 1) name += text(" g", row.groups);
  return name;
}

void registerAll() {
  for (const ConvRow& row : kConvs)
    benchmark::RegisterBenchmark(nameOf(row).c_str(), runConv, row)->UseManualTime()->MinTime(0.1);
  for (const ProductRow& row : kProducts)
    benchmark::RegisterBenchmark(text(row.model, " ", row.m, "x", row.k, "x", row.n).c_str(),
                                 runProduct, row)
        ->UseManualTime()
        ->MinTime(0.1);
}

}  // namespace
}  // namespace minnow::bench

int main(int argc, char** argv) {
  benchmark::Initialize(&argc, argv);
  if (const auto limited = minnow::limitCpuTarget(argc > 1 ? argv[1] : ""); !limited) {
    std::fprintf(stderr, "%s\n", limited.error().message.c_str());
    return 1;
  }
  minnow::bench::peak = minnow::kernels::simd::peakGflops();
  std::printf("peak %.1f GFLOP/s\n", minnow::bench::peak);
  minnow::bench::registerAll();
  benchmark::RunSpecifiedBenchmarks();
}
