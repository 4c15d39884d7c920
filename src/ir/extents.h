// Extents of a graph's inputs that have a name or a range (Graph::extents).
#pragma once

#include <span>
#include <vector>

#include "ir/graph.h"

namespace minnow::ir {

/// The one that an axis has, or null.
const Extent* extentOf(const Graph& graph, InputAxis axis);

/// Inputs of `asked` have new shapes in `types` (of all values): axes of the other inputs that have
/// an extent in common with them get it too. Inputs have the ranks that the graph's have.
void spreadExtents(const Graph& graph, std::span<const ValueId> asked,
                   std::vector<TensorType>& types);

/// Fails, naming input, axis and what is allowed, where an extent of the inputs is out of its range
/// or differs between axes of one name.
Result<void> checkExtents(const Graph& graph, std::span<const TensorType> types);

/// For Graph::verify: extents are what they should be, and the graph's own shapes fit them.
Result<void> verifyExtents(const Graph& graph);

}  // namespace minnow::ir
