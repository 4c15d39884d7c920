// A graph as a drawing.
#pragma once

#include <string>

#include "ir/graph.h"

namespace minnow::runtime {

/// Graphviz' DOT: a box an operator, an ellipse an input or output, an edge a tensor with its
/// shape.
std::string graphviz(const ir::Graph& graph);

}  // namespace minnow::runtime
