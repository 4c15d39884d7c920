// Elementwise functions of two tensors, one element at a time.
#include "ops/binary.h"

#include "kernels/double_math.h"
#include "kernels/element_types.h"
#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/power.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {
namespace {

using ops::BinaryFn;

/// The remainder with the divisor's sign from the one with the dividend's; so has a zero.
template <class T>
T floored(T remainder, T divisor) {
  if constexpr (std::is_floating_point_v<T>)
    if (remainder == 0) return std::copysign(remainder, divisor);
  return remainder != 0 && (remainder < 0) != (divisor < 0) ? static_cast<T>(remainder + divisor)
                                                            : remainder;
}

template <class T>
T applyFloat(BinaryFn fn, T a, T b) {
  switch (fn) {
    case BinaryFn::Add:
      return a + b;
    case BinaryFn::Sub:
      return a - b;
    case BinaryFn::Mul:
      return a * b;
    case BinaryFn::Div:
      return a / b;
    case BinaryFn::Min:
      return (a < b || a != a ? a : b) + T{0};
    case BinaryFn::Max:
      return (a > b || a != a ? a : b) + T{0};
    case BinaryFn::PRelu:
      return a < 0 ? a * b : a;
    case BinaryFn::Fmod:
      return in_double::fmod(a, b);
    case BinaryFn::Mod:
      return floored(in_double::fmod(a, b), b);
    default:
      return a;
  }
}

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

template <class T>
T applyBits(BinaryFn fn, T a, T b) {
  using U = std::make_unsigned_t<T>;
  const auto count = static_cast<uint64_t>(static_cast<U>(b));
  constexpr uint64_t kBits = sizeof(T) * 8;
  switch (fn) {
    case BinaryFn::BitwiseAnd:
      return static_cast<T>(a & b);
    case BinaryFn::BitwiseOr:
      return static_cast<T>(a | b);
    case BinaryFn::BitwiseXor:
      return static_cast<T>(a ^ b);
    case BinaryFn::ShiftLeft:
      return count < kBits ? static_cast<T>(static_cast<uint64_t>(static_cast<U>(a)) << count)
                           : T{0};
    case BinaryFn::ShiftRight:
      if (count < kBits) return static_cast<T>(a >> count);
      return a < T{0} ? static_cast<T>(~T{0}) : T{0};
    default:
      return a;
  }
}

template <class T>
T applyInteger(BinaryFn fn, T a, T b) {
  const auto wideA = static_cast<uint64_t>(a), wideB = static_cast<uint64_t>(b);
  // The least integer divided by -1 overflows, so divisions by -1 are negations.
  const bool minusOne = std::is_signed_v<T> && static_cast<T>(b + T{1}) == T{0};
  switch (fn) {
    case BinaryFn::Add:
      return static_cast<T>(wideA + wideB);
    case BinaryFn::Sub:
      return static_cast<T>(wideA - wideB);
    case BinaryFn::Mul:
      return static_cast<T>(wideA * wideB);
    case BinaryFn::Div:
      if (b == T{0}) return T{0};
      return minusOne ? static_cast<T>(0 - wideA) : static_cast<T>(a / b);
    case BinaryFn::Mod:
      return b == T{0} || minusOne ? T{0} : floored(static_cast<T>(a % b), b);
    case BinaryFn::Fmod:
      return b == T{0} || minusOne ? T{0} : static_cast<T>(a % b);
    case BinaryFn::Min:
      return std::min(a, b);
    case BinaryFn::Max:
      return std::max(a, b);
    case BinaryFn::PRelu:
      return a < T{0} ? static_cast<T>(wideA * wideB) : a;
    default:
      return applyBits(fn, a, b);
  }
}

bool applyBool(BinaryFn fn, bool a, bool b) {
  switch (fn) {
    case BinaryFn::And:
      return a && b;
    case BinaryFn::Or:
      return a || b;
    default:
      return a != b;
  }
}

template <class T>
T applyTo(BinaryFn fn, T a, T b) {
  if constexpr (std::is_floating_point_v<T>) {
    return applyFloat(fn, a, b);
  } else if constexpr (std::is_same_v<T, Half>) {
    return Half(applyFloat(fn, static_cast<float>(a), static_cast<float>(b)));
  } else if constexpr (std::is_same_v<T, Boolean>) {
    return Boolean(applyBool(fn, bool{a}, bool{b}));
  } else {
    return applyInteger(fn, a, b);
  }
}

template <class T>
bool compare(BinaryFn fn, T a, T b) {
  switch (fn) {
    case BinaryFn::Equal:
      return a == b;
    case BinaryFn::Less:
      return a < b;
    case BinaryFn::LessOrEqual:
      return a <= b;
    case BinaryFn::Greater:
      return a > b;
    default:
      return a >= b;
  }
}

/// Elements as values that compare: halves as floats, booleans as integers.
template <class T>
auto comparable(T value) {
  if constexpr (std::is_same_v<T, Half>)
    return static_cast<float>(value);
  else if constexpr (std::is_same_v<T, Boolean>)
    return static_cast<int>(static_cast<bool>(value));
  else
    return value;
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
