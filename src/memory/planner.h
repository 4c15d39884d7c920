// Where each tensor lies in the arena. Pure arithmetic: intervals in, offsets out; knows no tensor
// and no model.
#pragma once

#include <cstddef>
#include <span>
#include <utility>
#include <vector>

namespace minnow::memory {

/// A buffer that must exist from step `first` to step `last`, both included.
struct Interval {
  size_t bytes = 0;
  int first = 0, last = 0;
};

struct Placement {
  std::vector<size_t> offsets;  ///< one an interval, multiples of 64
  size_t bytes = 0;             ///< size of the arena
  size_t lowerBound =
      0;  ///< largest sum of (rounded) bytes alive at one step: no plan can be smaller
};

/// Two intervals, by index, that may exist at once although they have no step in common: their steps
/// run side by side, in whatever order.
using Beside = std::pair<int, int>;

/// Places buffers so that no two alive at one step overlap, nor two that are `beside` each other. Several orders (by size, by lifetime,
/// by start, by the crowdedness of their steps) are tried, each placing best-fit into the gaps; the
/// smallest plan is kept, the first of equals, so the result is a pure function of the input. Where
/// millions of pairs live together, as in no network that is known, places are given in passing
/// instead, in n log n: the plan is right, but may be far from the bound.
Placement planArena(std::span<const Interval> intervals, std::span<const Beside> beside = {});

}  // namespace minnow::memory
