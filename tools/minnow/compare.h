// Comparing an output with what was expected of it.
#pragma once

#include <string>

#include "analysis/host_tensor.h"

namespace minnow::tool {

using analysis::HostTensor;

struct Comparison {
  bool equal = true;
  double largestError = 0;  ///< largest |actual - expected|
  std::string problem;      ///< empty when equal
};
/// Type and shape are compared too, and every element within a relative 1e-3 and an absolute 1e-5
/// (analysis/figures.h); float16 within 2e-3 and 1e-3. Types without fractions must be equal.
Comparison compare(const HostTensor& actual, const HostTensor& expected);

}  // namespace minnow::tool
