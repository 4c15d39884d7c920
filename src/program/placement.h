// Which back-end computes each node, and where tensors cross from one memory to another.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "backend/backend.h"
#include "ir/data_sizes.h"
#include "ir/graph.h"

namespace minnow::program {

/// Where a node is computed; the last two are of nodes that take a tensor across.
enum class Side : uint8_t { Host, Device, Entering, Leaving };

struct Placement {
  /// A copy with a Relayout for each value that crosses, once, before the first node that reads it
  /// on the other side; the graph's outputs are in the process's memory. No chains. Null where
  /// nothing is on the device.
  std::shared_ptr<ir::Graph> graph;
  std::vector<TensorType> types;      ///< of all its values
  std::vector<TensorType> stored;     ///< as they are stored; none where that is the same
  std::vector<ir::ValueId> crossed;   ///< of its further values: of which value each is a copy
  std::vector<Side> sides;            ///< by node
  std::vector<std::string> refusals;  ///< by node, what the device says against it; "" for nothing
};

/// The first of the list, if it has memory of its own and is not alone; null for none.
const backend::Backend* deviceOf(std::span<const backend::Backend* const> list);

/// What the device supports goes there, if that saves more time than crossing takes, by the
/// back-ends' estimates. `list` begins with the device. `barred`: by node, true for what is not to
/// go there; empty where nothing is. `inHalves`: float32 is stored as float16 there.
Placement place(const ir::Graph& graph, std::span<const TensorType> types,
                std::span<const backend::Backend* const> list, const ir::DataSizes& sizes,
                std::span<const char> barred = {}, bool inHalves = false);

}  // namespace minnow::program
