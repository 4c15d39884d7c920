// Measuring. A placement that changed from run to run would be worse than one by estimates: what was
// measured is kept, and where nothing is kept nothing is measured.
#include "backend/gpu/costs.h"

#include <algorithm>
#include <chrono>
#include <cmath>
#include <cstring>
#include <limits>

#include "backend/gpu/trial.h"
#include "base/aligned.h"
#include "base/fail.h"
#include "kernels/pack.h"
#include "ops/binary.h"
#include "ops/conv.h"

namespace minnow::backend::gpu {
namespace {

double bytesOf(const Work& work) {
  double bytes = 0;
  for (const auto views : {work.inputs, work.outputs})
    for (const TensorView& view : views) bytes += view ? static_cast<double>(view.bytes()) : 0;
  return bytes;
}

double sumsOf(const Work& work) {
  return static_cast<double>(work.op.multiplyAdds(work.inputTypes, work.outputTypes));
}

/// The least of five, in nanoseconds of one; the first compiles.
Result<double> least(Trial& trial, const Backend& backend, int times = 1) {
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 5; ++i) {
    const auto passed = trial.run(backend, times);
    if (!passed) return passed;
    best = std::min(best, *passed / times);
  }
  return best;
}

TensorView viewOf(const Shape& shape, std::byte* data = nullptr) {
  const Strides strides =
      shape.rank() == 4 && data == nullptr ? channelsLastStrides(shape) : plainStrides(shape);
  return {{.type = DataType::Float32, .shape = shape, .strides = strides}, data};
}

Result<Trial> trialOf(const ops::Operator& op, const std::vector<TensorView>& inputs) {
  std::vector<TensorType> in;
  for (const TensorView& view : inputs) in.push_back({view.type, view.shape});
  auto out = op.inferShape(in);
  if (!out) return passOn(out);
  const std::vector<TensorView> outputs{viewOf((*out)[0].shape)};
  return Trial::make({op, inputs, outputs, in, {out->data(), out->size()}, {1}}, in);
}

Result<double> leastCrossing(const Backend& backend, int64_t elements) {
  const DeviceMemory& memory = *backend.memory();
  const auto bytes = static_cast<size_t>(elements) * sizeof(float);
  const auto block = memory.allocate(bytes);
  const auto from = base::alignedBytes(bytes);
  if (!block) return passOn(block);
  double best = std::numeric_limits<double>::infinity();
  for (int i = 0; i < 5; ++i) {
    const auto begin = std::chrono::steady_clock::now();
    const auto ok = memory.upload(viewOf({elements}, from.get()), **block, viewOf({elements}));
    if (!ok) return passOn(ok);
    if (auto done = backend.wait(kDone); !done) return passOn(done);
    best = std::min(
        best,
        std::chrono::duration<double, std::nano>(std::chrono::steady_clock::now() - begin).count());
  }
  return best;
}

/// Of an operator that takes a device next to nothing, and of one that moves 3 MB.
Result<void> measureSums(const Backend& backend, double scale, Costs& costs) {
  ops::Binary add;
  add.fn = ops::BinaryFn::Add;
  auto small = trialOf(add, {viewOf({16}), viewOf({16})});
  auto large = trialOf(add, {viewOf({1 << 18}), viewOf({1 << 18})});
  if (!small || !large) return {};
  const auto launch = least(*small, backend, 50), moved = least(*large, backend, 4);
  if (!launch || !moved) return std::unexpected(!launch ? launch.error() : moved.error());
  costs.launch = *launch * scale;
  costs.bytes = bytesOf(large->work()) / (std::max(*moved - *launch, 1.0) * scale);
  return {};
}

/// A 3x3 convolution of 64 channels; how much longer `host` takes than it estimates is the scale.
Result<void> measureProducts(const Backend& backend, const Backend& host, Costs& costs) {
  ops::Conv conv;
  conv.kernel = {3, 3};
  conv.strides = conv.dilations = {1, 1};
  conv.padsBegin = conv.padsEnd = {1, 1};
  TensorView weights = viewOf({64, 64, 3, 3});
  const auto matrices = *conv.weightMatrices(1, weights.shape, weights.strides);
  const auto panels =
      base::alignedBytes(static_cast<size_t>(kernels::packedBytes(Packing::F32x16, matrices)));
  weights.data = panels.get(), weights.packing = Packing::F32x16;  // as models have them
  auto trial = trialOf(conv, {viewOf({1, 64, 28, 28}), weights});
  if (!trial) return passOn(trial);
  const auto there = least(*trial, backend), here = least(*trial, host);
  if (!there || !here) return std::unexpected(!there ? there.error() : here.error());
  const double scale = host.cost(trial->work()) / *here;
  if (auto ok = measureSums(backend, scale, costs); !ok) return ok;
  costs.sums = sumsOf(trial->work()) / std::max(*there * scale - costs.launch, 1.0);
  const auto one = leastCrossing(backend, 16), many = leastCrossing(backend, 1 << 20);
  if (!one || !many) return std::unexpected(!one ? one.error() : many.error());
  costs.crossing = *one * scale;
  costs.crossingBytes = sizeof(float) * (1 << 20) / (std::max(*many - *one, 1.0) * scale);
  return {};
}

}  // namespace

double Costs::of(const Work& work) const {
  return launch + sumsOf(work) / sums + bytesOf(work) / bytes;
}

double Costs::ofCrossing(size_t bytesAcross) const {
  return crossing + static_cast<double>(bytesAcross) / crossingBytes;
}

Costs costsOf(const Backend& backend, Device& device, const Backend& host) {
  Costs costs;
  if (!device.cache().isUsed()) return costs;
  if (const auto kept = device.cache().find("costs"); kept && kept->size() == sizeof costs) {
    std::memcpy(&costs, kept->data(), sizeof costs);
    return costs;
  }
  if (!measureProducts(backend, host, costs)) return {};
  device.cache().keep("costs", std::as_bytes(std::span(&costs, 1)));
  return device.cache().trouble().empty() ? costs : Costs();
}

}  // namespace minnow::backend::gpu
