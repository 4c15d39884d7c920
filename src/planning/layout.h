// The memory of a plan before it has addresses: buffers, when each must exist, and which of them
// hold no more than a strip of their tensor's rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <vector>

#include "planning/storage.h"
#include "planning/strips.h"

namespace minnow::planning {

/// A buffer that holds rows [low, low + rows) of its tensors, moving on strip by strip.
struct Window {
  int buffer = 0, chain = 0;
  size_t rowBytes = 0;
  int64_t rows = 0;
  std::vector<int32_t> low;   ///< by strip: the row at the buffer's beginning
  std::vector<int32_t> kept;  ///< by strip: rows from `low` on that earlier strips made
  bool keepsRows() const;
};

/// A stretch of memory that one or several values share.
struct Buffer {
  size_t bytes = 0;
  int first = kUnused, last = -1;  ///< steps; see memory::Interval
  int window = -1;  ///< index into MemoryLayout::windows, -1 if it holds whole tensors
  static constexpr int kUnused = std::numeric_limits<int>::max();
};

struct MemoryLayout {
  StoragePlan storage;
  ir::DataSizes dataSizes;
  std::vector<ChainSchedule> chains;
  std::vector<int> chainOf;  ///< by node, index into `chains`, -1 for none
  std::vector<Buffer> buffers;
  std::vector<Window> windows;  ///< those of a chain side by side
};

/// Bytes of all buffers alive at each step.
std::vector<size_t> aliveBytes(const MemoryLayout& layout);

/// Step n is node n; inputs exist from step 0, outputs until the step after the last node. What a
/// chain touches and needs from strip to strip exists during the whole chain. A chain that these
/// shapes do not allow runs layer by layer; with `rowsFactor` 0 all do. Strips are `rowsFactor`
/// times as tall as the graph's chains say: once for each thread that shares their rows.
MemoryLayout layOut(const ir::Graph& graph, const std::vector<TensorType>& types, int rowsFactor);

}  // namespace minnow::planning
