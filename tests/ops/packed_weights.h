// Weights of a case in the packed form that the converter would give them.
#pragma once

#include <optional>
#include <vector>

#include "minnow/tensor.h"
#include "ops/operator.h"

namespace minnow::optest {

/// Memory behind a 64-byte aligned view of packed weights.
struct PackedWeights {
  std::vector<std::byte> bytes;
  TensorView view;
};

/// Nothing if input `index` has no packed form.
std::optional<PackedWeights> packedWeights(const ops::Operator& op, int index,
                                           const TensorView& weights);

}  // namespace minnow::optest
