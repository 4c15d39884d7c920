// Inputs that a model rounds to bytes become these bytes, so that nobody has to make numbers of them
// first: a camera's frame, say (vision::PreProcess::bytes).
#pragma once

#include <string>
#include <vector>

#include "ir/graph.h"

namespace minnow::passes {

/// An input that is bytes now, which stand for (byte - zero) * scale.
struct ByteInput {
  std::string name;
  DataType type;
  float scale;
  int64_t zero;
};

/// A float32 input that goes to one QuantizeLinear and nowhere else (of one scale, halves to even)
/// becomes that one's result, of the input's name. Passes have run, and have to run again: for strips.
std::vector<ByteInput> takeBytes(ir::Graph& graph);

}  // namespace minnow::passes
