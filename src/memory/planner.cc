// Greedy placement of intervals, several orders, best kept.
#include "memory/planner.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "base/aligned.h"

namespace minnow::memory {
namespace {

bool together(const Interval& a, const Interval& b) {
  return a.first <= b.last && b.first <= a.last;
}

std::vector<size_t> aliveBytes(std::span<const Interval> intervals) {
  int steps = 0;
  for (const Interval& interval : intervals) steps = std::max(steps, interval.last + 1);
  std::vector<size_t> alive(static_cast<size_t>(steps), 0);
  for (const Interval& interval : intervals)
    for (int step = interval.first; step <= interval.last; ++step)
      alive[step] += base::alignUp(interval.bytes);
  return alive;
}

/// The offset of the smallest gap between placed neighbours that holds `bytes`; past the last one
/// if there is none.
size_t bestGap(std::vector<std::pair<size_t, size_t>>& taken, size_t bytes) {
  std::ranges::sort(taken);
  size_t end = 0, best = 0, bestSlack = SIZE_MAX;
  for (const auto& [offset, size] : taken) {
    if (offset >= end + bytes && offset - end - bytes < bestSlack) {
      best = end;
      bestSlack = offset - end - bytes;
    }
    end = std::max(end, offset + size);
  }
  return bestSlack == SIZE_MAX ? end : best;
}

Plan place(std::span<const Interval> intervals, const std::vector<int>& order) {
  Plan plan;
  plan.offsets.assign(intervals.size(), 0);
  std::vector<int> placed;
  std::vector<std::pair<size_t, size_t>> taken;
  for (int i : order) {
    taken.clear();
    for (int j : placed)
      if (together(intervals[i], intervals[j]))
        taken.emplace_back(plan.offsets[j], base::alignUp(intervals[j].bytes));
    const size_t bytes = base::alignUp(intervals[i].bytes);
    plan.offsets[i] = bestGap(taken, bytes);
    plan.bytes = std::max(plan.bytes, plan.offsets[i] + bytes);
    placed.push_back(i);
  }
  return plan;
}

}  // namespace

Plan planArena(std::span<const Interval> intervals) {
  const std::vector<size_t> alive = aliveBytes(intervals);
  std::vector<size_t> crowds;
  crowds.reserve(intervals.size());
  for (const Interval& interval : intervals)
    crowds.push_back(
        *std::max_element(alive.begin() + interval.first, alive.begin() + interval.last + 1));
  const auto length = [&](int i) { return intervals[i].last - intervals[i].first; };

  std::vector<int> order(intervals.size());
  Plan best;
  const auto consider = [&](auto less) {
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, less);
    Plan plan = place(intervals, order);
    if (best.offsets.empty() || plan.bytes < best.bytes) best = std::move(plan);
  };
  consider([&](int a, int b) { return intervals[a].bytes > intervals[b].bytes; });
  consider([&](int a, int b) { return length(a) > length(b); });
  consider([&](int a, int b) { return intervals[a].first < intervals[b].first; });
  consider([&](int a, int b) {
    return crowds[a] != crowds[b] ? crowds[a] > crowds[b] : intervals[a].bytes > intervals[b].bytes;
  });
  consider([&](int a, int b) {
    return intervals[a].bytes * (length(a) + 1) > intervals[b].bytes * (length(b) + 1);
  });
  best.lowerBound = alive.empty() ? 0 : *std::ranges::max_element(alive);
  return best;
}

}  // namespace minnow::memory
