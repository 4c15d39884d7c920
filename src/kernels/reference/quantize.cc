// Quantisation, one element at a time.
#include "ops/quantize.h"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/half.h"
#include "kernels/double_math.h"
#include "kernels/dynamic_scale.h"
#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/reference/extremes.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {
namespace {

using Index = std::array<int64_t, kMaxRank>;

float realAt(const TensorView& view, int64_t offset) {
  if (view.type == DataType::Float16) return base::floatFromHalf(view.as<const uint16_t>()[offset]);
  if (view.type == DataType::Int32) return static_cast<float>(view.as<const int32_t>()[offset]);
  return view.as<const float>()[offset];
}

int64_t integerAt(const TensorView& view, int64_t offset) {
  switch (view.type) {
    case DataType::Uint8:
      return view.as<const uint8_t>()[offset];
    case DataType::Int8:
      return view.as<const int8_t>()[offset];
    case DataType::Uint16:
      return view.as<const uint16_t>()[offset];
    case DataType::Int16:
      return view.as<const int16_t>()[offset];
    default:
      return view.as<const int32_t>()[offset];
  }
}

template <class T>
void storeSaturated(const TensorView& y, int64_t offset, double value) {
  constexpr double kLow = std::numeric_limits<T>::lowest(), kHigh = std::numeric_limits<T>::max();
  // The negation lets a NaN become the least integer.
  y.as<T>()[offset] = static_cast<T>(!(value > kLow) ? kLow : std::min(value, kHigh));
}

void store(const TensorView& y, int64_t offset, double value) {
  switch (y.type) {
    case DataType::Uint8:
      return storeSaturated<uint8_t>(y, offset, value);
    case DataType::Int8:
      return storeSaturated<int8_t>(y, offset, value);
    case DataType::Uint16:
      return storeSaturated<uint16_t>(y, offset, value);
    default:
      return storeSaturated<int16_t>(y, offset, value);
  }
}

/// Element offset of the scale or zero point that belongs to an element.
int64_t spreadOffset(const ops::ScaleSpread& spread, const TensorView& scales, const Shape& x,
                     const Index& index) {
  if (scales.elements() == 1 && scales.shape.rank() <= 1) return 0;
  const auto axis = static_cast<int>(spread.axis < 0 ? spread.axis + x.rank() : spread.axis);
  if (scales.shape.rank() == 1 && scales.shape[0] == x[axis])
    return index[axis] * scales.strides[0];
  Index block = index;
  block[axis] /= spread.blockSize;
  return offsetOf(block, scales.strides, x.rank());
}

}  // namespace

Result<void> runQuantizeLinear(const ops::Operator& op, const KernelArgs& args) {
  const auto& quantize = static_cast<const ops::QuantizeLinear&>(op);
  const ops::ScaleSpread& spread = quantize.spread;
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const int rank = x.shape.rank();
  forEachIndex(x.shape, [&](const Index& at) {
    const TensorView& scales = args.inputs[1];
    const float scale = realAt(scales, spreadOffset(spread, scales, x.shape, at));
    const float steps = realAt(x, offsetOf(at, x.strides, rank)) / scale;
    double value = quantize.awayFromZero ? std::round(steps) : round(steps);
    if (args.has(2))
      value += static_cast<double>(
          integerAt(args.inputs[2], spreadOffset(spread, args.inputs[2], x.shape, at)));
    store(y, offsetOf(at, y.strides, rank), value);
  });
  return {};
}

Result<void> runDequantizeLinear(const ops::Operator& op, const KernelArgs& args) {
  const ops::ScaleSpread& spread = static_cast<const ops::DequantizeLinear&>(op).spread;
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const int rank = x.shape.rank();
  forEachIndex(x.shape, [&](const Index& at) {
    const TensorView& scales = args.inputs[1];
    const float scale = realAt(scales, spreadOffset(spread, scales, x.shape, at));
    int64_t value = integerAt(x, offsetOf(at, x.strides, rank));
    if (args.has(2))
      value -= integerAt(args.inputs[2], spreadOffset(spread, args.inputs[2], x.shape, at));
    const float real = static_cast<float>(value) * scale;
    const int64_t to = offsetOf(at, y.strides, rank);
    if (y.type == DataType::Float16)
      y.as<uint16_t>()[to] = base::halfFromFloat(real);
    else
      y.as<float>()[to] = real;
  });
  return {};
}

Result<void> runDynamicQuantizeLinear(const ops::Operator&, const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  const int rank = x.shape.rank();
  float low = 0, high = 0;
  forEachIndex(x.shape, [&](const Index& at) {
    const float value = x.as<const float>()[offsetOf(at, x.strides, rank)];
    low = smaller(low, value);
    high = greater(high, value);
  });
  const auto [scale, zero] = DynamicScale(low, high);
  if (const TensorView& y = args.outputs[0])
    forEachIndex(x.shape, [&](const Index& at) {
      const float value = x.as<const float>()[offsetOf(at, x.strides, rank)];
      storeSaturated<uint8_t>(y, offsetOf(at, y.strides, rank), round(value / scale) + zero);
    });
  if (args.outputs[1]) *args.outputs[1].as<float>() = scale;
  if (args.outputs[2]) storeSaturated<uint8_t>(args.outputs[2], 0, zero);
  return {};
}

/// As ops::QuantisationRule::OnnxRuntime has it, the product in float32 too.
Result<void> runRequantize(const ops::Operator&, const KernelArgs& args) {
  const TensorView& product = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const int rank = y.shape.rank();
  std::array<Strides, 5> strides{};
  for (size_t i = 0; i < args.inputs.size() && i < 5; ++i)
    if (args.inputs[i]) strides[i] = broadcastStrides(args.inputs[i], y.shape);
  forEachIndex(y.shape, [&](const Index& at) {
    const auto scale = [&](size_t i) {
      return realAt(args.inputs[i], offsetOf(at, strides[i], rank));
    };
    const float factor = scale(1) * scale(2) / scale(3);
    const int32_t sum = product.as<const int32_t>()[offsetOf(at, strides[0], rank)];
    double value = in_double::nearest(static_cast<double>(static_cast<float>(sum) * factor));
    if (args.has(4))
      value += static_cast<double>(integerAt(args.inputs[4], offsetOf(at, strides[4], rank)));
    store(y, offsetOf(at, y.strides, rank), value);
  });
  return {};
}

}  // namespace minnow::kernels::reference
