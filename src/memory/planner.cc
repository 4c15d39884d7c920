// Greedy placement of intervals, several orders, best kept.
#include "memory/planner.h"

#include <algorithm>
#include <cstdint>
#include <numeric>

#include "base/aligned.h"

namespace minnow::memory {
namespace {

// Placements tried when none of the usual orders reaches the bound, and a limit to their work, in
// pairs of intervals looked at: creating a session must stay quick.
constexpr size_t kMostMendings = 400, kMendingWork = 4'000'000;

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

using Key = std::pair<uint64_t, uint64_t>;

/// Tries orders and keeps the smallest plan.
class Search {
 public:
  Search(std::span<const Interval> intervals, size_t enough)
      : intervals_(intervals), enough_(enough) {}

  bool isDone() const { return !best_.offsets.empty() && best_.bytes <= enough_; }

  /// Greatest keys first. They are computed before, so that all orders share one sort: a stable
  /// sort is 2.5 KB of code.
  template <class KeyOf>
  void sortedBy(KeyOf keyOf) {
    if (isDone()) return;
    std::vector<Key> keys;
    keys.reserve(intervals_.size());
    for (size_t i = 0; i < intervals_.size(); ++i) keys.push_back(keyOf(i));
    considerSorted(keys);
  }

  /// Changes the best order a little, again and again: what lies at the top of the plan is placed
  /// earlier, and every other time two more intervals change places. A fixed sequence of
  /// pseudo-random numbers, so that the plan stays a pure function of the intervals.
  void mend() {
    const size_t n = intervals_.size();
    if (n < 3) return;
    const size_t rounds = std::min(kMostMendings, kMendingWork / std::max<size_t>(n * n, 1));
    for (size_t round = 0; round < rounds && !isDone(); ++round) {
      std::vector<int> order = bestOrder_;
      const auto at = std::ranges::find(order, highest(best_));
      std::rotate(order.begin() + below(at - order.begin() + 1), at, at + 1);
      if (round % 2 == 1)
        std::swap(order[static_cast<size_t>(below(static_cast<ptrdiff_t>(n)))],
                  order[static_cast<size_t>(below(static_cast<ptrdiff_t>(n)))]);
      consider(std::move(order));
    }
  }

  Plan take() { return std::move(best_); }

 private:
  /// A number in [0, n). Knuth's linear congruential generator (The Art of Computer Programming,
  /// volume 2, section 3.3.4, MMIX).
  ptrdiff_t below(ptrdiff_t n) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<ptrdiff_t>((state_ >> 33) % static_cast<uint64_t>(n));
  }

  int highest(const Plan& plan) const {
    int top = 0;
    for (size_t i = 0; i < intervals_.size(); ++i)
      if (plan.offsets[i] + base::alignUp(intervals_[i].bytes) == plan.bytes)
        top = static_cast<int>(i);
    return top;
  }

  void considerSorted(const std::vector<Key>& keys) {
    std::vector<int> order(keys.size());
    std::iota(order.begin(), order.end(), 0);
    std::ranges::stable_sort(order, [&](int a, int b) { return keys[a] > keys[b]; });
    consider(std::move(order));
  }

  void consider(std::vector<int> order) {
    Plan plan = place(intervals_, order);
    // Equal plans replace one another, so that mending walks on.
    if (!best_.offsets.empty() && plan.bytes > best_.bytes) return;
    best_ = std::move(plan);
    bestOrder_ = std::move(order);
  }

  std::span<const Interval> intervals_;
  size_t enough_;
  uint64_t state_ = 1;
  Plan best_;
  std::vector<int> bestOrder_;
};

}  // namespace

Plan planArena(std::span<const Interval> intervals) {
  const std::vector<size_t> alive = aliveBytes(intervals);
  const size_t lowerBound = alive.empty() ? 0 : *std::ranges::max_element(alive);
  std::vector<size_t> crowds;
  crowds.reserve(intervals.size());
  for (const Interval& interval : intervals)
    crowds.push_back(
        *std::max_element(alive.begin() + interval.first, alive.begin() + interval.last + 1));
  const auto bytes = [&](size_t i) { return uint64_t{intervals[i].bytes}; };
  const auto length = [&](size_t i) {
    return static_cast<uint64_t>(intervals[i].last - intervals[i].first);
  };

  Search search(intervals, lowerBound);
  search.sortedBy([&](size_t i) { return Key(bytes(i), 0); });
  search.sortedBy([&](size_t i) { return Key(length(i), 0); });
  search.sortedBy([&](size_t i) { return Key(~static_cast<uint64_t>(intervals[i].first), 0); });
  search.sortedBy([&](size_t i) { return Key(crowds[i], bytes(i)); });
  search.sortedBy([&](size_t i) { return Key(bytes(i) * (length(i) + 1), 0); });
  search.mend();
  Plan best = search.take();
  best.lowerBound = lowerBound;
  return best;
}

}  // namespace minnow::memory
