// Channels of equal size: a number that divides a channel in one layer multiplies it in the next,
// and the network stays the same. One scale then suits all channels of the tensor between them.
#pragma once

#include "quantise/plan.h"

namespace minnow::quantise {

/// Changes weights of neighbouring convolutions of which one alone reads the other, directly or by
/// Relu; by Clip for channels that stay within its bounds. `seen` is of the graph as it was, and old
/// where something was changed. How many pairs were.
int equalise(ir::Graph& graph, const Seen& seen);

}  // namespace minnow::quantise
