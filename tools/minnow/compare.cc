// Element-wise comparison with a tolerance.
#include "compare.h"

#include <fmt/format.h>

#include <cmath>
#include <cstring>

namespace minnow::tool {
namespace {

bool isReal(DataType type) {
  return type == DataType::Float32 || type == DataType::Float64 || type == DataType::Float16;
}

bool close(double actual, double expected, const Tolerance& tolerance) {
  if (std::isnan(expected) || std::isnan(actual)) return std::isnan(expected) == std::isnan(actual);
  if (std::isinf(expected) || std::isinf(actual)) return expected == actual;
  return std::fabs(actual - expected) <=
         tolerance.absolute + tolerance.relative * std::fabs(expected);
}

/// Integers beyond 2^53 do not survive as doubles: their bytes are compared.
bool sameBytes(const HostTensor& a, const HostTensor& b, int64_t index) {
  const size_t size = elementSize(a.type.type), at = static_cast<size_t>(index) * size;
  return std::memcmp(a.bytes.data() + at, b.bytes.data() + at, size) == 0;
}

}  // namespace

Tolerance Tolerance::of(DataType type) {
  if (type == DataType::Float16) return {2e-3, 1e-3};
  if (isReal(type)) return {};
  return {0, 0};
}

Comparison compare(const HostTensor& actual, const HostTensor& expected) {
  const auto& [type, shape] = expected.type;
  if (actual.type.type != type) {
    return {false, 0,
            fmt::format("{} instead of {}", dataTypeName(actual.type.type), dataTypeName(type))};
  }
  if (!(actual.type.shape == shape)) {
    return {false, 0,
            fmt::format("shape {} instead of {}", actual.type.shape.toString(), shape.toString())};
  }
  const Tolerance tolerance = Tolerance::of(type);
  Comparison result;
  int64_t wrong = 0, worst = -1;
  double worstError = -1;
  for (int64_t i = 0; i < shape.elements(); ++i) {
    const double a = elementAsDouble(actual, i), e = elementAsDouble(expected, i);
    const bool good = isReal(type) ? close(a, e, tolerance) : sameBytes(actual, expected, i);
    const double error = std::isfinite(a) && std::isfinite(e) ? std::fabs(a - e)
                         : good                               ? 0
                                                              : INFINITY;
    result.largestError = std::max(result.largestError, error);
    if (good) continue;
    ++wrong;
    if (error > worstError) worst = i, worstError = error;
  }
  if (wrong == 0) return result;
  result.equal = false;
  result.problem =
      fmt::format("{} of {} elements differ, largest error {:.3g} at {} ({:.8g} instead of {:.8g})",
                  wrong, shape.elements(), worstError, worst, elementAsDouble(actual, worst),
                  elementAsDouble(expected, worst));
  return result;
}

}  // namespace minnow::tool
