// Reductions, one output element at a time.
#include "ops/reduce.h"

#include <limits>
#include <type_traits>

#include "kernels/element_types.h"
#include "kernels/kernel.h"
#include "kernels/reference/folding.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {
namespace {

using ops::ReduceFn;

template <class T>
T logSumExp(const Axes& axes, bool striped, const T* x) {
  const T max = foldMax(axes, striped, x);
  if (std::isinf(max)) return max;
  return log(foldExponentials(axes, striped, x, max)) + max;
}

template <class T>
T product(const Axes& axes, bool striped, const T* x) {
  return fold(axes, striped, x,
              {.start = 1,
               .step = [](T all, T v, T) { return all * v; },
               .combine = [](T a, T b) { return a * b; }});
}

template <class T>
T reduceReal(ReduceFn fn, const Axes& axes, bool striped, const T* x) {
  switch (fn) {
    case ReduceFn::Sum:
      return foldSum(axes, striped, x);
    case ReduceFn::Mean:
      return foldSum(axes, striped, x) / static_cast<T>(axes.shape.elements());
    case ReduceFn::Max:
      return foldMax(axes, striped, x);
    case ReduceFn::Min:
      return foldMin(axes, striped, x);
    case ReduceFn::Prod:
      return product(axes, striped, x);
    case ReduceFn::L1:
      return foldSum(axes, striped, x, [](T v, T) { return std::fabs(v); });
    case ReduceFn::L2:
      return std::sqrt(foldSquares(axes, striped, x, T{0}));
    case ReduceFn::LogSum:
      return log(foldSum(axes, striped, x));
    case ReduceFn::LogSumExp:
      return logSumExp(axes, striped, x);
    default:
      return foldSquares(axes, striped, x, T{0});
  }
}

/// Integers and truth values, of any type as 64 bits: sums and products wrap, in whatever order.
class Integers {
 public:
  Integers(ReduceFn fn, DataType type) : fn_(fn), type_(type) {
    visitInteger([&]<class T>(Tag<T>) {
      isSigned_ = std::is_signed_v<T>;
      least_ = static_cast<uint64_t>(std::numeric_limits<T>::lowest());
      most_ = static_cast<uint64_t>(std::numeric_limits<T>::max());
    });
  }

  void reduce(const Axes& axes, const std::byte* x, std::byte* y) const {
    uint64_t result = start();
    axes.forEachOffset([&](int64_t offset) { result = step(result, read(x, offset)); });
    if (fn_ == ReduceFn::Mean) result = quotient(result, axes.shape.elements());
    visitInteger([&]<class T>(Tag<T>) { *reinterpret_cast<T*>(y) = static_cast<T>(result); });
  }

 private:
  template <class F>
  void visitInteger(F&& fn) const {
    visitType(type_, [&](auto tag) {
      using T = decltype(tag)::Type;
      if constexpr (std::is_same_v<T, Boolean>) fn(Tag<bool>{});
      if constexpr (std::is_integral_v<T>) fn(tag);
    });
  }

  uint64_t read(const std::byte* x, int64_t offset) const {
    uint64_t value = 0;
    visitInteger([&]<class T>(Tag<T>) {
      using Stored = std::conditional_t<std::is_same_v<T, bool>, Boolean, T>;
      value = static_cast<uint64_t>(static_cast<T>(reinterpret_cast<const Stored*>(x)[offset]));
    });
    return value;
  }

  uint64_t start() const {
    if (fn_ == ReduceFn::Max) return least_;
    if (fn_ == ReduceFn::Min) return most_;
    return fn_ == ReduceFn::Prod ? 1 : 0;
  }
  uint64_t step(uint64_t result, uint64_t x) const {
    switch (fn_) {
      case ReduceFn::Max:
        return isLess(result, x) ? x : result;
      case ReduceFn::Min:
        return isLess(x, result) ? x : result;
      case ReduceFn::Prod:
        return result * x;
      case ReduceFn::L1:
        return isLess(x, 0) ? result - x : result + x;
      case ReduceFn::SumSquare:
        return result + x * x;
      default:
        return result + x;
    }
  }
  bool isLess(uint64_t a, uint64_t b) const {
    return isSigned_ ? static_cast<int64_t>(a) < static_cast<int64_t>(b) : a < b;
  }
  uint64_t quotient(uint64_t sum, int64_t n) const {
    if (n == 0) return 0;
    return isSigned_ ? static_cast<uint64_t>(static_cast<int64_t>(sum) / n)
                     : sum / static_cast<uint64_t>(n);
  }

  ReduceFn fn_;
  DataType type_;
  bool isSigned_ = false;
  uint64_t least_ = 0, most_ = 0;
};

/// Calls fn(first element of the input, where the result goes) for every output.
template <class F>
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
    fn(elementAt(x, offsetOf(index, kept.strides, rank)),
       elementAt(y, offsetOf(index, results.strides, rank)));
  });
}

}  // namespace

Result<void> runReduce(const ops::Operator& op, const KernelArgs& args) {
  const auto& reduce = static_cast<const ops::Reduce&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  uint32_t mask = 0;
  for (int64_t axis : reduce.axes) mask |= 1u << axis;
  const Axes reduced = axesOf(x, mask, true);
  const auto each = [&](auto&& fn) { forEachOutput(x, y, mask, reduce.keepDims, fn); };
  if (x.type == DataType::Float32 || x.type == DataType::Float64) {
    const bool striped = isStriped(mask, x.shape.rank());
    withReal(x.type, [&]<class T>(T) {
      each([&](const std::byte* in, std::byte* out) {
        *reinterpret_cast<T*>(out) =
            reduceReal(reduce.fn, reduced, striped, reinterpret_cast<const T*>(in));
      });
    });
  } else {
    const Integers integers(reduce.fn, x.type);
    each([&](const std::byte* in, std::byte* out) { integers.reduce(reduced, in, out); });
  }
  return {};
}

}  // namespace minnow::kernels::reference
