// Pooling.
#include <algorithm>
#include <vector>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "kernels/pairwise.h"
#include "ops/pool.h"

namespace minnow::backend::gpu {
namespace {

/// As kernels/pool.cl has it.
struct PoolGeometry {
  int32_t items, blocks, run, channels, out[3], spans[3];
  int32_t xBatch, xChannel, x[3], step[3], yBatch, yChannel, y[3];
  int32_t countIncludePad;
};

Result<void> supportsPool(const Work& work, const Device& device) {
  const auto& pool = static_cast<const ops::Pool&>(work.op);
  if (pool.fn == ops::PoolFn::Lp) return notWritten("LpPool", device);
  if (pool.indices && work.outputs.size() > 1 && work.outputs[1])
    return fail(ErrorCode::Unsupported, "the places of maxima, int64, are not computed here");
  const Shape& x = work.inputs[0].shape;
  const auto taps = [&](int axis) {
    return pool.global ? x[axis] : pool.kernel[static_cast<size_t>(axis) - 2];
  };
  int64_t rows = 1;
  for (int axis = 2; axis + 1 < x.rank(); ++axis) rows *= taps(axis);
  if (pool.fn == ops::PoolFn::Average && std::max(rows, taps(x.rank() - 1)) > kernels::kChain)
    return fail(ErrorCode::Unsupported, "averages over rows of more than ", kernels::kChain,
                " elements, or more rows, are not computed here");
  return checkTurns(2 * rows * taps(x.rank() - 1), device);
}

/// Axes that are not there come first and have one position with one tap.
PoolGeometry geometryOf(const ops::Pool& pool, const TensorView& x, const TensorView& y, int run,
                        std::vector<int32_t>& spans) {
  PoolGeometry g{};
  g.channels = static_cast<int32_t>(x.shape[1]);
  g.run = run;
  g.blocks = (g.channels + run - 1) / run;
  g.items = g.blocks * static_cast<int32_t>(y.shape[0]);
  g.xBatch = static_cast<int32_t>(x.strides[0]), g.xChannel = static_cast<int32_t>(x.strides[1]);
  g.yBatch = static_cast<int32_t>(y.strides[0]), g.yChannel = static_cast<int32_t>(y.strides[1]);
  const int absent = 5 - x.shape.rank();
  for (int i = 0; i < 3; ++i) {
    const int axis = i - absent + 2;
    g.spans[i] = static_cast<int32_t>(spans.size());
    g.out[i] = i < absent ? 1 : static_cast<int32_t>(y.shape[axis]);
    g.items *= g.out[i];
    if (i < absent) {
      spans.insert(spans.end(), {0, 1, 1});
      continue;
    }
    const auto dilation = pool.global ? 1 : pool.dilations[static_cast<size_t>(axis) - 2];
    g.x[i] = static_cast<int32_t>(x.strides[axis]);
    g.step[i] = static_cast<int32_t>(x.strides[axis] * dilation);
    g.y[i] = static_cast<int32_t>(y.strides[axis]);
    for (int64_t at = 0; at < y.shape[axis]; ++at) {
      const ops::PoolSpan span = ops::poolSpan(pool, axis - 2, x.shape[axis], at);
      for (const int64_t number : {span.first, span.count, span.counted})
        spans.push_back(static_cast<int32_t>(number));
    }
  }
  g.countIncludePad = pool.countIncludePad;
  return g;
}

Result<void> preparePool(const Work& work, Device& device, Launches& launches) {
  const auto& pool = static_cast<const ops::Pool&>(work.op);
  std::vector<int32_t> spans;
  const int run = std::min(device.run(), 4 * device.lanes());  // each has a window to walk through
  const PoolGeometry g = geometryOf(pool, work.inputs[0], work.outputs[0], run, spans);
  const auto x = launches.operand(work, 0);
  if (!x) return passOn(x);
  const auto table = launches.addConstant(std::as_bytes(std::span(spans)));
  if (!table) return passOn(table);
  const bool average = pool.fn == ops::PoolFn::Average;
  return launches.add({"pool", "pool", average ? "-D AVERAGE=1" : "-D AVERAGE=0"},
                      {*x, {Operand::In::Constants, *table}, {Operand::In::Outputs}}, g);
}

}  // namespace

std::span<const Row> poolRows() {
  static constexpr Row kRows[] = {{ops::OpKind::Pool, "pool", "pool", supportsPool, preparePool}};
  return kRows;
}

}  // namespace minnow::backend::gpu
