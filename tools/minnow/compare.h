// Comparing an output with what was expected of it.
#pragma once

#include <string>

#include "analysis/host_tensor.h"

namespace minnow::tool {

using analysis::HostTensor;

/// |actual - expected| <= absolute + relative * |expected|, element by element; NaN equals NaN and
/// an infinity equals itself. Types without fractions must be equal.
struct Tolerance {
  double relative = 1e-3, absolute = 1e-5;
  /// rtol 1e-3, atol 1e-5; for float16 2e-3 and 1e-3.
  static Tolerance of(DataType type);
};

struct Comparison {
  bool equal = true;
  double largestError = 0;  ///< largest |actual - expected|
  std::string problem;      ///< empty when equal
};
/// Type and shape are compared too.
Comparison compare(const HostTensor& actual, const HostTensor& expected);

}  // namespace minnow::tool
