// Reductions, one output element at a time.
#include "ops/reduce.h"

#include <concepts>
#include <type_traits>

#include "kernels/kernel.h"
#include "kernels/reference/folding.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {
namespace {

using ops::ReduceFn;

/// Integers are added and multiplied modulo 2^64, so that overflow wraps.
template <class T>
using Accumulator = std::conditional_t<std::floating_point<T>, T, uint64_t>;

template <class T>
T meanOf(Accumulator<T> sum, int64_t n) {
  if constexpr (std::floating_point<T>)
    return sum / static_cast<T>(n);
  else if (n == 0)
    return 0;
  else if constexpr (std::is_signed_v<T>)
    return static_cast<T>(static_cast<int64_t>(sum) / n);
  else
    return static_cast<T>(sum / static_cast<uint64_t>(n));
}

template <class T>
T absolute(T x) {
  if constexpr (std::floating_point<T>)
    return std::fabs(x);
  else
    return x < 0 ? static_cast<T>(Accumulator<T>{0} - static_cast<Accumulator<T>>(x)) : x;
}

template <class T>
T logSumExp(const Axes& axes, bool striped, const T* x) {
  const T max = foldMax(axes, striped, x);
  if (std::isinf(max)) return max;
  return log(foldSum<T>(axes, striped, x, [&](T v) { return exp(v - max); })) + max;
}

template <class T>
Accumulator<T> sumOfSquares(const Axes& axes, bool striped, const T* x) {
  using Acc = Accumulator<T>;
  const auto step = [](Acc sum, T v) {
    if constexpr (std::floating_point<T>)
      return std::fma(v, v, sum);
    else
      return sum + static_cast<Acc>(v) * static_cast<Acc>(v);
  };
  return fold<Acc>(axes, striped, x, Acc{0}, step, [](Acc a, Acc b) { return a + b; });
}

template <class T>
T product(const Axes& axes, bool striped, const T* x) {
  using Acc = Accumulator<T>;
  return static_cast<T>(fold<Acc>(
      axes, striped, x, Acc{1}, [](Acc p, T v) { return p * static_cast<Acc>(v); },
      [](Acc a, Acc b) { return a * b; }));
}

/// Functions that only make sense of real numbers.
template <class T>
T reduceReal(ReduceFn fn, const Axes& axes, bool striped, const T* x) {
  if constexpr (std::floating_point<T>) {
    if (fn == ReduceFn::L2) return std::sqrt(sumOfSquares(axes, striped, x));
    if (fn == ReduceFn::LogSumExp) return logSumExp(axes, striped, x);
    if (fn == ReduceFn::LogSum) return log(foldSum<T>(axes, striped, x, [](T v) { return v; }));
  }
  return T{};
}

template <class T>
T reduceOne(ReduceFn fn, const Axes& axes, bool striped, const T* x) {
  using Acc = Accumulator<T>;
  const auto itself = [](T v) { return static_cast<Acc>(v); };
  switch (fn) {
    case ReduceFn::Sum:
      return static_cast<T>(foldSum<Acc>(axes, striped, x, itself));
    case ReduceFn::Mean:
      return meanOf<T>(foldSum<Acc>(axes, striped, x, itself), axes.shape.elements());
    case ReduceFn::Max:
      return foldMax(axes, striped, x);
    case ReduceFn::Min:
      return foldMin(axes, striped, x);
    case ReduceFn::Prod:
      return product(axes, striped, x);
    case ReduceFn::L1:
      return static_cast<T>(
          foldSum<Acc>(axes, striped, x, [](T v) { return static_cast<Acc>(absolute(v)); }));
    case ReduceFn::SumSquare:
      return static_cast<T>(sumOfSquares(axes, striped, x));
    default:
      return reduceReal(fn, axes, striped, x);
  }
}

/// One byte a truth value: the maximum is "any", the minimum "all".
uint8_t reduceBool(ReduceFn fn, const Axes& axes, const uint8_t* x) {
  bool any = false, all = true;
  axes.forEachOffset([&](int64_t offset) {
    any |= x[offset] != 0;
    all &= x[offset] != 0;
  });
  return fn == ReduceFn::Max ? any : all;
}

/// Calls fn(first element of the input, where the result goes) for every output.
template <class T, class F>
void forEachOutput(const TensorView& x, const TensorView& y, uint32_t mask, bool keepDims, F&& fn) {
  const Axes kept = axesOf(x, mask, false);
  Axes results;
  for (int axis = 0, out = 0; axis < x.shape.rank(); ++axis) {
    const bool reduced = mask >> axis & 1;
    if (!reduced) results.add(y.shape[out], y.strides[out]);
    if (!reduced || keepDims) ++out;
  }
  forEachIndex(kept.shape, [&](const auto& index) {
    const int rank = kept.shape.rank();
    fn(x.as<const T>() + offsetOf(index, kept.strides, rank),
       y.as<T>() + offsetOf(index, results.strides, rank));
  });
}

template <class T>
void reduceAll(const ops::Reduce& reduce, const TensorView& x, const TensorView& y, uint32_t mask) {
  const Axes reduced = axesOf(x, mask, true);
  const bool striped = isStriped(mask, x.shape.rank());
  forEachOutput<T>(x, y, mask, reduce.keepDims,
                   [&](const T* in, T* out) { *out = reduceOne(reduce.fn, reduced, striped, in); });
}

}  // namespace

Result<void> runReduce(const ops::Operator& op, const KernelArgs& args) {
  const auto& reduce = static_cast<const ops::Reduce&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  uint32_t mask = 0;
  for (int64_t axis : reduce.axes) mask |= 1u << axis;
  switch (x.type) {
    case DataType::Float32:
      return reduceAll<float>(reduce, x, y, mask), Result<void>{};
    case DataType::Float64:
      return reduceAll<double>(reduce, x, y, mask), Result<void>{};
    case DataType::Int32:
      return reduceAll<int32_t>(reduce, x, y, mask), Result<void>{};
    case DataType::Int64:
      return reduceAll<int64_t>(reduce, x, y, mask), Result<void>{};
    case DataType::Uint32:
      return reduceAll<uint32_t>(reduce, x, y, mask), Result<void>{};
    case DataType::Uint64:
      return reduceAll<uint64_t>(reduce, x, y, mask), Result<void>{};
    case DataType::Uint8:
      return reduceAll<uint8_t>(reduce, x, y, mask), Result<void>{};
    case DataType::Int8:
      return reduceAll<int8_t>(reduce, x, y, mask), Result<void>{};
    default:
      break;
  }
  const Axes reduced = axesOf(x, mask, true);
  forEachOutput<uint8_t>(x, y, mask, reduce.keepDims, [&](const uint8_t* in, uint8_t* out) {
    *out = reduceBool(reduce.fn, reduced, in);
  });
  return {};
}

}  // namespace minnow::kernels::reference
