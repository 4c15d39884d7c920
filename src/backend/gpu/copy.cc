// Elements of a tensor to another of its shape: by vectors where both lie densely along some axis.
#include <algorithm>
#include <functional>
#include <optional>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"

namespace minnow::backend::gpu {
namespace {

using CopyAxes = Axes<2>;   // y, x
constexpr int kLanes = 16;  // of kernels/copy.cl

int blocksOf(int extent, int block) { return (extent + block - 1) / block; }

/// As kernels/copy.cl has it.
struct Runs {
  int32_t items, blocks, run, rank, extent[8], x[8], y[8];
};

/// From one element of a row to the next in x, of rows that are dense in y; 0 if they are not made of vectors.
int stepOfRuns(const CopyAxes& axes) {
  const auto last = static_cast<size_t>(axes.rank) - 1;
  const int step = axes.strides[1][last];
  const bool vectors = axes.last() >= kLanes && axes.strides[0][last] == 1;
  return vectors && (step == 1 || step == 2) ? step : 0;
}

Runs runsOf(const CopyAxes& axes, int run) {
  Runs g{};
  g.run = run;
  g.blocks = blocksOf(axes.last(), run);
  g.items = axes.rows() * g.blocks;
  g.rank = axes.rank;
  fill(axes.extent, g.extent), fill(axes.strides[0], g.y), fill(axes.strides[1], g.x);
  return g;
}

/// Rows dense in y of less than a vector, of a single element in x.
bool isNarrow(const CopyAxes& axes) {
  const auto& [y, x] = axes.strides;
  const bool isOne = std::all_of(x.begin(), x.begin() + axes.rank, std::logical_not());
  return isOne && axes.rank > 1 && axes.last() < kLanes &&
         y[static_cast<size_t>(axes.rank) - 1] == 1;
}

Runs narrowOf(const CopyAxes& axes, int run) {
  Runs g = runsOf(axes, run);
  const int along = axes.extent[static_cast<size_t>(axes.rank) - 2];
  g.blocks = blocksOf(along, run);
  g.items = axes.rows() / along * g.blocks;
  return g;
}

/// As kernels/copy.cl has it: along the axis where x is dense, and that where y is.
struct Crossed {
  int32_t items, blocks[2], extent[2], xStep, yStep, rank, others[8], x[8], y[8];
};

/// Rows of a tile that is transposed; 0 if the copy is not made of such: x is dense along `axis`.
int rowsOfTile(const CopyAxes& axes, int axis) {
  const int few = axes.last();
  if (axis < 0 || axis == axes.rank - 1 || axes.extent[static_cast<size_t>(axis)] < kLanes)
    return 0;
  if (axes.strides[0][static_cast<size_t>(axes.rank) - 1] != 1) return 0;
  if (few >= kLanes) return kLanes;
  const bool isWhole = axes.strides[0][static_cast<size_t>(axis)] == few;
  return isWhole && (few == 2 || few == 4 || few == 8) ? few : 0;
}

Crossed crossedOf(const CopyAxes& axes, int along, int rows) {
  const auto a = static_cast<size_t>(along), b = static_cast<size_t>(axes.rank) - 1;
  Crossed g{};
  g.extent[0] = axes.extent[a], g.extent[1] = axes.extent[b];
  g.blocks[0] = blocksOf(g.extent[0], kLanes), g.blocks[1] = blocksOf(g.extent[1], rows);
  g.yStep = axes.strides[0][a], g.xStep = axes.strides[1][b];
  g.items = g.blocks[0] * g.blocks[1];
  for (size_t axis = 0; axis < b; ++axis) {
    if (axis == a) continue;
    g.others[g.rank] = axes.extent[axis];
    g.y[g.rank] = axes.strides[0][axis], g.x[g.rank++] = axes.strides[1][axis];
    g.items *= axes.extent[axis];
  }
  return g;
}

}  // namespace

Result<void> addCopy(Launches& launches, const Device& device, Operand from, const TensorView& x,
                     Operand to, const TensorView& y) {
  const CopyAxes axes(y.shape, {y.strides, x.strides});
  if (!isWritten({"copy", "runs", ""}, device))
    return addElementwiseCopy(launches, device, from, x, to, y);
  if (const int step = stepOfRuns(axes))
    return launches.add({"copy", "runs", text("-D STEP=", step)}, {from, to},
                        runsOf(axes, device.run()));
  if (isNarrow(axes))
    return launches.add({"copy", "narrow", "-D ONE=1"}, {from, to},
                        narrowOf(axes, 4 * device.lanes()));
  const auto end = axes.strides[1].begin() + axes.rank;
  const auto dense = std::find(axes.strides[1].begin(), end, 1);
  const int along = dense == end ? -1 : static_cast<int>(dense - axes.strides[1].begin());
  if (const int rows = rowsOfTile(axes, along))
    return launches.add({"copy", "crossed", text("-D ROWS=", rows)}, {from, to},
                        crossedOf(axes, along, rows));
  return addElementwiseCopy(launches, device, from, x, to, y);
}

}  // namespace minnow::backend::gpu
