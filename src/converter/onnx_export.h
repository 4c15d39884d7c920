// The way back: a graph, after its passes, as an ONNX model of standard operators, so that other tools open
// it. May throw inside, never across these functions.
#pragma once

#include <cstddef>
#include <span>
#include <string_view>
#include <vector>

#include "ir/graph.h"
#include "minnow/status.h"

namespace minnow::converter {

/// The opset of what is written; 21 where an operator needs it (GroupNormalization by channels,
/// blocks of scales). Not 21 throughout: there ONNX Runtime 1.32 refuses int8 results of DequantizeLinear
/// that are sliced or transposed, which its own optimiser quantises anew.
inline constexpr int kExportedOpset = 20;

/// The bytes of an .onnx file, for the shapes that the graph has. Packed weights are unpacked, fused
/// activations become nodes again, integer operators the ONNX operators whose arithmetic they have.
/// Unsupported, naming the node, for what has no ONNX form.
Result<std::vector<std::byte>> exportOnnx(const ir::Graph& graph);
/// Of the bytes of a .minnow file, 64-byte aligned.
Result<std::vector<std::byte>> exportOnnx(std::span<const std::byte> model,
                                          std::string_view sourceName);

/// The operator that writes the tensor, as a model of its own: what is no constant is an input. NotFound
/// where no operator does.
Result<ir::Graph> operatorAlone(const ir::Graph& graph, std::string_view tensor);

}  // namespace minnow::converter
