// IEEE 754 half precision as a storage format: 16 bits that convert from and to float.
#pragma once

#include <bit>
#include <cstdint>

namespace minnow::base {

// Every alternative is computed and one is selected, without branches: the time does not depend on
// the data.

inline constexpr float kLargestHalf = 65504;
/// What is less has fewer than 11 binary digits.
inline constexpr float kLeastNormalHalf = 0x1p-14F;

/// Exact. A NaN keeps its bits and becomes a quiet one, as instructions for this make it.
inline float floatFromHalf(uint16_t half) {
  const uint32_t sign = static_cast<uint32_t>(half & 0x8000) << 16;
  const uint32_t magnitude = half & 0x7FFF;
  const uint32_t quiet = magnitude > 0x7C00 ? 0x00400000 : 0;
  const uint32_t special = 0x7F800000 | quiet | (magnitude << 13);
  const uint32_t normal = (magnitude << 13) + 0x38000000;
  // Denormal halves are normal floats: magnitude * 2^-24.
  const float small = static_cast<float>(static_cast<int32_t>(magnitude)) * 0x1p-24f;
  uint32_t bits = magnitude >= 0x7C00 ? special : normal;
  bits = magnitude < 0x0400 ? std::bit_cast<uint32_t>(small) : bits;
  return std::bit_cast<float>(sign | bits);
}

/// Half to even; what is too large becomes infinite, a NaN stays a NaN.
inline uint16_t halfFromFloat(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7FFFFFFF;
  const uint32_t odd = (magnitude >> 13) & 1;
  const uint32_t normal = (magnitude - 0x38000000 + 0x0FFF + odd) >> 13;
  // Below 2^-14 adding 1/2 leaves the multiple of 2^-24 in the low bits, rounded by the addition.
  const float shifted = std::bit_cast<float>(magnitude) + 0.5f;
  const uint32_t denormal = std::bit_cast<uint32_t>(shifted) - 0x3F000000;
  uint32_t half = magnitude < 0x38800000 ? denormal : normal;
  half = magnitude >= 0x47800000 ? 0x7C00 : half;  // 65536 and more
  half = magnitude > 0x7F800000 ? 0x7E00 : half;
  return static_cast<uint16_t>(sign | half);
}

struct Half {
  uint16_t bits;
  Half() = default;
  explicit Half(float value) : bits(halfFromFloat(value)) {}
  explicit operator float() const { return floatFromHalf(bits); }
};

}  // namespace minnow::base
