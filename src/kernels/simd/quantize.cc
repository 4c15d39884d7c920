// Quantisation to and from 8 bits, one source for every instruction set.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/quantize.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include <algorithm>
#include <limits>

#include "kernels/dynamic_scale.h"
#include "kernels/loop_nest.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/gather.h"
#include "kernels/simd/math-inl.h"
#include "kernels/simd/quantize.h"
#include "ops/quantize.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// Halves to even, or away from zero: what is behind the point is exact.
template <class D>
HWY_INLINE hn::Vec<D> rounded(D d, hn::Vec<D> q, bool awayFromZero) {
  if (!awayFromZero) return hn::Round(q);
  const auto whole = hn::Trunc(q);
  const auto isMore = hn::Ge(hn::Abs(hn::Sub(q, whole)), hn::Set(d, 0.5F));
  return hn::Add(whole, hn::IfThenElseZero(isMore, hn::CopySign(hn::Set(d, 1.0F), q)));
}

/// saturate(round(x / scale) + zero) as int32. The quotient is kept between what becomes the least
/// and the greatest integer, -10 and 245 with a zero point of 10 and uint8; there it is a whole
/// number, and a NaN the least.
template <class T, class D>
HWY_INLINE hn::Vec<hn::RebindToSigned<D>> quantised(D d, hn::Vec<D> x, float scale, int zero,
                                                    bool awayFromZero) {
  const auto low = hn::Set(d, static_cast<float>(hwy::LowestValue<T>() - zero));
  const auto high = hn::Set(d, static_cast<float>(hwy::HighestValue<T>() - zero));
  const auto q = rounded(d, exactDivide(d, x, hn::Set(d, scale)), awayFromZero);
  const auto inside = hn::Min(hn::Max(hn::IfThenElse(hn::Eq(q, q), q, low), low), high);
  const hn::RebindToSigned<D> di;
  return hn::Add(hn::ConvertTo(di, inside), hn::Set(di, zero));
}

template <class T>
void quantizeRow(const float* x, T* y, int64_t n, float scale, int zero, bool awayFromZero) {
  const hn::ScalableTag<float> d;
  const hn::Rebind<T, decltype(d)> d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes)
    hn::StoreU(hn::DemoteTo(d8, quantised<T>(d, hn::LoadU(d, x + i), scale, zero, awayFromZero)),
               d8, y + i);
  const hn::CappedTag<float, 1> one;
  for (; i < n; ++i)
    y[i] = static_cast<T>(
        hn::GetLane(quantised<T>(one, hn::LoadU(one, x + i), scale, zero, awayFromZero)));
}

template <class T>
void dequantizeRow(const T* x, float* y, int64_t n, float scale, int zero, bool) {
  const hn::ScalableTag<float> d;
  const hn::RebindToSigned<decltype(d)> di;
  const hn::Rebind<T, decltype(d)> d8;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto q = hn::Sub(hn::PromoteTo(di, hn::LoadU(d8, x + i)), hn::Set(di, zero));
    hn::StoreU(hn::Mul(hn::ConvertTo(d, q), hn::Set(d, scale)), d, y + i);
  }
  for (; i < n; ++i) y[i] = static_cast<float>(x[i] - zero) * scale;
}

/// Takes the numbers of a row into a range. A NaN makes both ends a NaN.
void extendRow(const float* x, int64_t n, float& low, float& high) {
  const hn::ScalableTag<float> d;
  const auto lanes = static_cast<int64_t>(hn::Lanes(d));
  auto least = hn::Set(d, low), most = hn::Set(d, high);
  auto isNumber = hn::Eq(least, least);
  int64_t i = 0;
  for (; i + lanes <= n; i += lanes) {
    const auto v = hn::LoadU(d, x + i);
    isNumber = hn::And(isNumber, hn::Eq(v, v));
    least = hn::Min(least, v), most = hn::Max(most, v);
  }
  low = hn::GetLane(hn::MinOfLanes(d, least)), high = hn::GetLane(hn::MaxOfLanes(d, most));
  bool areNumbers = hn::AllTrue(d, isNumber);
  for (; i < n; ++i) {
    areNumbers = areNumbers && x[i] == x[i];
    low = std::min(low, x[i]), high = std::max(high, x[i]);
  }
  if (!areNumbers) low = high = std::numeric_limits<float>::quiet_NaN();
}

using RowFn = void (*)(const std::byte* x, std::byte* y, int64_t n, float scale, int zero,
                       bool awayFromZero);

