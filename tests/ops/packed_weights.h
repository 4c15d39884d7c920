// Weights of a case in the packed form that the converter would give them.
#pragma once

#include <optional>
#include <vector>

#include "minnow/tensor.h"
#include "ops/operator.h"

namespace minnow::optest {

/// Zero-padded floats behind a 64-byte aligned view with `panels` set.
struct PackedWeights {
  std::vector<float> floats;
  TensorView view;
};

/// Nothing if the operator's weights have no packed form; `weights` is row-major.
std::optional<PackedWeights> packedWeights(const ops::Operator& op, const TensorView& weights);

}  // namespace minnow::optest
