// The graph of a session whose inputs have other extents than the model was converted for.
#pragma once

#include <memory>

#include "sizes/settle.h"

namespace minnow::runtime {

/// `types` holds the new types of the graph's inputs, and afterwards those of all values. Null where
/// the graph itself is right for them.
Result<std::unique_ptr<const sizes::Settled>> settleTypes(const ir::Graph& graph,
                                                          std::vector<TensorType>& types);

/// Of the graph and its size graph, each once.
Result<std::vector<std::string>> operatorKinds(const ir::Graph& graph);

/// What it holds on the heap, with the object itself and the constants that were made for it.
size_t heapBytes(const sizes::Settled& settled);

}  // namespace minnow::runtime
