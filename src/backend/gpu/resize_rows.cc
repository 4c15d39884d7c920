// Resize.
#include <vector>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "ops/resize.h"

namespace minnow::backend::gpu {
namespace {

/// As kernels/resize.cl has it.
struct ResizeGeometry {
  int32_t items, blocks, run, lanes, xLane, yLane;
  int32_t rank, extent[8], x[8], y[8];
  int32_t out[3], taps[3], table[3], yAxis[3];
  float extrapolation;
};

constexpr int kSampled = 3;

/// Of every sampled axis, position after position.
struct Tables {
  std::vector<int32_t> offsets;
  std::vector<float> weights;
};

ops::ResizeAxis axisOf(const Work& work, int axis) {
  return {static_cast<const ops::Resize&>(work.op), axis, work.inputs[0].shape[axis],
          work.outputs[0].shape[axis]};
}

Result<void> supportsResize(const Work& work, const Device&) {
  int sampled = 0;
  for (int axis = 0; axis < work.inputs[0].shape.rank(); ++axis)
    sampled += !axisOf(work, axis).kept();
  if (sampled <= kSampled) return {};
  return fail(ErrorCode::Unsupported, "sampling along more than ", kSampled,
              " axes is not computed here");
}

void enterTable(const ops::ResizeAxis& axis, int64_t positions, int64_t stride, Tables& tables) {
  constexpr int32_t kOutside = INT32_MIN;
  const auto taps = static_cast<size_t>(axis.taps());
  std::vector<int64_t> at(taps);
  std::vector<float> by(taps);
  for (int64_t position = 0; position < positions; ++position) {
    const bool inside = axis.sample(position, at, by);
    for (const int64_t place : at)
      tables.offsets.push_back(inside ? static_cast<int32_t>(place * stride) : kOutside);
    tables.weights.insert(tables.weights.end(), by.begin(), by.end());
  }
}

/// Sampled axes that are not there come first and have one position with one tap.
ResizeGeometry geometryOf(const Work& work, int run, Tables& tables) {
  const TensorView &x = work.inputs[0], &y = work.outputs[0];
  ResizeGeometry g{};
  tables = {{0}, {1}};
  Shape copied;
  std::array<Strides, 2> strides{};
  for (int i = 0; i < kSampled; ++i) g.out[i] = g.taps[i] = 1;
  int next = kSampled;
  for (int axis = x.shape.rank() - 1; axis >= 0; --axis) {
    const ops::ResizeAxis sampled = axisOf(work, axis);
    if (sampled.kept()) {
      strides[0][copied.rank()] = y.strides[axis], strides[1][copied.rank()] = x.strides[axis];
      copied.push_back(y.shape[axis]);
      continue;
    }
    --next;
    g.out[next] = static_cast<int32_t>(y.shape[axis]);
    g.taps[next] = static_cast<int32_t>(sampled.taps());
    g.table[next] = static_cast<int32_t>(tables.offsets.size());
    g.yAxis[next] = static_cast<int32_t>(y.strides[axis]);
    enterTable(sampled, y.shape[axis], x.strides[axis], tables);
  }
  const Axes<2> axes(copied, strides);
  g.rank = axes.rank - 1;
  fill(axes.extent, g.extent), fill(axes.strides[0], g.y), fill(axes.strides[1], g.x);
  g.run = run, g.lanes = axes.last(), g.blocks = (g.lanes + run - 1) / run;
  g.yLane = g.y[g.rank], g.xLane = g.x[g.rank];
  g.items = axes.rows() * g.blocks * g.out[0] * g.out[1] * g.out[2];
  g.extrapolation = static_cast<const ops::Resize&>(work.op).extrapolation;
  return g;
}

Result<void> prepareResize(const Work& work, Device& device, Launches& launches) {
  Tables tables;
  const ResizeGeometry g = geometryOf(work, device.run(), tables);
  const auto x = launches.operand(work, 0);
  if (!x) return passOn(x);
  const auto offsets = launches.addConstant(std::as_bytes(std::span(tables.offsets)));
  if (!offsets) return passOn(offsets);
  const auto weights = launches.addConstant(std::as_bytes(std::span(tables.weights)));
  if (!weights) return passOn(weights);
  return launches.add({"resize", "resize", ""},
                      {*x,
                       {Operand::In::Constants, *offsets},
                       {Operand::In::Constants, *weights},
                       {Operand::In::Outputs}},
                      g);
}

}  // namespace

std::span<const Row> resizeRows() {
  static constexpr Row kRows[] = {
      {ops::OpKind::Resize, "resize", "resize", supportsResize, prepareResize}};
  return kRows;
}

}  // namespace minnow::backend::gpu
