// Weights of a case in the packed form that the converter would give them.
#pragma once

#include <memory>
#include <optional>
#include <span>
#include <vector>

#include "minnow/tensor.h"
#include "ops/operator.h"

namespace minnow::optest {

/// Memory behind a 64-byte aligned view of packed weights.
struct PackedWeights {
  std::vector<std::byte> bytes;
  TensorView view;
};

/// The operator as the converter has it beside packed weights: told that zeros add nothing where that
/// is true of its inputs.
std::unique_ptr<ops::Operator> asConverted(const ops::Operator& op,
                                           std::span<const TensorView> inputs);

/// 3x3 weights of an operator in Winograd's tiles at the points of the tiles, plain; nothing for others.
std::optional<PackedWeights> weightsAtPoints(const ops::Operator& op, const TensorView& weights);

/// Nothing if input `index` has no packed form. `inHalves`: F16x16 in place of F32x16.
std::optional<PackedWeights> packedWeights(const ops::Operator& op, int index,
                                           const TensorView& weights, bool inHalves = false);

}  // namespace minnow::optest
