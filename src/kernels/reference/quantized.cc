// Operators on quantised tensors, one output element at a time: the rules as they are written in
// ops/quantized.h.
#include "ops/quantized.h"

#include <algorithm>
#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/quantized.h"
#include "kernels/reference/scalar_math.h"
#include "kernels/reference/weights.h"

namespace minnow::kernels::reference {
namespace {

using Index = std::array<int64_t, kMaxRank>;

int32_t quantizedAt(const TensorView& view, int64_t offset) {
  return view.type == DataType::Int8 ? int32_t{view.as<const int8_t>()[offset]}
                                     : int32_t{view.as<const uint8_t>()[offset]};
}

/// Clamped to what becomes the range, then rounded; of a NaN the least.
int32_t roundBetween(float value, float low, float high) {
  return static_cast<int32_t>(round(value > low ? std::min(value, high) : low));
}

void storeByte(const TensorView& y, int64_t offset, int32_t value) {
  y.as<uint8_t>()[offset] = static_cast<uint8_t>(value);
}

int32_t requantised(const Requantiser& to, int32_t sum, float factor) {
  return roundBetween(static_cast<float>(sum) * factor, to.low, to.high) + to.zero;
}

/// What already contains the zero point.
int32_t saturated(const ops::QuantisedResult& y, float value) {
  return roundBetween(value, static_cast<float>(y.least), static_cast<float>(y.most));
}

/// The result of a channel's sum, of a convolution or a product.
template <class Product>
void storeSum(const Product& op, const KernelArgs& args, int64_t channel, uint32_t sum,
              int64_t offset) {
  const TensorView &y = args.outputs[0], &factors = args.inputs[3];
  const int64_t at = factors.elements() == 1 ? 0 : channel * factors.strides[0];
  if (op.y.isReal()) {
    const float scaled =
        static_cast<float>(static_cast<int32_t>(sum)) * factors.as<const float>()[at];
    y.as<float>()[offset] = apply(op.epilogue, scaled + args.bias(2, channel));
    return;
  }
  const auto whole = static_cast<int32_t>(sum + args.bias<uint32_t>(2, channel));
  const Requantiser to(op.y);
  storeByte(y, offset,
            op.y.isTflite() ? tfliteByte(to, whole, factors.as<const double>()[at])
                            : requantised(to, whole, factors.as<const float>()[at]));
}

/// Where a tap reads within a channel plane; -1 on padding.
int64_t byteTapOffset(const std::array<ops::SlidingWindow, 3>& windows, const TensorView& x,
                      const Index& out, int64_t tap) {
  int64_t offset = 0;
  for (int axis = x.shape.rank() - 1; axis >= 2; --axis) {
    const int64_t at = windows[axis - 2].tapAt(out[axis], tap % windows[axis - 2].kernel);
    tap /= windows[axis - 2].kernel;
    if (at < 0 || at >= x.shape[axis]) return -1;
    offset += at * x.strides[axis];
  }
  return offset;
}

/// Taps of a window, row-major: fn(offset in a channel plane) for those that are no padding.
template <class F>
void forEachTap(const ops::Pool& pool, const TensorView& x, const Index& out, F&& fn) {
  Shape taps;
  std::array<ops::PoolSpan, kMaxRank> spans;
  for (int axis = 2; axis < x.shape.rank(); ++axis) {
    spans[axis] = ops::poolSpan(pool, axis - 2, x.shape[axis], out[axis]);
    taps.push_back(spans[axis].count);
  }
  forEachIndex(taps, [&](const Index& tap) {
    int64_t offset = 0;
    for (int axis = 2; axis < x.shape.rank(); ++axis) {
      const int64_t step = pool.global ? 1 : pool.dilations[axis - 2];
      offset += (spans[axis].first + tap[axis - 2] * step) * x.strides[axis];
    }
    fn(offset);
  });
}

int64_t tapsThatCount(const ops::Pool& pool, const Shape& x, const Index& out) {
  int64_t taps = 1;
  for (int axis = 2; axis < x.rank(); ++axis) {
    const ops::PoolSpan span = ops::poolSpan(pool, axis - 2, x[axis], out[axis]);
    taps *= pool.countIncludePad ? span.counted : span.count;
  }
  return taps;
}

/// Of x less its zero point, or without one.
int32_t sumOfTaps(const ops::QuantizedPool& op, const TensorView& x, const Index& out,
                  int64_t zero) {
  uint32_t sum = 0;
  const int64_t first = out[0] * x.strides[0] + out[1] * x.strides[1];
  forEachTap(op.pool, x, out, [&](int64_t offset) {
    sum += static_cast<uint32_t>(quantizedAt(x, first + offset) - static_cast<int32_t>(zero));
  });
  return static_cast<int32_t>(sum);
}

int32_t globalAverage(const ops::QuantizedPool& op, const TensorView& x, const Index& out) {
  const int32_t sum = sumOfTaps(op, x, out, op.x.zero);
  const int64_t taps = tapsThatCount(op.pool, x.shape, out);
  if (op.y.rule == ops::QuantisationRule::TfliteFixed)
    return fixedToByte(Requantiser(op.y), meanFactor(op, taps).times(sum));
  return requantised(Requantiser(op.y), sum, op.x.scale / (op.yScale * static_cast<float>(taps)));
}

int32_t plainAverage(const ops::QuantizedPool& op, const TensorView& x, const Index& out) {
  const int64_t taps = tapsThatCount(op.pool, x.shape, out);
  return averageByte(op.y, sumOfTaps(op, x, out, 0), taps);
}

int32_t windowAverage(const ops::QuantizedPool& op, const TensorView& x, const Index& out) {
  float sum = 0;
  const int64_t first = out[0] * x.strides[0] + out[1] * x.strides[1];
  forEachTap(op.pool, x, out, [&](int64_t offset) {
    sum += op.x.scale *
           static_cast<float>(quantizedAt(x, first + offset) - static_cast<int32_t>(op.x.zero));
  });
  const int64_t taps = tapsThatCount(op.pool, x.shape, out);
  const float average = taps > 0 ? sum / static_cast<float>(taps) : 0.0f;
  return saturated(op.y, average / op.yScale + static_cast<float>(op.y.zero));
}

}  // namespace

Result<void> runQuantizedConv(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::QuantizedConv&>(op);
  const TensorView &x = args.inputs[0], &w = args.inputs[1], &y = args.outputs[0];
  const auto matrices = *conv.weightMatrices(1, w.shape, w.strides);
  const int64_t perGroup = matrices.outputs(), channels = w.shape[1];
  const int64_t taps = channels > 0 ? matrices.depth() / channels : 0;
  const auto windows = ops::windowsOver(conv, x.shape);
  const auto xZero = static_cast<int32_t>(zeroOfInput(args, conv.xZero)),
             wZero = static_cast<int32_t>(conv.wZero);
  forEachIndexInRows(y.shape, args.rows, [&](const Index& out) {
    const int64_t group = out[1] / perGroup;
    const BytesOfOutput weights(matrices, w, group, out[1] % perGroup);
    uint32_t sum = 0;
    for (int64_t tap = 0; tap < taps; ++tap) {
      const int64_t offset = byteTapOffset(windows, x, out, tap);
      if (offset < 0) continue;
      for (int64_t c = 0; c < channels; ++c) {
        const int64_t at = out[0] * x.strides[0] + (group * channels + c) * x.strides[1] + offset;
        const int32_t value = quantizedAt(x, at) - xZero;
        sum += static_cast<uint32_t>(value * (weights[tap * channels + c] - wZero));
      }
    }
    storeSum(conv, args, out[1], sum, offsetOf(out, y.strides, y.shape.rank()));
  });
  return {};
}

Result<void> runQuantizedMatMul(const ops::Operator& op, const KernelArgs& args) {
  const auto& product = static_cast<const ops::QuantizedMatMul&>(op);
  const TensorView &a = args.inputs[0], &b = args.inputs[1], &y = args.outputs[0];
  const int rank = y.shape.rank();
  const auto matrices = *product.weightMatrices(1, b.shape, b.strides);
  const auto xZero = static_cast<int32_t>(zeroOfInput(args, product.xZero)),
             wZero = static_cast<int32_t>(product.wZero);
  forEachIndex(y.shape, [&](const Index& out) {
    const int64_t column = out[rank - 1];
    const BytesOfOutput weights(matrices, b, 0, column);
    Index in = out;
    uint32_t sum = 0;
    for (int64_t k = 0; k < a.shape[rank - 1]; ++k) {
      in[rank - 1] = k;
      const int32_t value = quantizedAt(a, offsetOf(in, a.strides, rank)) - xZero;
      sum += static_cast<uint32_t>(value * (weights[k] - wZero));
    }
    storeSum(product, args, column, sum, offsetOf(out, y.strides, rank));
  });
  return {};
}

Result<void> runQuantizedBinary(const ops::Operator& op, const KernelArgs& args) {
  const auto& binary = static_cast<const ops::QuantizedBinary&>(op);
  const TensorView& y = args.outputs[0];
  const int rank = y.shape.rank();
  const Strides aStrides = broadcastStrides(args.inputs[0], y.shape);
  const Strides bStrides = broadcastStrides(args.inputs[1], y.shape);
  const QuantisedAdd add(binary);
  const QuantisedMul mul(binary);
  const RealPair real(binary);
  const FixedPair fixed(binary);
  const Requantiser to(binary.y);
  const bool isFixed = binary.y.isTflite(), isReal = RealPair::holds(binary);
  const auto aZero = static_cast<int32_t>(binary.a.zero),
             bZero = static_cast<int32_t>(binary.b.zero);
  forEachIndex(y.shape, [&](const Index& at) {
    const int32_t a = quantizedAt(args.inputs[0], offsetOf(at, aStrides, rank));
    const int32_t b = quantizedAt(args.inputs[1], offsetOf(at, bStrides, rank));
    const int64_t place = offsetOf(at, y.strides, rank);
    if (isFixed) return storeByte(y, place, fixedToByte(to, fixed(a - aZero, b - bZero)));
    if (isReal) {
      const float v = real(static_cast<float>(a - aZero), static_cast<float>(b - bZero));
      return storeByte(y, place, roundBetween(v, to.low, to.high) + to.zero);
    }
    const float value = binary.fn == ops::QuantizedFn::Add
                            ? std::fma(static_cast<float>(a), add.ra,
                                       std::fma(static_cast<float>(b), add.rb, add.k))
                            : static_cast<float>((a - aZero) * (b - bZero)) * mul.r +
                                  static_cast<float>(binary.y.zero);
    storeByte(y, place, saturated(binary.y, value));
  });
  return {};
}

Result<void> runQuantizedPool(const ops::Operator& op, const KernelArgs& args) {
  const auto& pool = static_cast<const ops::QuantizedPool&>(op);
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  const auto average = pool.y.rule == ops::QuantisationRule::TfliteReal ? plainAverage
                       : pool.pool.global                               ? globalAverage
                                                                        : windowAverage;
  forEachIndexInRows(y.shape, args.rows, [&](const Index& out) {
    storeByte(y, offsetOf(out, y.strides, y.shape.rank()), average(pool, x, out));
  });
  return {};
}

Result<void> runLookUp(const ops::Operator&, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &table = args.inputs[1], &y = args.outputs[0];
  const int rank = y.shape.rank();
  forEachIndex(y.shape, [&](const Index& at) {
    const uint8_t byte = x.as<const uint8_t>()[offsetOf(at, x.strides, rank)];
    const std::byte* from = elementAt(table, byte * table.strides[0]);
    std::copy_n(from, elementSize(y.type), elementAt(y, offsetOf(at, y.strides, rank)));
  });
  return {};
}

}  // namespace minnow::kernels::reference
