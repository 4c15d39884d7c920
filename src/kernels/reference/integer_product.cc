// Integer products, one output element at a time. Sums are unsigned, so that they wrap around.
#include "ops/integer_product.h"

#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/matrix.h"
#include "ops/matmul.h"

namespace minnow::kernels::reference {
namespace {

using Index = std::array<int64_t, kMaxRank>;

int32_t byteAt(const TensorView& view, int64_t offset) {
  return view.type == DataType::Int8 ? int32_t{view.as<const int8_t>()[offset]}
                                     : int32_t{view.as<const uint8_t>()[offset]};
}

/// The zero point at element `i` of a list, or the only one, or none.
int32_t zeroAt(const KernelArgs& args, size_t input, int64_t i) {
  if (!args.has(input)) return 0;
  const TensorView& view = args.inputs[input];
  return byteAt(view, view.elements() > 1 ? i * view.strides[0] : 0);
}

/// Input index of a tap; false on padding.
bool tapIndex(const std::array<ops::SlidingWindow, 3>& windows, const Shape& x, const Index& out,
              const Index& tap, Index& in) {
  for (int axis = 2; axis < x.rank(); ++axis) {
    in[axis] = windows[axis - 2].tapAt(out[axis], tap[axis - 2]);
    if (in[axis] < 0 || in[axis] >= x[axis]) return false;
  }
  return true;
}

uint32_t convolved(const ops::ConvInteger& op, const KernelArgs& args, const Index& out,
                   uint32_t sum) {
  const TensorView& x = args.inputs[0];
  const TensorView& w = args.inputs[1];
  const int rank = x.shape.rank();
  const int64_t inputs = w.shape[1], group = out[1] / (w.shape[0] / op.groups);
  const int32_t xZero = zeroAt(args, 2, 0), wZero = zeroAt(args, 3, out[1]);
  const auto windows = ops::windowsOver(op, x.shape);
  forEachIndex(Shape(op.kernel), [&](const Index& tap) {
    Index in = out, weight{};
    if (!tapIndex(windows, x.shape, out, tap, in)) return;
    for (int axis = 2; axis < rank; ++axis) weight[axis] = tap[axis - 2];
    weight[0] = out[1];
    for (int64_t c = 0; c < inputs; ++c) {
      in[1] = group * inputs + c;
      weight[1] = c;
      const int32_t a = byteAt(x, offsetOf(in, x.strides, rank)) - xZero;
      const int32_t b = byteAt(w, offsetOf(weight, w.strides, rank)) - wZero;
      sum += static_cast<uint32_t>(a * b);
    }
  });
  return sum;
}

/// A factor of a matrix product less its zero points.
struct Factor {
  TensorView values, zeros;
  Matrices matrices, zeroMatrices;

  Factor(const KernelArgs& args, size_t input, bool row)
      : values(args.inputs[input]), matrices(values, false, row) {
    if (!args.has(input + 2)) return;
    zeros = args.inputs[input + 2];
    zeros.strides = broadcastStrides(zeros, values.shape);
    zeros.shape = values.shape;
    zeroMatrices = Matrices(zeros, false, row);
  }
  int32_t at(const Index& batch, int rank, int64_t row, int64_t column) const {
    const auto offset = [&](const Matrices& m) {
      return m.offset(batch, rank) + row * m.rowStride + column * m.columnStride;
    };
    return byteAt(values, offset(matrices)) - (zeros ? byteAt(zeros, offset(zeroMatrices)) : 0);
  }
};

}  // namespace

Result<void> runConvInteger(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::ConvInteger&>(op);
  const TensorView& y = args.outputs[0];
  forEachIndex(y.shape, [&](const Index& out) {
    uint32_t from = 0;
    if (args.has(4)) from = args.inputs[4].as<const uint32_t>()[out[1] * args.inputs[4].strides[0]];
    y.as<uint32_t>()[offsetOf(out, y.strides, y.shape.rank())] = convolved(conv, args, out, from);
  });
  return {};
}

Result<void> runMatMulInteger(const ops::Operator&, const KernelArgs& args) {
  const TensorView& a = args.inputs[0];
  const TensorView& b = args.inputs[1];
  const auto extents = ops::matMulExtents(a.shape, b.shape, false, false);
  if (!extents) return passOn(extents);
  const Factor left(args, 0, /*row=*/true), right(args, 1, /*row=*/false);
  const Matrices out = outputMatrices(args.outputs[0], a.shape.rank() > 1, b.shape.rank() > 1);
  const int rank = extents->batch.rank();
  forEachIndex(extents->batch, [&](const Index& batch) {
    uint32_t* y = args.outputs[0].as<uint32_t>() + out.offset(batch, rank);
    for (int64_t m = 0; m < extents->m; ++m)
      for (int64_t n = 0; n < extents->n; ++n) {
        uint32_t sum = 0;
        for (int64_t k = 0; k < extents->k; ++k)
          sum += static_cast<uint32_t>(left.at(batch, rank, m, k) * right.at(batch, rank, k, n));
        y[m * out.rowStride + n * out.columnStride] = sum;
      }
  });
  return {};
}

}  // namespace minnow::kernels::reference
