// Planning and running strided copies. Axes that lie one inside the other on both sides become one;
// the axis densest in the target comes last, the one densest in the source before it.
#include "kernels/simd/strided_copy.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>

#include "kernels/simd/byte_rows.h"
#include "kernels/simd/transpose_tile.h"

namespace minnow::kernels::simd {
namespace {

struct Axis {
  int64_t extent = 1, from = 0, to = 0;
};

/// The last two axes are columns and rows of tiles; the others count planes.
struct CopyPlan {
  std::array<Axis, kMaxRank + 2> axes;
  int rank = 0;
  bool empty = false;

  const Axis& columns() const { return axes[rank - 1]; }
  const Axis& rows() const { return axes[rank - 2]; }
  void insert(int at, const Axis& axis) {
    std::move_backward(axes.begin() + at, axes.begin() + rank, axes.begin() + rank + 1);
    axes[at] = axis;
    ++rank;
  }
};

CopyPlan makePlan(const TensorView& from, const TensorView& to) {
  CopyPlan plan;
  for (int i = 0; i < to.shape.rank(); ++i) {
    plan.empty |= to.shape[i] == 0;
    if (to.shape[i] == 1) continue;
    const Axis axis{to.shape[i], from.strides[i], to.strides[i]};
    int at = plan.rank;
    while (at > 0 && std::abs(plan.axes[at - 1].to) < std::abs(axis.to)) --at;
    plan.insert(at, axis);
  }
  int kept = 0;
  for (int i = 0; i < plan.rank; ++i) {
    const Axis inner = plan.axes[i];
    Axis& outer = plan.axes[std::max(kept - 1, 0)];
    if (kept > 0 && outer.from == inner.from * inner.extent && outer.to == inner.to * inner.extent)
      outer = {outer.extent * inner.extent, inner.from, inner.to};
    else
      plan.axes[kept++] = inner;
  }
  plan.rank = kept;
  if (plan.rank == 0) plan.insert(0, {1, 1, 1});
  if (plan.rank == 1) plan.insert(0, {});
  // Rows: the axis along which the source is densest, so that whole cache lines of it are used.
  if (plan.columns().from != 1) {
    int densest = plan.rank - 2;
    for (int i = 0; i < plan.rank - 1; ++i)
      if (plan.axes[i].from == 1) densest = i;
    std::rotate(plan.axes.begin() + densest, plan.axes.begin() + densest + 1,
                plan.axes.begin() + plan.rank - 1);
  } else if (plan.columns().extent < 4 && plan.rows().extent >= 32) {
    std::swap(plan.axes[plan.rank - 1], plan.axes[plan.rank - 2]);  // not a call for two elements
  }
  return plan;
}

/// Unrolled: a loop of five instructions takes 1.6 times as long where it lies across two cache
/// lines of code.
template <class T>
void copyApart(const T* from, int64_t fromStep, T* to, int64_t toStep, int64_t n) {
#pragma GCC unroll 8
  for (int64_t i = 0; i < n; ++i, from += fromStep, to += toStep) *to = *from;
}

/// Rows and columns of one tile, from the plan's strides.
template <class T>
void copyTile(const CopyPlan& plan, const T* from, T* to, int64_t rows, int64_t columns) {
  const Axis &r = plan.rows(), &c = plan.columns();
  if (c.from == 1 && c.to == 1) {
    for (int64_t i = 0; i < rows; ++i)
      std::memcpy(to + i * r.to, from + i * r.from, static_cast<size_t>(columns) * sizeof(T));
    return;
  }
  if constexpr (sizeof(T) == 1)
    if (r.from == 1 && r.to == 3 && c.to == 1 && columns == 3)
      return interleaveThree({from, from + c.from, from + 2 * c.from}, to, rows);
  if constexpr (sizeof(T) == 4)
    if (c.to == 1 && r.from == 1) return transposeTile({from, c.from, to, r.to, rows, columns});
  for (int64_t i = 0; i < rows; ++i) {
    const T* source = from + i * r.from;
    T* target = to + i * r.to;
    if (c.from == 0 && c.to == 1)
      std::fill_n(target, columns, *source);
    else
      copyApart(source, c.from, target, c.to, columns);
  }
}

constexpr int64_t kTileElements = 16384;

template <class T>
void runPlan(const CopyPlan& plan, const T* from, T* to, base::Team& team) {
  const bool runs = plan.columns().from == 1 && plan.columns().to == 1;
  const int64_t rows = plan.rows().extent, columns = plan.columns().extent;
  const int64_t tileColumns = std::min<int64_t>(columns, runs ? kTileElements : 256);
  const int64_t tileRows = std::clamp<int64_t>(kTileElements / tileColumns, 1, rows);
  const int64_t down = (rows + tileRows - 1) / tileRows;
  const int64_t across = (columns + tileColumns - 1) / tileColumns;
  int64_t planes = 1;
  for (int i = 0; i < plan.rank - 2; ++i) planes *= plan.axes[i].extent;
  const int64_t grain = std::max<int64_t>(1, kTileElements / (tileRows * tileColumns));
  team.parallelFor(planes * down * across, grain, [&](int64_t begin, int64_t end) {
    for (int64_t unit = begin; unit < end; ++unit) {
      const int64_t column = unit % across * tileColumns, row = unit / across % down * tileRows;
      int64_t source = row * plan.rows().from + column * plan.columns().from;
      int64_t target = row * plan.rows().to + column * plan.columns().to;
      int64_t plane = unit / across / down;
      for (int i = plan.rank - 3; i >= 0; --i) {
        const int64_t at = plane % plan.axes[i].extent;
        plane /= plan.axes[i].extent;
        source += at * plan.axes[i].from, target += at * plan.axes[i].to;
      }
      copyTile(plan, from + source, to + target, std::min(tileRows, rows - row),
               std::min(tileColumns, columns - column));
    }
  });
}

}  // namespace

void copyStrided(const TensorView& from, const TensorView& to, base::Team& team) {
  const CopyPlan plan = makePlan(from, to);
  if (plan.empty) return;
  switch (elementSize(to.type)) {
    case 1:
      return runPlan(plan, from.as<const uint8_t>(), to.as<uint8_t>(), team);
    case 2:
      return runPlan(plan, from.as<const uint16_t>(), to.as<uint16_t>(), team);
    case 4:
      return runPlan(plan, from.as<const uint32_t>(), to.as<uint32_t>(), team);
    default:
      return runPlan(plan, from.as<const uint64_t>(), to.as<uint64_t>(), team);
  }
}

}  // namespace minnow::kernels::simd