/// `Kernel` of a type of 8 bits, of pointers whose types are known.
#define MINNOW_BYTES_ROW(kernel, From, To)                                                     \
  [](const std::byte* x, std::byte* y, int64_t n, float scale, int zero, bool away) HWY_ATTR { \
    kernel(reinterpret_cast<const From*>(x), reinterpret_cast<To*>(y), n, scale, zero, away);  \
  }

RowFn quantizeRowTo(DataType type) {
  if (type == DataType::Uint8) return MINNOW_BYTES_ROW(quantizeRow<uint8_t>, float, uint8_t);
  return MINNOW_BYTES_ROW(quantizeRow<int8_t>, float, int8_t);
}

RowFn dequantizeRowFrom(DataType type) {
  if (type == DataType::Uint8) return MINNOW_BYTES_ROW(dequantizeRow<uint8_t>, uint8_t, float);
  return MINNOW_BYTES_ROW(dequantizeRow<int8_t>, int8_t, float);
}
#undef MINNOW_BYTES_ROW

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

using RowFn = void (*)(const std::byte* x, std::byte* y, int64_t n, float scale, int zero,
                       bool awayFromZero);

bool isByte(DataType type) { return type == DataType::Uint8 || type == DataType::Int8; }

/// Strides, over a tensor of shape `x`, of what is spread along an axis or holds for everything.
Strides spreadStrides(const ops::ScaleSpread& spread, const TensorView& view, const Shape& x) {
  Strides strides{};
  if (view && view.elements() > 1)
    strides[spread.axis < 0 ? spread.axis + x.rank() : spread.axis] = view.strides[0];
  return strides;
}

bool isOneOrAlongAxis(const TensorView& view) { return !view || view.shape.rank() <= 1; }

bool acceptsSpread(std::span<const TensorView> inputs) {
  return inputs[1].type == DataType::Float32 && isOneOrAlongAxis(inputs[1]) &&
         (inputs.size() < 3 || isOneOrAlongAxis(inputs[2]));
}

int zeroAt(const TensorView& zeros, int64_t at) {
  if (!zeros) return 0;
  return zeros.type == DataType::Uint8 ? zeros.as<const uint8_t>()[at]
                                       : zeros.as<const int8_t>()[at];
}

template <class T>
void copyRow(const std::byte* from, int64_t fromStep, std::byte* to, int64_t toStep, int64_t n) {
  for (int64_t i = 0; i < n; ++i)
    reinterpret_cast<T*>(to)[i * toStep] = reinterpret_cast<const T*>(from)[i * fromStep];
}

void copyRow(size_t size, const std::byte* from, int64_t fromStep, std::byte* to, int64_t toStep,
             int64_t n) {
  size == 1 ? copyRow<uint8_t>(from, fromStep, to, toStep, n)
            : copyRow<uint32_t>(from, fromStep, to, toStep, n);
}

/// x to y by `row`, wherever their elements lie.
class Conversion {
 public:
  Conversion(RowFn row, const KernelArgs& args, const TensorView& scales, const TensorView& zeros,
             const ops::ScaleSpread& spread = {}, bool awayFromZero = false)
      : row_(row),
        awayFromZero_(awayFromZero),
        args_(args),
        x_(args.inputs[0]),
        y_(args.outputs[0]),
        scales_(scales),
        zeros_(zeros),
        nest_(y_.shape, {y_.strides, x_.strides, spreadStrides(spread, scales_, y_.shape),
                         spreadStrides(spread, zeros_, y_.shape)}) {}

  void run() const {
    nest_.run(*args_.team, [&](const LoopTile<4>& tile) {
      LoopTile<4> row = tile;
      for (int64_t r = 0; r < tile.rows; ++r) {
        runRow(row);
        for (size_t o = 0; o < 4; ++o) row.offset[o] += tile.rowStride[o];
      }
    });
  }

 private:
  /// In stretches of one scale and zero point.
  void runRow(const LoopTile<4>& row) const {
    const bool isOne = row.step[2] == 0 && row.step[3] == 0;
    const int64_t stretch = isOne ? row.count : 1;
    LoopTile<4> part = row;
    part.count = stretch;
    for (int64_t i = 0; i < row.count; i += stretch) {
      runStretch(part);
      for (size_t o = 0; o < 4; ++o) part.offset[o] += row.step[o];
    }
  }

