// Resize, one output element at a time.
#include "ops/resize.h"

#include <cmath>
#include <cstring>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/resize_tables.h"

namespace minnow::kernels::reference {
namespace {

using Index = std::array<int64_t, kMaxRank>;

bool isOutside(const ResizeTables& tables, const Index& index, int rank) {
  if (!tables.mayBeOutside) return false;
  for (int axis = 0; axis < rank; ++axis)
    if (tables.axes[axis].outside(index[axis])) return true;
  return false;
}

/// The weighted sum over axes `axis` … rank-1.
float interpolate(const ResizeTables& tables, const Index& index, int axis, int rank,
                  const float* x) {
  if (axis == rank) return *x;
  const AxisTable& table = tables.axes[axis];
  const int64_t* offsets = table.offsetsOf(index[axis]);
  const float* weights = table.weightsOf(index[axis]);
  float sum = interpolate(tables, index, axis + 1, rank, x + offsets[0]);
  if (table.taps == 1) return sum;
  sum *= weights[0];
  for (int64_t t = 1; t < table.taps; ++t)
    sum = std::fma(interpolate(tables, index, axis + 1, rank, x + offsets[t]), weights[t], sum);
  return sum;
}

int64_t sourceOffset(const ResizeTables& tables, const Index& index, int rank) {
  int64_t offset = 0;
  for (int axis = 0; axis < rank; ++axis) offset += *tables.axes[axis].offsetsOf(index[axis]);
  return offset;
}

template <class T>
void sampleNearest(const ResizeTables& tables, const TensorView& x, const TensorView& y,
                   const OutputRows& rows, T extrapolation) {
  const int rank = y.shape.rank();
  forEachIndexInRows(y.shape, rows, [&](const Index& index) {
    const bool outside = isOutside(tables, index, rank);
    y.as<T>()[offsetOf(index, y.strides, rank)] =
        outside ? extrapolation : x.as<const T>()[sourceOffset(tables, index, rank)];
  });
}

template <class T>
T castTo(float value) {
  if (!(value > -1e9f && value < 1e9f)) return 0;
  return static_cast<T>(static_cast<int64_t>(value));
}

void interpolateAll(const ResizeTables& tables, const TensorView& x, const TensorView& y,
                    const OutputRows& rows, float extrapolation) {
  const int rank = y.shape.rank();
  forEachIndexInRows(y.shape, rows, [&](const Index& index) {
    y.as<float>()[offsetOf(index, y.strides, rank)] =
        isOutside(tables, index, rank) ? extrapolation
                                       : interpolate(tables, index, 0, rank, x.as<const float>());
  });
}

}  // namespace

Result<void> runResize(const ops::Operator& op, const KernelArgs& args) {
  const auto& resize = static_cast<const ops::Resize&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const ResizeTables tables = makeResizeTables(resize, x, y, args.rows, args.workspace);
  if (x.type == DataType::Float32 && resize.mode != ops::ResizeMode::Nearest)
    interpolateAll(tables, x, y, args.rows, resize.extrapolation);
  else if (x.type == DataType::Float32)
    sampleNearest<float>(tables, x, y, args.rows, resize.extrapolation);
  else if (x.type == DataType::Float64)
    sampleNearest<double>(tables, x, y, args.rows, resize.extrapolation);
  else if (elementSize(x.type) == 1)
    sampleNearest<uint8_t>(tables, x, y, args.rows, castTo<uint8_t>(resize.extrapolation));
  else if (elementSize(x.type) == 2)
    sampleNearest<uint16_t>(tables, x, y, args.rows, castTo<uint16_t>(resize.extrapolation));
  else if (elementSize(x.type) == 4)
    sampleNearest<uint32_t>(tables, x, y, args.rows, castTo<uint32_t>(resize.extrapolation));
  else
    sampleNearest<uint64_t>(tables, x, y, args.rows, castTo<uint64_t>(resize.extrapolation));
  return {};
}

}  // namespace minnow::kernels::reference
