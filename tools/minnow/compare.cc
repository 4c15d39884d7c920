// Element-wise comparison with a tolerance.
#include "compare.h"

#include <fmt/format.h>

#include <cmath>

#include "analysis/figures.h"

namespace minnow::tool {
namespace {

analysis::Tolerance toleranceOf(DataType type) {
  if (type == DataType::Float16) return {.absolute = 1e-3, .relative = 2e-3};
  if (type == DataType::Float32 || type == DataType::Float64)
    return {.absolute = 1e-5, .relative = 1e-3};
  return {};
}

}  // namespace

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
  const auto figures = figuresOf(actual, expected, toleranceOf(type));
  const double largest = figures.specialInOne > 0 ? INFINITY : figures.maxAbsolute;
  if (figures.within()) return {true, largest, ""};
  const double a = elementAsDouble(actual, figures.worst),
               e = elementAsDouble(expected, figures.worst);
  return {
      false, largest,
      fmt::format("{} of {} elements differ, largest error {:.3g} at {} ({:.8g} instead of {:.8g})",
                  figures.beyond, figures.elements, largest, figures.worst, a, e)};
}

}  // namespace minnow::tool
