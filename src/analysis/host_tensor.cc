// Row-major tensors and their elements as numbers.
#include "analysis/host_tensor.h"

#include <algorithm>
#include <bit>
#include <cmath>
#include <cstring>
#include <limits>

namespace minnow::analysis {
namespace {

struct Half {
  uint16_t bits;
};

/// Calls fn with a value of the C++ type of `type`; the value itself means nothing.
template <class Fn>
auto withType(DataType type, Fn fn) {
  switch (type) {
    case DataType::Float64:
      return fn(double{});
    case DataType::Float16:
      return fn(Half{});
    case DataType::Int8:
      return fn(int8_t{});
    case DataType::Int16:
      return fn(int16_t{});
    case DataType::Int32:
      return fn(int32_t{});
    case DataType::Int64:
      return fn(int64_t{});
    case DataType::Uint8:
      return fn(uint8_t{});
    case DataType::Uint16:
      return fn(uint16_t{});
    case DataType::Uint32:
      return fn(uint32_t{});
    case DataType::Uint64:
      return fn(uint64_t{});
    case DataType::Bool:
      return fn(bool{});
    default:
      return fn(float{});
  }
}

double toDouble(Half value) { return halfToFloat(value.bits); }
template <class T>
double toDouble(T value) {
  return static_cast<double>(value);
}

template <class T>
T fromDouble(double value) {
  if constexpr (std::is_same_v<T, Half>) {
    return Half{floatToHalf(static_cast<float>(value))};
  } else if constexpr (std::is_floating_point_v<T>) {
    return static_cast<T>(value);
  } else if constexpr (std::is_same_v<T, bool>) {
    return value != 0;
  } else {
    if (std::isnan(value)) return 0;
    if (value <= static_cast<double>(std::numeric_limits<T>::min()))
      return std::numeric_limits<T>::min();
    if (value >= static_cast<double>(std::numeric_limits<T>::max()))
      return std::numeric_limits<T>::max();
    return static_cast<T>(value);
  }
}

}  // namespace

HostTensor HostTensor::ofType(const TensorType& type) {
  const size_t bytes = static_cast<size_t>(type.shape.elements()) * elementSize(type.type);
  return {type, std::vector<std::byte>(bytes)};
}

HostTensor HostTensor::copyOf(const TensorView& view) {
  HostTensor tensor = ofType({view.type, view.shape});
  if (!tensor.bytes.empty()) copyTensor(view, tensor.view());
  return tensor;
}

TensorView HostTensor::view() const {
  return {.type = type.type,
          .shape = type.shape,
          .strides = plainStrides(type.shape),
          .data = const_cast<std::byte*>(bytes.data())};
}

double elementAsDouble(const HostTensor& tensor, int64_t index) {
  return withType(tensor.type.type, [&](auto value) {
    std::memcpy(&value, tensor.bytes.data() + static_cast<size_t>(index) * sizeof value,
                sizeof value);
    return toDouble(value);
  });
}

void setElement(HostTensor& tensor, int64_t index, double number) {
  withType(tensor.type.type, [&](auto value) {
    value = fromDouble<decltype(value)>(number);
    std::memcpy(tensor.bytes.data() + static_cast<size_t>(index) * sizeof value, &value,
                sizeof value);
  });
}

Summary summarise(const HostTensor& tensor) {
  Summary summary{.min = std::numeric_limits<double>::infinity(),
                  .max = -std::numeric_limits<double>::infinity()};
  const int64_t n = tensor.type.shape.elements();
  double sum = 0;
  for (int64_t i = 0; i < n; ++i) {
    const double value = elementAsDouble(tensor, i);
    if (std::isnan(value)) {
      ++summary.nans;
      continue;
    }
    summary.min = std::min(summary.min, value);
    summary.max = std::max(summary.max, value);
    sum += value;
  }
  const int64_t numbers = n - summary.nans;
  const double none = std::numeric_limits<double>::quiet_NaN();
  if (numbers == 0) return {none, none, none, summary.nans};
  summary.mean = sum / static_cast<double>(numbers);
  return summary;
}

float halfToFloat(uint16_t half) {
  const uint32_t sign = uint32_t{half & 0x8000u} << 16;
  const uint32_t exponent = (half >> 10) & 0x1f, fraction = half & 0x3ff;
  if (exponent == 0) {
    const float magnitude = std::ldexp(static_cast<float>(fraction), -24);
    return sign != 0 ? -magnitude : magnitude;
  }
  const uint32_t wide = exponent == 31 ? 255 : exponent + 112;
  return std::bit_cast<float>(sign | wide << 23 | fraction << 13);
}

uint16_t floatToHalf(float value) {
  const uint32_t bits = std::bit_cast<uint32_t>(value);
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  if (std::isnan(value)) return sign | 0x7e00;
  const float magnitude = std::fabs(value);
  if (magnitude >= 65520.0f) return sign | 0x7c00;
  if (magnitude < 0x1p-14f) {  // subnormal: a multiple of 2^-24
    return sign | static_cast<uint16_t>(std::nearbyint(std::ldexp(magnitude, 24)));
  }
  const uint32_t rounded = (bits & 0x7fffffff) + 0xfff + (bits >> 13 & 1);
  return sign | static_cast<uint16_t>((rounded >> 13) - (112u << 10));
}

}  // namespace minnow::analysis
