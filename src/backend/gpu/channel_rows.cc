// What has parameters, or neighbours, along channels.
#include <cmath>
#include <vector>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "base/threads.h"
#include "kernels/elementwise.h"
#include "ops/batch_normalization.h"
#include "ops/lrn.h"

namespace minnow::backend::gpu {
namespace {

/// As kernels/channels.cl has it.
struct BatchGeometry {
  int32_t items, blocks, rank, extent[8], x[8], parameters[8], y[8], each;
};

Result<void> supportsBatchNormalization(const Work& work, const Device&) {
  for (const TensorView& parameter : work.inputs.subspan(1))
    if (parameter.data == nullptr)
      return fail(ErrorCode::Unsupported, "parameters that a run computes are not taken here");
  return {};
}

/// Means, factors and biases, each row-major.
std::vector<float> parametersOf(const Work& work) {
  const auto& norm = static_cast<const ops::BatchNormalization&>(work.op);
  const Shape& shape = work.inputs[1].shape;
  const auto each = static_cast<size_t>(shape.elements());
  std::vector<float> all(3 * each);
  const base::DenormalsFlushed flushed;
  size_t i = 0;
  kernels::forEachIndex(shape, [&](const auto& at) {
    const auto read = [&](size_t input) {
      const TensorView& view = work.inputs[input];
      return view.as<const float>()[kernels::offsetOf(at, view.strides, shape.rank())];
    };
    all[i] = read(3);
    all[each + i] = read(1) / std::sqrt(read(4) + norm.epsilon);
    all[2 * each + i++] = read(2);
  });
  return all;
}

/// Of parameters of [C], or of x's shape without N, row-major.
Strides parameterStrides(const Shape& shape) {
  Strides strides{};
  int64_t step = 1;
  for (int axis = shape.rank() - 1; axis >= 0; step *= shape[axis--])
    strides[static_cast<size_t>(axis) + 1] = step;
  return strides;
}

Result<void> prepareBatchNormalization(const Work& work, Device& device, Launches& launches) {
  const Axes<3> axes(work.outputs[0].shape, {work.outputs[0].strides, work.inputs[0].strides,
                                             parameterStrides(work.inputs[1].shape)});
  BatchGeometry g{};
  g.blocks = (axes.last() + device.lanes() - 1) / device.lanes();
  g.items = axes.rows() * g.blocks;
  g.rank = axes.rank;
  fill(axes.extent, g.extent), fill(axes.strides[0], g.y), fill(axes.strides[1], g.x);
  fill(axes.strides[2], g.parameters);
  g.each = static_cast<int32_t>(work.inputs[1].shape.elements());
  const auto x = launches.operand(work, 0);
  if (!x) return passOn(x);
  const std::vector<float> numbers = parametersOf(work);
  const auto parameters = launches.addConstant(std::as_bytes(std::span(numbers)));
  if (!parameters) return passOn(parameters);
  return launches.add({"channels", "batchNormalization", ""},
                      {*x, {Operand::In::Constants, *parameters}, {Operand::In::Outputs}}, g);
}

/// As kernels/channels.cl has it.
struct LrnGeometry {
  int32_t items, blocks, channels, before, after;
  int32_t rank, extent[8], x[8], y[8], xChannel, yChannel;
  float weight, beta, bias;
};

Result<void> prepareLrn(const Work& work, Device& device, Launches& launches) {
  const auto& lrn = static_cast<const ops::Lrn&>(work.op);
  const TensorView &x = work.inputs[0], &y = work.outputs[0];
  Shape others = x.shape;
  others[1] = 1;
  const Axes<2> axes(others, {y.strides, x.strides});
  LrnGeometry g{};
  g.channels = static_cast<int32_t>(x.shape[1]),
  g.blocks = (g.channels + device.lanes() - 1) / device.lanes();
  g.items = axes.rows() * axes.last() * g.blocks;
  g.before = static_cast<int32_t>((lrn.size - 1) / 2), g.after = static_cast<int32_t>(lrn.size / 2);
  g.rank = axes.rank;
  fill(axes.extent, g.extent), fill(axes.strides[0], g.y), fill(axes.strides[1], g.x);
  g.xChannel = static_cast<int32_t>(x.strides[1]), g.yChannel = static_cast<int32_t>(y.strides[1]);
  g.weight = lrn.alpha / static_cast<float>(lrn.size), g.beta = lrn.beta, g.bias = lrn.bias;
  const auto from = launches.operand(work, 0);
  if (!from) return passOn(from);
  return launches.add({"channels", "lrn", ""}, {*from, {Operand::In::Outputs}}, g);
}

}  // namespace

std::span<const Row> channelRows() {
  using ops::OpKind;
  static constexpr Row kRows[] = {
      {OpKind::BatchNormalization,
       "batch-norm",
       "channels",
       supportsBatchNormalization,
       prepareBatchNormalization,
       {},
       Constants::Kept},
      {OpKind::Lrn, "lrn", "channels", always, prepareLrn},
  };
  return kRows;
}

}  // namespace minnow::backend::gpu
