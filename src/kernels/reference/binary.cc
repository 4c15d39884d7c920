// Elementwise functions of two tensors, one element at a time.
#include "ops/binary.h"

#include "kernels/double_math.h"
#include "kernels/element_types.h"
#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/pair_functions.h"
#include "kernels/power.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {
namespace {

template <class T>
T integerPower(T base, T exponent) {
  using U = std::make_unsigned_t<T>;
  if (exponent < T{0}) {
    if (base == T{1}) return T{1};
    const bool minusOne = static_cast<T>(base + T{1}) == T{0};
    return minusOne ? (exponent % 2 ? base : T{1}) : T{0};
  }
  uint64_t result = 1, factor = static_cast<U>(base);
  for (auto left = static_cast<U>(exponent); left; left = static_cast<U>(left >> 1)) {
    if (left & 1) result *= factor;
    factor *= factor;
  }
  return static_cast<T>(result);
}

template <class A, class B>
A raise(A a, B b) {
  if constexpr (std::is_same_v<A, Boolean> || std::is_same_v<B, Boolean>) {
    return a;
  } else if constexpr (std::is_integral_v<A> && std::is_integral_v<B>) {
    return sizeof(A) >= sizeof(B) ? integerPower(a, static_cast<A>(b))
                                  : static_cast<A>(integerPower(static_cast<B>(a), b));
  } else if constexpr (std::is_same_v<A, float> || std::is_same_v<A, Half>) {
    return convert<A>(power(convert<float>(a), convert<float>(b)));
  } else {
    return convert<A>(in_double::pow(convert<double>(a), convert<double>(b)));
  }
}

/// The fused activation, which only float32 has.
template <class T>
T finish(const ops::Binary& op, T value) {
  if constexpr (std::is_same_v<T, float>) return apply(op.epilogue, value);
  return value;
}

/// *y = op(*a, *b), of whatever types. One loop for all of them: there are too many pairs of types
/// for a loop each.
using PairFn = void (*)(const ops::Binary& op, const void* a, const void* b, void* y);

PairFn choosePower(DataType base, DataType exponent) {
  PairFn chosen = nullptr;
  visitType(base, [&](auto tagA) {
    visitType(exponent, [&](auto tagB) {
      using A = decltype(tagA)::Type;
      using B = decltype(tagB)::Type;
      chosen = [](const ops::Binary& op, const void* a, const void* b, void* y) {
        *static_cast<A*>(y) =
            finish(op, raise(*static_cast<const A*>(a), *static_cast<const B*>(b)));
      };
    });
  });
  return chosen;
}

PairFn chooseComparison(DataType type) {
  PairFn chosen = nullptr;
  visitType(type, [&](auto tag) {
    using T = decltype(tag)::Type;
    chosen = [](const ops::Binary& op, const void* a, const void* b, void* y) {
      *static_cast<Boolean*>(y) = Boolean(compare(op.fn, comparable(*static_cast<const T*>(a)),
                                                  comparable(*static_cast<const T*>(b))));
    };
  });
  return chosen;
}

PairFn chooseArithmetic(DataType type) {
  PairFn chosen = nullptr;
  visitType(type, [&](auto tag) {
    using T = decltype(tag)::Type;
    chosen = [](const ops::Binary& op, const void* a, const void* b, void* y) {
      *static_cast<T*>(y) =
          finish(op, applyTo(op.fn, *static_cast<const T*>(a), *static_cast<const T*>(b)));
    };
  });
  return chosen;
}

PairFn choosePair(BinaryFn fn, DataType a, DataType b) {
  if (fn == BinaryFn::Pow) return choosePower(a, b);
  return fn >= BinaryFn::kFirstComparison ? chooseComparison(a) : chooseArithmetic(a);
}

}  // namespace

Result<void> runBinary(const ops::Operator& op, const KernelArgs& args) {
  const auto& binary = static_cast<const ops::Binary&>(op);
  const TensorView& a = args.inputs[0];
  const TensorView& b = args.inputs[1];
  const TensorView& y = args.outputs[0];
  const PairFn compute = choosePair(binary.fn, a.type, b.type);
  const Strides aStrides = broadcastStrides(a, y.shape), bStrides = broadcastStrides(b, y.shape);
  const int rank = y.shape.rank();
  forEachIndex(y.shape, [&](const auto& at) {
    compute(binary, elementAt(a, offsetOf(at, aStrides, rank)),
            elementAt(b, offsetOf(at, bStrides, rank)),
            elementAt(y, offsetOf(at, y.strides, rank)));
  });
  return {};
}

}  // namespace minnow::kernels::reference
