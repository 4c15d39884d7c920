// Weights that are stored as float16, in half the bytes; what is computed with them stays float32.
#pragma once

#include "ir/graph.h"
#include "minnow/status.h"

namespace minnow::passes {

/// Rounds the weights of convolutions and matrix products, which passes have packed, to the nearest
/// numbers that float16 holds, and stores them so. Left as they are: weights beyond its largest
/// number, those that all are below 2^-14 and have few digits there, and those at the points of
/// Winograd's tiles, which are sums. Says of how many.
Result<int> halveWeights(ir::Graph& graph);

}  // namespace minnow::passes
