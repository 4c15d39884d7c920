// Filling the tables of resize_tables.h.
#include "kernels/resize_tables.h"

namespace minnow::kernels {
namespace {
/// Bytes of the table of `count` positions, a whole number of offsets.
size_t tableBytes(int64_t count, int64_t taps) {
  const auto entries = static_cast<size_t>(count * taps);
  return entries * sizeof(int64_t) + (entries + 1) / 2 * 2 * sizeof(float);
}
}  // namespace

size_t resizeTableBytes(const ops::Operator& op, std::span<const TensorView> inputs,
                        std::span<const TensorView> outputs, const CallShape& call) {
  const auto& resize = static_cast<const ops::Resize&>(op);
  const Shape &x = inputs[0].shape, &y = outputs[0].shape;
  size_t bytes = 0;
  for (int axis = 0; axis < y.rank(); ++axis)
    bytes += call.atMost
                 ? tableBytes(ops::mostTaps(resize, x[axis], y[axis]), 1)
                 : tableBytes(y[axis], ops::ResizeAxis(resize, axis, x[axis], y[axis]).taps());
  return bytes;
}

AxisTable makeAxisTable(const ops::Resize& op, int axis, const TensorView& x, const TensorView& y,
                        const OutputRows& positions, std::span<std::byte>& workspace) {
  const ops::ResizeAxis sampled(op, axis, x.shape[axis], y.shape[axis], x.type);
  const int64_t count = positions.end - positions.begin;
  AxisTable table;
  table.first = positions.begin;
  table.taps = sampled.taps();
  table.kept = sampled.kept();
  table.interpolated = table.taps > 1;
  table.offsets = reinterpret_cast<int64_t*>(workspace.data());
  table.weights = reinterpret_cast<float*>(table.offsets + count * table.taps);
  workspace = workspace.subspan(tableBytes(count, table.taps));
  for (int64_t i = 0; i < count; ++i) {
    const std::span offsets(table.offsets + i * table.taps, static_cast<size_t>(table.taps));
    const std::span weights(table.weights + i * table.taps, static_cast<size_t>(table.taps));
    if (sampled.sample(table.first + i, offsets, weights))
      for (int64_t& offset : offsets) offset *= x.strides[axis];
    else
      offsets[0] = AxisTable::kOutside;
  }
  return table;
}

ResizeTables makeResizeTables(const ops::Resize& op, const TensorView& x, const TensorView& y,
                              const OutputRows& rows, std::span<std::byte> workspace) {
  ResizeTables tables;
  tables.mayBeOutside = op.coordinates == ops::ResizeCoordinates::TfCropAndResize;
  const int rank = y.shape.rank();
  for (int axis = 0; axis < rank; ++axis) {
    const bool asked = rank == 4 && axis == 2;
    const OutputRows positions = (asked ? rows : OutputRows{}).within(y.shape[axis]);
    tables.axes[axis] = makeAxisTable(op, axis, x, y, positions, workspace);
  }
  return tables;
}

}  // namespace minnow::kernels
