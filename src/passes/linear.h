// What passes ask of operators that are linear in their weights (ops::LinearAxes).
#pragma once

#include "passes/match.h"

namespace minnow::passes {

/// A float32 linear operator without a fused activation. The questions below are for such a one.
bool isBareLinear(const Rewriter& graph, int n);

/// The axis of its output along which its bias lies, and that output's shape.
int outputAxis(const Rewriter& graph, int n);
const Shape& outputShape(const Rewriter& graph, int n);

/// The index of the output channel (along outputAxis) that each element of its constant weights
/// belongs to; empty if the weights are no row-major constant.
std::vector<int64_t> channelOfWeights(const Rewriter& graph, int n);

}  // namespace minnow::passes
