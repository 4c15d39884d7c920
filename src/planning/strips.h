// Chains of layers in strips of rows. A chain's nodes are computed a few rows at a time, each just
// far enough for what follows, so that a feature map between them exists only in the rows that a
// window still reads. Which rows exist when is arithmetic over Operator::rowsRead(), done here once
// for given shapes; no row is computed twice.
#pragma once

#include <algorithm>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "minnow/status.h"
#include "planning/uses.h"

namespace minnow::planning {

/// How a node of a chain goes through one of its inputs.
struct StripReads {
  int axis = ops::Rows::kWhole;  ///< along which the input's strips lie; kWhole: read whole, always
  /// By strip: the first row read in that strip or a later one, kNone when nothing more is read. Of
  /// a constant nothing: it is always there.
  std::vector<int32_t> first = {};
  static constexpr int32_t kNone = std::numeric_limits<int32_t>::max();
};

/// A share of a chain's rows that one thread makes from beginning to end, beside the other bands.
/// Where a window reaches across a border, the lower band makes the rows and hands them to the
/// upper one, which comes to the border last: no row is made twice.
struct Band {
  int index = 0, count = 1;
  /// Its share of a node's rows: those from begin / of to end / of of the node's height.
  int64_t begin = 0, end = 1, of = 1;
};

/// The course of one band of a chain, of all rows as a rule: after strip i, rows [begin(node),
/// end(node, i)) of every output of a node exist.
struct ChainSchedule {
  int first = 0, last = 0;  ///< nodes, both included
  int strips = 0;
  Band band;
  /// By node of the chain: the axis that its outputs are cut along; kWhole for a node that runs
  /// once, in the first strip (its height counts as 1).
  std::vector<int> axes;
  std::vector<int64_t> heights;  ///< by node: extent of that axis
  std::vector<int32_t> ends;     ///< by node and strip, begin() before the first strip
  /// By node: rows from this one on are the next band's, which hands over those that this band
  /// needs. Empty in the last band, which makes all that it has.
  std::vector<int32_t> limits;
  /// By node: the band before needs rows [begin(), lent) of this one. Empty in the first band.
  std::vector<int32_t> lent;
  std::vector<std::vector<StripReads>> reads;  ///< by node and input

  bool contains(int node) const { return node >= first && node <= last; }
  int axis(int node) const { return axes[static_cast<size_t>(node - first)]; }
  int64_t height(int node) const { return heights[static_cast<size_t>(node - first)]; }
  /// `strip` from -1, before the first.
  int64_t end(int node, int strip) const {
    return ends[static_cast<size_t>((node - first) * (strips + 1) + strip + 1)];
  }
  int64_t begin(int node) const { return end(node, -1); }
  /// After the last strip.
  int64_t end(int node) const { return end(node, strips - 1); }
  /// The first row that this band does not make itself.
  int64_t limit(int node) const {
    return limits.empty() ? height(node) : limits[static_cast<size_t>(node - first)];
  }
  /// What a strip makes of a node, and what it is handed by the next band.
  ops::Rows made(int node, int strip) const {
    const int64_t most = limit(node);
    return {axis(node), std::min(end(node, strip - 1), most), std::min(end(node, strip), most)};
  }
  ops::Rows handed(int node, int strip) const {
    const int64_t least = limit(node);
    return {axis(node), std::max(end(node, strip - 1), least), std::max(end(node, strip), least)};
  }
  /// What the band before needs of what a strip makes.
  ops::Rows lends(int node, int strip) const {
    ops::Rows rows = made(node, strip);
    const int64_t most = lent.empty() ? 0 : lent[static_cast<size_t>(node - first)];
    rows.end = std::max(rows.begin, std::min(rows.end, most));
    return rows;
  }
  const std::vector<StripReads>& readsOf(int node) const {
    return reads[static_cast<size_t>(node - first)];
  }
};

/// True if no two bands have the same row of a node. `chain`: index of its band 0, -1 for none.
bool rowsAreApart(std::span<const ChainSchedule> chains, int chain, int node);

/// The course of a chain, or why its nodes cannot be computed in strips (ErrorCode::Unsupported).
/// What a node of the chain reads as a whole is computed as a whole in the first strip.
Result<ChainSchedule> scheduleChain(const ir::Graph& graph, std::span<const TensorType> types,
                                    const Uses& uses, const ir::Chain& chain);

/// The course of each of so many bands, which have about the same work. A chain of which something
/// is read as a whole has no bands.
Result<std::vector<ChainSchedule>> scheduleBands(const ir::Graph& graph,
                                                 std::span<const TensorType> types,
                                                 const Uses& uses, const ir::Chain& chain,
                                                 int count);

}  // namespace minnow::planning
