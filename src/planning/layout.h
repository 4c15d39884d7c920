// The memory of a plan before it has addresses: buffers, when each must exist, and which of them
// hold no more than a strip of their tensor's rows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <utility>
#include <vector>

#include "planning/order.h"
#include "planning/storage.h"
#include "planning/strips.h"

namespace minnow::planning {

/// A buffer that holds rows [low, low + rows) of its tensors, moving on strip by strip.
struct LineBuffer {
  int buffer = 0, chain = 0;  ///< index into MemoryLayout::chains
  size_t rowBytes = 0;
  int64_t rows = 0;
  std::vector<int32_t> low;   ///< by strip: the row at the buffer's beginning
  std::vector<int32_t> kept;  ///< by strip: rows from `low` on that earlier strips made
  bool keepsRows() const;
};

/// Rows [begin, end) of a value that a band hands to the band before it, through a buffer where
/// they lie as in a line buffer of `rowBytes` from row to row, row `begin` at `byte`.
struct Border {
  int chain = 0;  ///< index into MemoryLayout::chains of the band that is handed the rows
  int node = 0;
  ir::ValueId value = ir::kNoValue;  ///< of the node
  int buffer = 0;
  size_t byte = 0, rowBytes = 0;
  int64_t begin = 0, end = 0;
};

/// A stretch of memory that one or several values share.
struct Buffer {
  size_t bytes = 0;
  int first = kUnused, last = -1;  ///< steps; see memory::Interval
  int lineBuffer = -1;  ///< index into MemoryLayout::lineBuffers, -1 if it holds whole tensors
  int band = kAll;      ///< the band of the chain around `first` that alone uses it
  static constexpr int kUnused = std::numeric_limits<int>::max(), kAll = -1;
};

struct MemoryLayout {
  Order order;
  StoragePlan storage;
  ir::DataSizes dataSizes;
  std::vector<ChainSchedule> chains;  ///< the bands of a chain side by side
  std::vector<int> chainOf;           ///< by node, index into `chains` of band 0, -1 for none
  /// Those of storage.bufferBytes, and then what further bands have in place of band 0's line
  /// buffers.
  std::vector<Buffer> buffers;
  /// Those of a band side by side; every band of a chain has a line buffer for the same tensors, in
  /// the same order.
  std::vector<LineBuffer> lineBuffers;
  std::vector<Border> borders;  ///< those of a band side by side, in the order of its nodes
};

/// Bytes of all buffers alive at each step, if all lanes run one after another. Bands count as if
/// each were where it needs most.
std::vector<size_t> aliveBytes(const MemoryLayout& layout);

/// Buffers, by index, that may be in use at once although they have no step in common: those of
/// different bands of one chain, and of different lanes of one stage. For memory::planArena; what
/// is added to the layout's buffers, as workspace, is in `buffers` too.
std::vector<std::pair<int, int>> besides(std::span<const Buffer> buffers,
                                         std::span<const int> chainOf, const Order& order = {});

/// Step n is node n; inputs exist from step 0, outputs until the step after the last node. What a
/// chain touches and needs from strip to strip exists during the whole chain. A chain that these
/// shapes do not allow runs layer by layer; with `rowsFactor` 0 all do. Strips are `rowsFactor`
/// times as tall as the graph's chains say: once for each thread that shares their rows.
MemoryLayout layOut(const ir::Graph& graph, const std::vector<TensorType>& types, int rowsFactor);

/// How a chain of a graph is cut.
struct ChainCut {
  int64_t rows = 0;  ///< of a strip; 0 for layer by layer
  int bands = 1;
  /// As tall as all bands' together.
  void becomeStrips() { *this = {rows * bands, 1}; }
  bool operator==(const ChainCut&) const = default;
};
/// Each chain of the graph as its cut says; in strips where it has no bands, or would have the same
/// rows of two bands in a buffer that they share; layer by layer where it has no strips either. All
/// steps in the order given, as orderInLanes() has it.
MemoryLayout layOut(const ir::Graph& graph, const std::vector<TensorType>& types,
                    std::span<const ChainCut> cuts, const Order& order = {});

/// The same as with a factor, for threads that share a chain by bands, each a thread's own from the
/// first strip to the last. A chain that has no bands is as layOut() gives it, and so is one whose
/// bands would use up more than half of what strips as tall save of whole layers' memory.
MemoryLayout layOutInBands(const ir::Graph& graph, const std::vector<TensorType>& types,
                           int threads);

/// Layouts of one graph for the same types, which outlive it: what they have in common, the uses of
/// values and the courses of chains, is found once.
class Layouts {
 public:
  /// What inStrips(), inBands() and layers() give has its steps in that order; chains of a stage
  /// have no bands there, because threads have lanes to themselves.
  /// `stored`: the types of values as they are stored, where some are not stored as what they hold.
  Layouts(const ir::Graph& graph, const std::vector<TensorType>& types, Order order = {},
          const std::vector<TensorType>* stored = nullptr);

  /// As layOut() has it.
  MemoryLayout inStrips(int rowsFactor);
  MemoryLayout inCuts(std::span<const ChainCut> cuts, const Order& order);
  /// As layOutInBands() has it.
  MemoryLayout inBands(int threads);
  /// As inStrips(0) has it.
  const MemoryLayout& layers();

  const ir::Graph& graph() const { return graph_; }
  const std::vector<TensorType>& types() const { return types_; }
  const std::vector<TensorType>& stored() const { return stored_; }
  const Uses& uses() const { return uses_; }
  const Order& order() const { return order_; }
  /// The bands of a chain side by side; none where it cannot be cut so.
  const std::vector<ChainSchedule>& courses(size_t chain, const ChainCut& cut);

 private:
  struct Known {
    ChainCut cut;
    std::vector<ChainSchedule> bands;
  };

  const ir::Graph& graph_;
  const std::vector<TensorType>& types_;
  const std::vector<TensorType>& stored_;
  Uses uses_;
  Order order_;
  std::vector<std::vector<Known>> known_;  // by chain
  std::optional<MemoryLayout> layers_;
};

}  // namespace minnow::planning
