// Weights as int8: a scale for each output channel, 0 in the middle.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <vector>

#include "ir/graph.h"
#include "ops/operator.h"
#include "quantise/statistics.h"

namespace minnow::quantise {

/// As an index.
inline size_t at(ir::ValueId id) { return static_cast<size_t>(id); }

struct QuantisedWeights {
  std::vector<int8_t> integers;
  std::vector<float> scales;  ///< one a channel
  int64_t axis = 0;           ///< of the channels
  std::vector<float> bias;    ///< corrected; empty where there is none
};

/// Axes of an operator that is linear in constant float32 weights; nullopt for any other.
std::optional<ops::LinearAxes> constantLinear(const ir::Graph& graph, const ir::Node& node);

/// Of a linear node whose input has the scale `xScale`. With the input's statistics the bias takes
/// what rounding the weights moves results by on average: the rounding errors times the channels'
/// means.
QuantisedWeights quantisedWeights(ir::Graph& graph, int node, float xScale,
                                  const Statistics* input);

}  // namespace minnow::quantise
