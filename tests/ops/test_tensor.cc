// Filling, laying out, fencing and comparing the tensors of operator cases.
#include "tests/ops/test_tensor.h"

#include <bit>
#include <cmath>
#include <cstring>
#include <functional>
#include <limits>

#include "base/aligned.h"
#include "base/fail.h"
#include "base/half.h"
#include "kernels/elementwise.h"

namespace minnow::optest {
namespace {

using kernels::forEachIndex;
using kernels::offsetOf;

constexpr size_t kMargin = 256;  // bytes of fence on each side

Strides stridesOf(const Shape& shape, Storing storing) {
  if (storing == Storing::Plain) return plainStrides(shape);
  if (storing == Storing::ChannelsLast) return channelsLastStrides(shape);
  if (shape.rank() < 2) return plainStrides(shape);
  Strides strides{};
  const int channel = shape.rank() == 2 ? 1 : shape.rank() > 2 ? 1 : 0;
  strides[channel] = 1;
  int64_t step = shape[channel] + 5;
  for (int axis = shape.rank() - 1; axis >= 0; --axis) {
    if (axis == channel) continue;
    strides[axis] = step;
    step = step * shape[axis] + 3;
  }
  return strides;
}

/// Elements from the first to one past the last.
int64_t extentOf(const Shape& shape, const Strides& strides) {
  int64_t extent = 1;
  for (int axis = 0; axis < shape.rank(); ++axis) {
    if (shape[axis] == 0) return 0;
    extent += (shape[axis] - 1) * strides[axis];
  }
  return extent;
}

/// SplitMix64 (Steele, Lea, Flood 2014): the same numbers on every machine.
class Random {
 public:
  explicit Random(uint64_t seed) : state_(seed) {}
  uint64_t next() {
    uint64_t z = state_ += 0x9E3779B97F4A7C15u;
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9u;
    z = (z ^ (z >> 27)) * 0x94D049BB133111EBu;
    return z ^ (z >> 31);
  }
  double unit() { return static_cast<double>(next() >> 11) * 0x1p-53; }

