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

/// Null for what the CPU computes.
using Backends = std::vector<const backend::Backend*>;

struct Placement {
  /// A copy with a Relayout for each value that crosses, once, before the first node that reads it
  /// on the other side; the graph's outputs are in the process's memory. No chains. Null where
  /// nothing is on a device, unless lanes want their order: then it is a copy of the model's.
  std::shared_ptr<ir::Graph> graph;
  std::vector<TensorType> types;      ///< of all its values
  std::vector<TensorType> stored;     ///< as they are stored; none where that is the same
  std::vector<ir::ValueId> crossed;   ///< of its further values: of which value each is a copy
  std::vector<Side> sides;            ///< by node; empty where nothing is on a device
  Backends devices;                   ///< by node: that computes it, or that it crosses to or from
  std::vector<std::string> refusals;  ///< by node, what devices say against it; "" for nothing
};

/// How many of the list have memory of their own: devices, which come first, if the CPU is behind.
size_t devicesIn(std::span<const backend::Backend* const> list);

/// What a device supports goes there, if that saves more time than crossing takes, by the
/// back-ends' estimates. `list` begins with the devices. `wanted`: by node, those where it may go, in
/// their order: what the first leave is for the next. `inHalves`: float32 is stored as float16 there.
Placement place(const ir::Graph& graph, std::span<const TensorType> types,
                std::span<const backend::Backend* const> list, const ir::DataSizes& sizes,
                std::span<const std::span<const backend::Backend* const>> wanted,
                bool inHalves = false);

}  // namespace minnow::program
