// What the integers of a graph's values stand for, as far as the graph says so. Who reads a tensor wants it; nothing
// computes by it.
#pragma once

#include "ir/graph.h"

namespace minnow::passes {

/// Before passes: by the scales and zero points of QuantizeLinear, DequantizeLinear and Requantize.
void noteQuantisation(ir::Graph& graph);
/// After them: what only moves integers leaves them what they stand for, forwards and backwards.
void spreadQuantisation(ir::Graph& graph);

}  // namespace minnow::passes
