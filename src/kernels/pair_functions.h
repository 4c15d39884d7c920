// Functions of two elements of any type: what every kernel computes, so that the bits agree.
// Inlined wherever the function is known, so that a loop of one compiles to vectors.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <type_traits>

#include "kernels/double_math.h"
#include "kernels/element_types.h"
#include "ops/binary.h"

#define MINNOW_PAIR [[gnu::always_inline]] inline

namespace minnow::kernels {

using ops::BinaryFn;

/// The remainder with the divisor's sign from the one with the dividend's; so has a zero.
template <class T>
MINNOW_PAIR T floored(T remainder, T divisor) {
  if constexpr (std::is_floating_point_v<T>)
    if (remainder == 0) return std::copysign(remainder, divisor);
  return remainder != 0 && (remainder < 0) != (divisor < 0) ? static_cast<T>(remainder + divisor)
                                                            : remainder;
}

template <class T>
MINNOW_PAIR T applyFloat(BinaryFn fn, T a, T b) {
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
MINNOW_PAIR T applyBits(BinaryFn fn, T a, T b) {
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
MINNOW_PAIR T applyInteger(BinaryFn fn, T a, T b) {
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

MINNOW_PAIR bool applyBool(BinaryFn fn, bool a, bool b) {
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
MINNOW_PAIR T applyTo(BinaryFn fn, T a, T b) {
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
MINNOW_PAIR bool compare(BinaryFn fn, T a, T b) {
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
MINNOW_PAIR auto comparable(T value) {
  if constexpr (std::is_same_v<T, Half>)
    return static_cast<float>(value);
  else if constexpr (std::is_same_v<T, Boolean>)
    return static_cast<int>(static_cast<bool>(value));
  else
    return value;
}

}  // namespace minnow::kernels

#undef MINNOW_PAIR