 private:
  uint64_t state_;
};

uint64_t seedOf(const std::string& name, int index) {
  uint64_t hash = 0xCBF29CE484222325u + static_cast<uint64_t>(index);  // FNV-1a
  for (char c : name) hash = (hash ^ static_cast<uint8_t>(c)) * 0x100000001B3u;
  return hash;
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kHuge = std::numeric_limits<float>::max();
constexpr float kLeast = std::numeric_limits<float>::min();

float nanOf(uint32_t signAndPayload) { return std::bit_cast<float>(0x7FC00000 | signAndPayload); }

const float kSpecial[] = {
    0.0f, -0.0f, kInfinity, -kInfinity, nanOf(0), nanOf(0x80000000), nanOf(517), nanOf(0x803FFFFF),
    // denormals, the least normal numbers, the largest
    0x1p-149f, -0x1p-149f, 1e-40f, -1e-40f, 0x1.fffffcp-127f, kLeast, -kLeast, kHuge, -kHuge, 3e38f,
    // halves, and what rounding by large numbers makes of them
    0.5f, -0.5f, 1.5f, 2.5f, -2.5f, 0.49999997f, 8388607.5f, -8388607.5f, 8388609.0f, 16777216.0f,
    // the ends of integer and half types
    127.5f, -128.5f, 255.5f, 256.0f, 65504.0f, 65520.0f, 0x1p-25f, 2147483520.0f, 2147483648.0f,
    -2147483648.0f, -2147483904.0f, 4294967296.0f, 9.2233715e18f, 9.2233720e18f, -9.2233720e18f,
    1.8446744e19f,
    // the ends of exponentials
    88.5f, -88.5f, 88.72283f, 88.72284f, -87.33654f, -87.33655f, -104.0f, 20.0f, -20.0f,
    // angles near and far
    1.57079637f, 3.14159274f, 1e5f, 1e22f,
    // and numbers as such
    1.0f, -1.0f, 2.0f, -3.0f, 1e-30f, -1e-30f, 0.93f};

const float kTiny[] = {0.0f,    -0.0f,  0x1p-149f, -0x1p-149f, 1e-40f, -1e-40f,   0x1.fffffcp-127f,
                       -3e-39f, kLeast, -kLeast,   1.5e-38f,   1e-19f, -1.1e-19f, 1e-20f};

double mixedIn(std::span<const float> values, Random& random, double ordinary) {
  const uint64_t pick = random.next() % (2 * values.size());
  return pick < values.size() ? static_cast<double>(values[pick]) : ordinary;
}

/// Round towards zero; enough to make test values.
uint16_t halfBits(double value) {
  const auto bits = std::bit_cast<uint32_t>(static_cast<float>(value));
  const auto sign = static_cast<uint16_t>(bits >> 16 & 0x8000);
  const int exponent = static_cast<int>(bits >> 23 & 0xFF) - 112;
  const uint32_t mantissa = bits >> 13 & 0x3FF;
  if (std::isnan(value)) return 0x7E00;
  if (exponent <= 0) return sign;
  if (exponent >= 31) return sign | 0x7C00;
  return static_cast<uint16_t>(sign | exponent << 10 | mantissa);
}

/// A double as an integer type: floor, and the extremes for what does not fit.
template <class T>
T toInteger(double value) {
  if (std::isnan(value)) return 0;
  value = std::floor(value);
  if (value >= 9.2e18) return std::numeric_limits<T>::max();
  if (value <= -9.2e18) return std::numeric_limits<T>::min();
  return static_cast<T>(static_cast<int64_t>(value));
}

void store(DataType type, void* data, int64_t i, double value) {
  switch (type) {
    case DataType::Float32:
      static_cast<float*>(data)[i] = static_cast<float>(value);
      return;
    case DataType::Float64:
      static_cast<double*>(data)[i] = value;
      return;
    case DataType::Float16:
      static_cast<uint16_t*>(data)[i] = halfBits(value);
      return;
    case DataType::Bool:
      static_cast<uint8_t*>(data)[i] = value > 0;
      return;
    case DataType::Uint8:
    case DataType::Int8:
      static_cast<int8_t*>(data)[i] = toInteger<int8_t>(value);
      return;
    case DataType::Uint16:
    case DataType::Int16:
      static_cast<int16_t*>(data)[i] = toInteger<int16_t>(value);
      return;
    case DataType::Uint32:
    case DataType::Int32:
      static_cast<int32_t*>(data)[i] = toInteger<int32_t>(value);
      return;
    default:
      static_cast<int64_t*>(data)[i] = toInteger<int64_t>(value);
  }
}

double valueOf(const OpInput& input, Random& random, int64_t i) {
  const double ordinary = input.low + (static_cast<double>(input.high) - input.low) * random.unit();
  switch (input.fill) {
    case Fill::Sequence:
      return static_cast<double>(i);
    case Fill::Special:
      return mixedIn(kSpecial, random, ordinary);
    case Fill::Tiny:
      return mixedIn(kTiny, random, ordinary);
    case Fill::Given:
      return input.given.at(static_cast<size_t>(i) % input.given.size());
    default:
      return ordinary;
  }
}

bool isNan(DataType type, const uint8_t* element) {
  if (type == DataType::Float32) return std::isnan(*reinterpret_cast<const float*>(element));
  if (type == DataType::Float64) return std::isnan(*reinterpret_cast<const double*>(element));
  uint16_t half = 0;
  if (type == DataType::Float16) std::memcpy(&half, element, 2);
  return (half & 0x7FFF) > 0x7C00;
}

std::string printed(DataType type, const uint8_t* element) {
  char out[64];
  if (type == DataType::Float32) {
    const float value = *reinterpret_cast<const float*>(element);
    std::snprintf(out, sizeof out, "%.9g (%08x)", value, std::bit_cast<uint32_t>(value));
  } else if (type == DataType::Float64) {
    std::snprintf(out, sizeof out, "%.17g", *reinterpret_cast<const double*>(element));
  } else {
    int64_t value = 0;
    const size_t size = elementSize(type);
    std::memcpy(&value, element, size);
    const int unused = 64 - 8 * static_cast<int>(size);
    const bool isSigned = type == DataType::Int8 || type == DataType::Int16 ||
                          type == DataType::Int32 || type == DataType::Int64;
    if (isSigned) value = static_cast<int64_t>(static_cast<uint64_t>(value) << unused) >> unused;
    std::snprintf(out, sizeof out, "%lld", static_cast<long long>(value));
  }
  return out;
}

}  // namespace

TestTensor::TestTensor(const TensorType& type, Storing storing) {
  const size_t size = elementSize(type.type);
  view_ = {{type.type, type.shape, stridesOf(type.shape, storing)}, nullptr};
  // One trailing vector may be read, as base::alignedBytes allows, so the fence is all there is.
  const auto extent = static_cast<size_t>(extentOf(type.shape, view_.strides)) * size;
  bytes_.assign(extent + 2 * kMargin + base::kAlignment, kFence);
  const size_t address = base::alignUp(reinterpret_cast<size_t>(bytes_.data()) + kMargin);
  const size_t shift = storing == Storing::Gapped ? 3 * size : 0;
  view_.data = reinterpret_cast<void*>(address + shift);
}

TestTensor::TestTensor(const TensorView& elements, Storing storing)
    : TestTensor(TensorType{elements.type, elements.shape}, storing) {
  copyTensor(elements, view_);
}

std::optional<int64_t> TestTensor::brokenFence() const {
  const size_t size = elementSize(view_.type);
  const auto* first = view_.as<const uint8_t>();
  std::vector<bool> inside(bytes_.size());
  forEachIndex(view_.shape, [&](const auto& index) {
    const int64_t at = offsetOf(index, view_.strides, view_.shape.rank());
    const auto byte = static_cast<size_t>(first - bytes_.data()) + static_cast<size_t>(at) * size;
    for (size_t i = 0; i < size; ++i) inside[byte + i] = true;
  });
  for (size_t i = 0; i < bytes_.size(); ++i)
    if (!inside[i] && bytes_[i] != kFence) return bytes_.data() + i - first;
  return std::nullopt;
}

FencedBytes::FencedBytes(size_t size) : size_(size) {
  bytes_.assign(size + 2 * kMargin + base::kAlignment, TestTensor::kFence);
  const auto start = reinterpret_cast<size_t>(bytes_.data());
  offset_ = base::alignUp(start + kMargin) - start;
}

std::span<std::byte> FencedBytes::bytes() {
  return {reinterpret_cast<std::byte*>(bytes_.data() + offset_), size_};
}

bool FencedBytes::intact() const {
  for (size_t i = 0; i < bytes_.size(); ++i)
    if ((i < offset_ || i >= offset_ + size_) && bytes_[i] != TestTensor::kFence) return false;
  return true;
}

TestTensor filled(const OpInput& input, const std::string& caseName, int index) {
  TestTensor tensor(TensorType{input.type, input.shape}, Storing::Plain);
  Random random(seedOf(caseName, index));
  for (int64_t i = 0; i < input.shape.elements(); ++i)
    store(input.type, tensor.view().data, i, valueOf(input, random, i));
  return tensor;
}

namespace {

using IsEqual = std::function<bool(const uint8_t* expected, const uint8_t* found)>;

/// What of two elements, or none of those, is not equal.
std::string firstUnequal(const TensorView& expected, const TensorView& found,
                         const IsEqual& isEqual) {
  if (expected.type != found.type || !(expected.shape == found.shape))
    return text("expected ", expected.type, " ", expected.shape, ", found ", found.type, " ",
                found.shape);
  const size_t size = elementSize(expected.type);
  std::string difference;
  int64_t differing = 0;
  forEachIndex(expected.shape, [&](const auto& index) {
    const int rank = expected.shape.rank();
    const auto* e = expected.as<const uint8_t>() +
                    offsetOf(index, expected.strides, rank) * static_cast<int64_t>(size);
    const auto* f = found.as<const uint8_t>() +
                    offsetOf(index, found.strides, rank) * static_cast<int64_t>(size);
    if (isEqual(e, f)) return;
    if (differing++ > 0) return;
    difference = "first at [";
    for (int axis = 0; axis < rank; ++axis)
      difference += (axis ? "," : "") + std::to_string(index[axis]);
    difference += "]: expected " + printed(expected.type, e) + ", found " + printed(found.type, f);
  });
  if (differing) difference += text("; ", differing, " of ", expected.elements(), " differ");
  return difference;
}

IsEqual sameBits(DataType type) {
  return [type](const uint8_t* e, const uint8_t* f) {
    return std::memcmp(e, f, elementSize(type)) == 0 || (isNan(type, e) && isNan(type, f));
  };
}

float floatAt(const uint8_t* at) {
  float value;
  std::memcpy(&value, at, sizeof value);
  return value;
}

/// The mean of finite float32 magnitudes, or 1 if that is less.
double sizeOf(const TensorView& view) {
  double sum = 0, count = 0;
  forEachIndex(view.shape, [&](const auto& index) {
    const float x = view.as<const float>()[offsetOf(index, view.strides, view.shape.rank())];
    if (std::isfinite(x)) sum += std::fabs(x), count += 1;
  });
  return count > 0 ? std::min(1.0, sum / count) : 1;
}

}  // namespace

std::string firstDifference(const TensorView& expected, const TensorView& found) {
  return firstUnequal(expected, found, sameBits(expected.type));
}

namespace {

std::string firstBeyond(double tolerance, const TensorView& expected, const TensorView& found) {
  const IsEqual same = sameBits(expected.type);
  if (expected.type != DataType::Float32) return firstUnequal(expected, found, same);
  const double least = sizeOf(expected);
  return firstUnequal(expected, found, [&](const uint8_t* e, const uint8_t* f) {
    const double x = floatAt(e), y = floatAt(f);
    return same(e, f) || std::fabs(x - y) <= tolerance * std::max(std::fabs(x), least);
  });
}

}  // namespace

std::string firstBeyondTolerance(const TensorView& expected, const TensorView& found) {
  return firstBeyond(1e-4, expected, found);
}

void roundToHalves(const TensorView& view) {
  if (view.type != DataType::Float32) return;
  forEachIndex(view.shape, [&](const auto& index) {
    float& x = view.as<float>()[offsetOf(index, view.strides, view.shape.rank())];
    x = static_cast<float>(base::Half(x));
  });
}

std::string firstBeyondHalves(const TensorView& expected, const TensorView& found, bool exact) {
  TestTensor rounded(expected, Storing::Plain);
  roundToHalves(rounded.view());
  return exact ? firstDifference(rounded.view(), found) : firstBeyond(5e-3, rounded.view(), found);
}

}  // namespace minnow::optest