  void runStretch(const LoopTile<4>& part) const {
    const float scale = scales_.as<const float>()[part.offset[2]];
    const int zero = zeroAt(zeros_, part.offset[3]);
    const size_t xSize = elementSize(x_.type), ySize = elementSize(y_.type);
    const auto* x = x_.as<const std::byte>() + part.offset[1] * static_cast<int64_t>(xSize);
    auto* y = y_.as<std::byte>() + part.offset[0] * static_cast<int64_t>(ySize);
    if ((part.step[0] == 1 && part.step[1] == 1) || part.count == 1)
      return row_(x, y, part.count, scale, zero, awayFromZero_);
    inPieces(part.count, [&](int64_t i, int64_t n) {
      alignas(64) std::byte from[kPiece * sizeof(float)], to[kPiece * sizeof(float)];
      copyRow(xSize, x + i * part.step[1] * static_cast<int64_t>(xSize), part.step[1], from, 1, n);
      row_(from, to, n, scale, zero, awayFromZero_);
      copyRow(ySize, to, 1, y + i * part.step[0] * static_cast<int64_t>(ySize), part.step[0], n);
    });
  }

  RowFn row_;
  bool awayFromZero_;
  const KernelArgs& args_;
  TensorView x_, y_, scales_, zeros_;
  LoopNest<4> nest_;
};

void runSpread(RowFn row, const ops::ScaleSpread& spread, const KernelArgs& args,
               bool awayFromZero = false) {
  const TensorView zeros = args.has(2) ? args.inputs[2] : TensorView{};
  Conversion(row, args, args.inputs[1], zeros, spread, awayFromZero).run();
}

/// A tensor of one element.
template <class T>
TensorView viewOf(T& value, DataType type) {
  TensorView view;
  view.type = type, view.data = &value;
  return view;
}

DynamicScale scaleOf(const TensorView& x) {
  const auto extend = MINNOW_DISPATCH(extendRow);
  float low = 0, high = 0;
  base::Team alone;
  LoopNest<1>(x.shape, {x.strides}).run(alone, [&](const LoopTile<1>& tile) {
    for (int64_t r = 0; r < tile.rows; ++r) {
      const float* row = x.as<const float>() + tile.offset[0] + r * tile.rowStride[0];
      if (tile.step[0] == 1)
        extend(row, tile.count, low, high);
      else
        for (int64_t i = 0; i < tile.count; ++i) extend(row + i * tile.step[0], 1, low, high);
    }
  });
  return {low, high};
}

}  // namespace

bool acceptsQuantize(const ops::Operator&, std::span<const TensorView> inputs,
                     std::span<const TensorView> outputs) {
  return inputs[0].type == DataType::Float32 && isByte(outputs[0].type) && acceptsSpread(inputs);
}

Result<void> runQuantize(const ops::Operator& op, const KernelArgs& args) {
  const RowFn row = MINNOW_DISPATCH(quantizeRowTo)(args.outputs[0].type);
  const auto& quantize = static_cast<const ops::QuantizeLinear&>(op);
  runSpread(row, quantize.spread, args, quantize.awayFromZero);
  return {};
}

bool acceptsDequantize(const ops::Operator&, std::span<const TensorView> inputs,
                       std::span<const TensorView> outputs) {
  return isByte(inputs[0].type) && outputs[0].type == DataType::Float32 && acceptsSpread(inputs);
}

Result<void> runDequantize(const ops::Operator& op, const KernelArgs& args) {
  const RowFn row = MINNOW_DISPATCH(dequantizeRowFrom)(args.inputs[0].type);
  runSpread(row, static_cast<const ops::DequantizeLinear&>(op).spread, args);
  return {};
}

bool acceptsDynamicQuantize(const ops::Operator&, std::span<const TensorView>,
                            std::span<const TensorView> outputs) {
  return bool{outputs[0]};
}

Result<void> runDynamicQuantize(const ops::Operator&, const KernelArgs& args) {
  auto [scale, exactZero] = scaleOf(args.inputs[0]);
  auto zero = static_cast<uint8_t>(exactZero > 0 ? exactZero : 0);
  Conversion(MINNOW_DISPATCH(quantizeRowTo)(DataType::Uint8), args,
             viewOf(scale, DataType::Float32), viewOf(zero, DataType::Uint8))
      .run();
  if (args.outputs[1]) *args.outputs[1].as<float>() = scale;
  if (args.outputs[2]) *args.outputs[2].as<uint8_t>() = zero;
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
