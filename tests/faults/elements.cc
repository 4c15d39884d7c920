// Pooling, normalisation, elementwise operators and copies that are wrong.
#include <algorithm>
#include <cmath>
#include <limits>

#include "faults/faults.h"
#include "kernels/reference/folding.h"
#include "kernels/reference/scalar_math.h"
#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/layer_normalization.h"
#include "ops/pool.h"
#include "ops/resize.h"
#include "ops/softmax.h"

namespace minnow::faults {
namespace {

using kernels::broadcastStrides;
using kernels::forEachIndex;
using kernels::KernelArgs;
using kernels::offsetOf;
using kernels::reference::apply;
using kernels::reference::Axes;
using kernels::reference::axesOf;
using kernels::reference::foldExponentials;
using kernels::reference::foldMax;
using kernels::reference::foldSum;

// Pooling -----------------------------------------------------------------------------------------

/// Calls fn(out, rows, columns) with the window of every output element.
template <class F>
Result<void> forEachWindow(const ops::Operator& op, const KernelArgs& args, F&& fn) {
  const auto& pool = static_cast<const ops::Pool&>(op);
  const Shape& x = args.inputs[0].shape;
  forEachIndex(args.outputs[0].shape, [&](const Index& out) {
    at(args.outputs[0], out) =
        fn(out, ops::poolSpan(pool, 0, x[2], out[2]), ops::poolSpan(pool, 1, x[3], out[3]));
  });
  return {};
}

/// The last window of each row misses its last column.
Result<void> maximumOfNarrowWindows(const ops::Operator& op, const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  const int64_t width = args.outputs[0].shape[3];
  return forEachWindow(op, args, [&](const Index& out, const auto& rows, const auto& columns) {
    const int64_t count = columns.count - (out[3] == width - 1 ? 1 : 0);
    float best = -std::numeric_limits<float>::infinity();
    for (int64_t row = 0; row < rows.count; ++row)
      for (int64_t column = 0; column < count; ++column)
        best = std::max(best, at(x, {out[0], out[1], rows.first + row, columns.first + column}));
    return best;
  });
}

/// Added up column by column instead of row by row.
Result<void> averageByColumns(const ops::Operator& op, const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  return forEachWindow(op, args, [&](const Index& out, const auto& rows, const auto& columns) {
    float sum = 0;
    for (int64_t column = 0; column < columns.count; ++column) {
      float along = 0;
      for (int64_t row = 0; row < rows.count; ++row)
        along += at(x, {out[0], out[1], rows.first + row, columns.first + column});
      sum += along;
    }
    return sum * (1.0f / static_cast<float>(rows.count * columns.count));
  });
}

/// Divided by the number of taps instead of multiplied by its reciprocal.
Result<void> averageByDivision(const ops::Operator& op, const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  return forEachWindow(op, args, [&](const Index& out, const auto& rows, const auto& columns) {
    float sum = 0;
    for (int64_t row = 0; row < rows.count; ++row) {
      float along = 0;
      for (int64_t column = 0; column < columns.count; ++column)
        along += at(x, {out[0], out[1], rows.first + row, columns.first + column});
      sum += along;
    }
    return sum / static_cast<float>(rows.count * columns.count);
  });
}

/// Nearest pixels, whose coordinates are rounded to the nearest integer instead of down.
Result<void> resizeRounding(const ops::Operator&, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  forEachIndex(y.shape, [&](const Index& out) {
    Index from = out;
    for (int axis = 2; axis < 4; ++axis)
      from[axis] = std::min((2 * out[axis] * x.shape[axis] + y.shape[axis]) / (2 * y.shape[axis]),
                            x.shape[axis] - 1);
    at(y, out) = at(x, from);
  });
  return {};
}

// Normalisation -----------------------------------------------------------------------------------

/// Softmax along an axis; `shifted` as it ought to be, by the maximum.
Result<void> softmaxAlong(uint32_t mask, bool shifted, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const Axes sets = axesOf(x, mask, false), outSets = axesOf(y, mask, false);
  const Axes set = axesOf(x, mask, true), outSet = axesOf(y, mask, true);
  const bool striped = kernels::reference::isStriped(mask, x.shape.rank());
  forEachIndex(sets.shape, [&](const Index& index) {
    const float* from = x.as<float>() + offsetOf(index, sets.strides, sets.shape.rank());
    float* to = y.as<float>() + offsetOf(index, outSets.strides, sets.shape.rank());
    const float max = shifted ? foldMax(set, striped, from) : 0.0f;
    const auto power = [&](float v) { return kernels::reference::exp(v - max); };
    const float inverse = 1.0f / foldExponentials(set, striped, from, max);
    forEachIndex(set.shape, [&](const Index& i) {
      const int rank = set.shape.rank();
      to[offsetOf(i, outSet.strides, rank)] = power(from[offsetOf(i, set.strides, rank)]) * inverse;
    });
  });
  return {};
}

Result<void> softmaxAlongNeighbour(const ops::Operator& op, const KernelArgs& args) {
  const int64_t axis = static_cast<const ops::Softmax&>(op).axis;
  return softmaxAlong(1u << (axis > 0 ? axis - 1 : axis + 1), /*shifted=*/true, args);
}

Result<void> softmaxUnshifted(const ops::Operator& op, const KernelArgs& args) {
  const auto& softmax = static_cast<const ops::Softmax&>(op);
  return softmaxAlong(softmax.mask(args.inputs[0].shape.rank()), /*shifted=*/false, args);
}

/// Along the last axis, the variance as the mean of squares less the square of the mean.
Result<void> normaliseByRawMoments(const ops::Operator& op, const KernelArgs& args) {
  const auto& norm = static_cast<const ops::LayerNormalization&>(op);
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const uint32_t mask = ~0u << norm.axis;
  const Axes set = axesOf(x, mask, true);
  const auto n = static_cast<float>(set.shape.elements());
  TensorView scale = args.inputs[1], bias = args.inputs[2];
  scale.strides = broadcastStrides(scale, x.shape), bias.strides = broadcastStrides(bias, x.shape);
  scale.shape = bias.shape = x.shape;
  Shape sets = x.shape, within = x.shape;
  for (int axis = 0; axis < x.shape.rank(); ++axis) (axis < norm.axis ? within : sets)[axis] = 1;
  forEachIndex(sets, [&](const Index& start) {
    const float* from = &at(x, start);
    const float mean = foldSum(set, true, from) / n;
    const float squares = foldSum(set, true, from, [](float v, float) { return v * v; }) / n;
    const float inverse = 1.0f / std::sqrt(squares - mean * mean + norm.epsilon);
    forEachIndex(within, [&](Index index) {
      for (int axis = 0; axis < x.shape.rank(); ++axis) index[axis] += start[axis];
      at(y, index) = std::fma((at(x, index) - mean) * inverse, at(scale, index), at(bias, index));
    });
  });
  return {};
}

// Elementwise -------------------------------------------------------------------------------------

/// The operands of a sum or product, broadcast.
struct Pair {
  TensorView a, b, y;
  explicit Pair(const KernelArgs& args) : a(args.inputs[0]), b(args.inputs[1]), y(args.outputs[0]) {
    a.strides = broadcastStrides(a, y.shape), b.strides = broadcastStrides(b, y.shape);
    a.shape = b.shape = y.shape;
  }
};

double combined(const ops::Binary& binary, float a, float b) {
  return binary.fn == ops::BinaryFn::Mul ? static_cast<double>(a) * b : static_cast<double>(a) + b;
}

/// Rounded towards zero instead of to the nearest.
Result<void> binaryTowardsZero(const ops::Operator& op, const KernelArgs& args) {
  const auto& binary = static_cast<const ops::Binary&>(op);
  const Pair pair(args);
  forEachIndex(pair.y.shape, [&](const Index& index) {
    const double exact = combined(binary, at(pair.a, index), at(pair.b, index));
    auto rounded = static_cast<float>(exact);
    if (std::fabs(static_cast<double>(rounded)) > std::fabs(exact))
      rounded = std::nextafter(rounded, 0.0f);
    at(pair.y, index) = apply(binary.epilogue, rounded);
  });
  return {};
}

/// The other operand's channels swapped in pairs.
Result<void> binaryOfNeighbourChannels(const ops::Operator& op, const KernelArgs& args) {
  const auto& binary = static_cast<const ops::Binary&>(op);
  const Pair pair(args);
  forEachIndex(pair.y.shape, [&](const Index& index) {
    Index other = index;
    other[1] = std::min(index[1] ^ 1, pair.y.shape[1] - 1);
    at(pair.y, index) =
        apply(binary.epilogue,
              static_cast<float>(combined(binary, at(pair.a, index), at(pair.b, other))));
  });
  return {};
}

/// The last column of the image keeps the first operand.
Result<void> binaryWithoutLastColumn(const ops::Operator& op, const KernelArgs& args) {
  const auto& binary = static_cast<const ops::Binary&>(op);
  const Pair pair(args);
  forEachIndex(pair.y.shape, [&](const Index& index) {
    const bool last = index[3] == pair.y.shape[3] - 1;
    const float a = at(pair.a, index);
    const float result = last ? a : static_cast<float>(combined(binary, a, at(pair.b, index)));
    at(pair.y, index) = apply(binary.epilogue, result);
  });
  return {};
}

/// A Relu that gives -0 for what is negative: equal in value, not in bits.
Result<void> reluOfNegativeZero(const ops::Operator& op, const KernelArgs& args) {
  const auto& binary = static_cast<const ops::Binary&>(op);
  const Pair pair(args);
  forEachIndex(pair.y.shape, [&](const Index& index) {
    const auto sum = static_cast<float>(combined(binary, at(pair.a, index), at(pair.b, index)));
    at(pair.y, index) = sum > 0 ? sum : sum * 0.0f;
  });
  return {};
}

/// One lane that nobody wrote.
Result<void> oneNan(const ops::Operator& op, const KernelArgs& args) {
  auto ran = rightKernel()(op, args);
  Index last{};
  for (int axis = 0; axis < args.outputs[0].shape.rank(); ++axis)
    last[axis] = args.outputs[0].shape[axis] - 1;
  at(args.outputs[0], last) = std::numeric_limits<float>::quiet_NaN();
  return ran;
}

// Copies ------------------------------------------------------------------------------------------

/// The channels on both sides of the seam between the first two inputs are swapped.
Result<void> swapAtSeam(const ops::Operator& op, const KernelArgs& args) {
  auto ran = rightKernel()(op, args);
  const TensorView& y = args.outputs[0];
  const int64_t seam = args.inputs[0].shape[1];
  forEachIndex({y.shape[0], 1, y.shape[2], y.shape[3]}, [&](Index index) {
    index[1] = seam;
    float& second = at(y, index);
    index[1] = seam - 1;
    std::swap(at(y, index), second);
  });
  return ran;
}

/// Reads the elements in the order they had before the transposition that came first.
Result<void> reshapeInStoredOrder(const ops::Operator&, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const Shape stored{x.shape[0], x.shape[2], x.shape[1], x.shape[3]};
  int64_t written = 0;
  forEachIndex(stored, [&](const Index& index) {
    y.as<float>()[written++] = at(x, {index[0], index[2], index[1], index[3]});
  });
  return {};
}

}  // namespace

std::span<const Fault> elementFaults() {
  static constexpr Fault kFaults[] = {
      {"narrow-window", ops::OpKind::Pool, maximumOfNarrowWindows},
      {"by-columns", ops::OpKind::Pool, averageByColumns},
      {"division", ops::OpKind::Pool, averageByDivision},
      {"rounded-coordinates", ops::OpKind::Resize, resizeRounding},
      {"wrong-axis", ops::OpKind::Softmax, softmaxAlongNeighbour},
      {"unshifted", ops::OpKind::Softmax, softmaxUnshifted},
      {"raw-moments", ops::OpKind::LayerNormalization, normaliseByRawMoments},
      {"towards-zero", ops::OpKind::Binary, binaryTowardsZero},
      {"neighbour-channel", ops::OpKind::Binary, binaryOfNeighbourChannels},
      {"last-column", ops::OpKind::Binary, binaryWithoutLastColumn},
      {"negative-zero", ops::OpKind::Binary, reluOfNegativeZero},
      {"one-nan", ops::OpKind::Binary, oneNan},
      {"swapped-channels", ops::OpKind::Concat, swapAtSeam},
      {"stored-order", ops::OpKind::Reshape, reshapeInStoredOrder},
  };
  return kFaults;
}

}  // namespace minnow::faults
