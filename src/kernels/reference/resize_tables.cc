// Filling the tables of resize_tables.h.
#include "kernels/resize_tables.h"

namespace minnow::kernels {
namespace {
int64_t entries(const ops::Resize& op, const Shape& x, const Shape& y, int axis) {
  return y[axis] * op.tapsOf(axis, x[axis], y[axis]);
}
}  // namespace

size_t resizeTableBytes(const ops::Operator& op, std::span<const TensorView> inputs,
                        std::span<const TensorView> outputs, int) {
  const auto& resize = static_cast<const ops::Resize&>(op);
  size_t bytes = 0;
  for (int axis = 0; axis < outputs[0].shape.rank(); ++axis)
    bytes += static_cast<size_t>(entries(resize, inputs[0].shape, outputs[0].shape, axis)) *
             (sizeof(int64_t) + sizeof(float));
  return bytes;
}

ResizeTables makeResizeTables(const ops::Resize& op, const TensorView& x, const TensorView& y,
                              std::span<std::byte> workspace) {
  ResizeTables tables;
  tables.mayBeOutside = op.coordinates == ops::ResizeCoordinates::TfCropAndResize;
  std::byte* next = workspace.data();
  for (int axis = 0; axis < y.shape.rank(); ++axis) {
    tables.axes[axis].offsets = reinterpret_cast<int64_t*>(next);
    next += entries(op, x.shape, y.shape, axis) * static_cast<int64_t>(sizeof(int64_t));
  }
  for (int axis = 0; axis < y.shape.rank(); ++axis) {
    AxisTable& table = tables.axes[axis];
    const int64_t in = x.shape[axis], out = y.shape[axis];
    table.taps = op.tapsOf(axis, in, out);
    table.kept = op.keepsAxis(axis, in, out);
    table.interpolated = table.taps > 1;
    table.weights = reinterpret_cast<float*>(next);
    next += out * table.taps * static_cast<int64_t>(sizeof(float));
    for (int64_t o = 0; o < out; ++o) {
      const std::span offsets(table.offsets + o * table.taps, static_cast<size_t>(table.taps));
      const std::span weights(table.weights + o * table.taps, static_cast<size_t>(table.taps));
      if (op.sampleAxis(axis, in, out, o, offsets, weights))
        for (int64_t& offset : offsets) offset *= x.strides[axis];
      else
        offsets[0] = AxisTable::kOutside;
    }
  }
  return tables;
}

}  // namespace minnow::kernels
