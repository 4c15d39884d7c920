// What passes know of the three linear operators: Conv, ConvTranspose and MatMul.
#pragma once

#include "passes/match.h"

namespace minnow::passes {

/// A float32 Conv, ConvTranspose or MatMul without a fused activation.
bool isBareLinear(const Rewriter& graph, int n);

/// The axis of its output along which its bias lies, and that output's shape.
int outputAxis(const Rewriter& graph, int n);
const Shape& outputShape(const Rewriter& graph, int n);

/// The index of the output channel (along outputAxis) that each element of its constant weights
/// belongs to; empty if the weights are no row-major constant.
std::vector<int64_t> channelOfWeights(const Rewriter& graph, int n);

}  // namespace minnow::passes
