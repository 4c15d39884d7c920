// For tests: a layout's buffers, and workspace of some of its steps, in one arena.
#pragma once

#include "memory/planner.h"
#include "planning/layout.h"

namespace minnow::planning {

/// Where all buffers of a layout lie, by index, and the arena's size.
inline std::pair<std::vector<size_t>, size_t> placed(const MemoryLayout& layout) {
  std::vector<memory::Interval> intervals;
  std::vector<Buffer> used;
  for (const Buffer& buffer : layout.buffers) {
    if (buffer.last < 0) continue;
    intervals.push_back({buffer.bytes, buffer.first, buffer.last});
    used.push_back(buffer);
  }
  const memory::Placement arena =
      memory::planArena(intervals, besides(used, layout.chainOf, layout.order));
  std::vector<size_t> offsets;
  auto next = arena.offsets.begin();
  for (const Buffer& buffer : layout.buffers) offsets.push_back(buffer.last < 0 ? 0 : *next++);
  return {offsets, arena.bytes};
}

}  // namespace minnow::planning
