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

/// Elements of any type, and the number beyond the image in that type.
void sampleNearest(const ResizeTables& tables, const TensorView& x, const TensorView& y,
                   const OutputRows& rows, const std::byte* extrapolation) {
  const int rank = y.shape.rank();
  forEachIndexInRows(y.shape, rows, [&](const Index& index) {
    const std::byte* from = isOutside(tables, index, rank)
                                ? extrapolation
                                : elementAt(x, sourceOffset(tables, index, rank));
    std::copy_n(from, elementSize(x.type), elementAt(y, offsetOf(index, y.strides, rank)));
  });
}

/// As an element of a type; of integers 0 where it is none.
std::array<std::byte, 8> castTo(DataType type, float value) {
  std::array<std::byte, 8> bytes;
  const double wide = value;
  const int64_t whole = value > -1e9f && value < 1e9f ? static_cast<int64_t>(value) : 0;
  const void* from = &whole;
  if (type == DataType::Float32) from = &value;
  if (type == DataType::Float64) from = &wide;
  std::memcpy(bytes.data(), from, elementSize(type));
  return bytes;
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

/// Of an image of 8 bits, as TensorFlow Lite's reference does: int8 in whole numbers.
void mixBytes(const ResizeTables& tables, const TensorView& x, const TensorView& y,
              const OutputRows& rows) {
  forEachIndexInRows(y.shape, rows, [&](const Index& index) {
    const TwoTaps down(tables.axes[2], index[2]), across(tables.axes[3], index[3]);
    const int64_t image = index[0] * x.strides[0] + index[1] * x.strides[1];
    float real = 0;
    int32_t whole = 0;
    for (int i = 0; i < 4; ++i) {
      const int64_t at = image + down.offsets[i % 2] + across.offsets[i / 2];
      const float ofRow = down.weights[i % 2], ofColumn = across.weights[i / 2];
      real += static_cast<float>(x.as<const uint8_t>()[at]) * ofRow * ofColumn;
      whole +=
          x.as<const int8_t>()[at] * static_cast<int32_t>(ofRow) * static_cast<int32_t>(ofColumn);
    }
    y.as<uint8_t>()[offsetOf(index, y.strides, 4)] = static_cast<uint8_t>(
        x.type == DataType::Int8 ? (whole + (1 << 19) + (whole >> 31)) >> 20
                                 : static_cast<int32_t>(std::clamp(real + 0.5f, 0.0f, 255.0f)));
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
  else if (resize.mode == ops::ResizeMode::Linear)
    mixBytes(tables, x, y, args.rows);
  else
    sampleNearest(tables, x, y, args.rows, castTo(x.type, resize.extrapolation).data());
  return {};
}

}  // namespace minnow::kernels::reference
