// Greedy placement of intervals, several orders, best kept.
#include "memory/planner.h"

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>
#include <optional>
#include <tuple>

#include "base/aligned.h"

namespace minnow::memory {
namespace {

// Placements tried when none of the usual orders reaches the bound, and a limit to their work, in
// pairs of intervals looked at: creating a session must stay quick.
constexpr size_t kMostMendings = 400, kMendingWork = 4'000'000;

// Beyond that many pairs of intervals that live together, places are given without looking at them;
// beyond that many looked at, no further order is tried.
constexpr size_t kMostPairs = 5'000'000, kMostWork = 25'000'000;

/// Who lives with whom, found by going through the intervals as they begin.
class Crowd {
 public:
  Crowd(std::span<const Interval> intervals, std::span<const Beside> beside)
      : intervals_(intervals), beside_(beside) {
    byStart_.resize(intervals.size());
    std::iota(byStart_.begin(), byStart_.end(), 0);
    std::ranges::sort(byStart_, [&](int a, int b) {
      return std::pair(intervals[a].first, a) < std::pair(intervals[b].first, b);
    });
    countPairs();
    if (isKnown()) sweep();
  }

  /// False where there are too many pairs: then nothing below is known.
  bool isKnown() const { return pairs_ <= kMostPairs; }
  const std::vector<int>& byStart() const { return byStart_; }
  size_t pairs() const { return pairs_; }
  std::span<const int> neighbours(int i) const {
    return std::span(neighbours_).subspan(begins_[i], begins_[i + 1] - begins_[i]);
  }
  /// Most bytes alive at a step of the interval, and those of what is beside it.
  size_t around(size_t i) const { return around_[i]; }

 private:
  /// Calls `begin(i, alive)` for each interval with those before it that are still alive.
  template <class Begin>
  void goThrough(const Begin& begin) const {
    std::vector<int> alive;
    for (const int i : byStart_) {
      std::erase_if(alive, [&](int j) { return intervals_[j].last < intervals_[i].first; });
      if (!begin(i, alive)) return;
      alive.push_back(i);
    }
  }

  void countPairs() {
    begins_.assign(intervals_.size() + 1, 0);
    goThrough([&](int i, const std::vector<int>& alive) {
      pairs_ += alive.size();
      begins_[i] += alive.size();
      for (const int j : alive) ++begins_[j];
      return isKnown();
    });
    pairs_ += beside_.size();
    for (const auto& [a, b] : beside_) ++begins_[a], ++begins_[b];
  }

  void sweep() {
    std::exclusive_scan(begins_.begin(), begins_.end(), begins_.begin(), size_t{0});
    neighbours_.resize(2 * pairs_);
    around_.assign(intervals_.size(), 0);
    std::vector<size_t> next(begins_.begin(), begins_.end() - 1);
    goThrough([&](int i, const std::vector<int>& alive) {
      size_t bytes = base::alignUp(intervals_[i].bytes);
      for (const int j : alive) {
        bytes += base::alignUp(intervals_[j].bytes);
        neighbours_[next[i]++] = j;
        neighbours_[next[j]++] = i;
      }
      // Of intervals that begin together the last one sees all.
      around_[i] = bytes;
      for (const int j : alive) around_[j] = std::max(around_[j], bytes);
      return true;
    });
    for (const auto& [a, b] : beside_) {
      neighbours_[next[a]++] = b;
      neighbours_[next[b]++] = a;
      around_[a] += base::alignUp(intervals_[b].bytes);
      around_[b] += base::alignUp(intervals_[a].bytes);
    }
  }

  std::span<const Interval> intervals_;
  std::span<const Beside> beside_;
  std::vector<int> byStart_;
  size_t pairs_ = 0;
  std::vector<size_t> begins_;  // by interval, in neighbours_
  std::vector<int> neighbours_;
  std::vector<size_t> around_;
};

/// Largest sum of bytes alive at one step.
size_t mostAlive(std::span<const Interval> intervals) {
  int steps = 0;
  for (const Interval& interval : intervals) steps = std::max(steps, interval.last + 1);
  std::vector<size_t> change(static_cast<size_t>(steps) + 1, 0);  // what goes wraps around
  for (const Interval& interval : intervals) {
    change[interval.first] += base::alignUp(interval.bytes);
    change[interval.last + 1] -= base::alignUp(interval.bytes);
  }
  std::partial_sum(change.begin(), change.end(), change.begin());
  return *std::ranges::max_element(change);
}

/// Bytes [offset, end) that a placed interval takes.
struct Taken {
  size_t offset, end;
  bool isBelow(const Taken& other) const {
    return offset < other.offset || (offset == other.offset && end < other.end);
  }
};

/// From the lowest up. Most intervals have few neighbours.
void sort(std::vector<Taken>& taken) {
  constexpr size_t kFew = 64;
  if (taken.size() > kFew)
    std::ranges::sort(taken, [](const Taken& a, const Taken& b) { return a.isBelow(b); });
  for (size_t i = 1; i < taken.size(); ++i) {
    const Taken one = taken[i];
    size_t at = i;
    for (; at > 0 && one.isBelow(taken[at - 1]); --at) taken[at] = taken[at - 1];
    taken[at] = one;
  }
}

/// The offset of the smallest gap between placed neighbours that holds `bytes`; past the last one
/// if there is none.
size_t bestGap(std::vector<Taken>& taken, size_t bytes) {
  sort(taken);
  size_t end = 0, best = 0, bestSlack = SIZE_MAX;
  for (const auto& [offset, over] : taken) {
    if (offset >= end + bytes && offset - end - bytes < bestSlack) {
      best = end;
      bestSlack = offset - end - bytes;
    }
    end = std::max(end, over);
  }
  return bestSlack == SIZE_MAX ? end : best;
}

/// Places that became free, filed by size, four files to a doubling.
class FreePlaces {
 public:
  void give(size_t offset, size_t bytes) { files_[fileOf(bytes)].emplace_back(offset, bytes); }

  /// A place of at least `bytes`, of less than twice as many or so; SIZE_MAX if none is at hand.
  std::pair<size_t, size_t> take(size_t bytes) {
    const size_t own = fileOf(bytes);
    for (size_t file = own; file < std::min(own + 5, files_.size()); ++file) {
      if (files_[file].empty() || files_[file].back().second < bytes) continue;
      const auto found = files_[file].back();
      files_[file].pop_back();
      return found;
    }
    return {SIZE_MAX, 0};
  }

 private:
  static size_t fileOf(size_t bytes) {
    const uint64_t units = bytes / base::kAlignment + 4;
    const int doublings = std::bit_width(units) - 3;
    return static_cast<size_t>(doublings) * 4 + ((units >> doublings) & 3);
  }
  std::array<std::vector<std::pair<size_t, size_t>>, 260> files_;
};

/// For any number of intervals: each takes, as it begins, a place that has become free, or a new
/// one at the end.
Placement placeInPassing(std::span<const Interval> intervals, const std::vector<int>& byStart) {
  Placement plan;
  plan.offsets.assign(intervals.size(), 0);
  std::vector<int> byEnd(byStart);
  std::ranges::sort(byEnd, [&](int a, int b) {
    return std::pair(intervals[a].last, a) < std::pair(intervals[b].last, b);
  });
  std::vector<size_t> sizes(intervals.size(), 0);  // of the places
  FreePlaces free;
  size_t ended = 0;
  for (const int i : byStart) {
    for (; intervals[byEnd[ended]].last < intervals[i].first; ++ended)
      free.give(plan.offsets[byEnd[ended]], sizes[byEnd[ended]]);
    const size_t bytes = base::alignUp(intervals[i].bytes);
    std::tie(plan.offsets[i], sizes[i]) = free.take(bytes);
    if (plan.offsets[i] != SIZE_MAX) continue;
    plan.offsets[i] = plan.bytes;
    sizes[i] = bytes;
    plan.bytes += bytes;
  }
  return plan;
}

/// Intervals that have a step in common wherever two may exist at once: the earlier one lasts until
/// the later one begins.
std::vector<Interval> stretched(std::span<const Interval> intervals,
                                std::span<const Beside> beside) {
  std::vector<Interval> longer(intervals.begin(), intervals.end());
  for (auto [earlier, later] : beside) {
    if (intervals[later].first < intervals[earlier].first) std::swap(earlier, later);
    longer[earlier].last = std::max(longer[earlier].last, intervals[later].first);
  }
  return longer;
}

using Key = std::pair<uint64_t, uint64_t>;

/// Tries orders and keeps the smallest plan.
class Search {
 public:
  Search(std::span<const Interval> intervals, const Crowd& crowd, size_t enough)
      : intervals_(intervals),
        crowd_(crowd),
        enough_(enough),
        best_{std::vector<size_t>(intervals.size(), kNotPlaced), SIZE_MAX, 0},
        anew_(intervals.size(), 1) {}

  bool isDone() const { return best_.bytes <= enough_ || work_ > kMostWork; }

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
      std::ranges::fill(anew_, 0);
      const auto at = std::ranges::find(order, highest(best_));
      moved(*at);
      std::rotate(order.begin() + below(at - order.begin() + 1), at, at + 1);
      if (round % 2 == 1) {
        int& one = order[static_cast<size_t>(below(static_cast<ptrdiff_t>(n)))];
        int& other = order[static_cast<size_t>(below(static_cast<ptrdiff_t>(n)))];
        moved(one), moved(other);
        std::swap(one, other);
      }
      consider(std::move(order));
    }
  }

  Placement take() { return std::move(best_); }

 private:
  /// A number in [0, n). Knuth's linear congruential generator (The Art of Computer Programming,
  /// volume 2, section 3.3.4, MMIX).
  ptrdiff_t below(ptrdiff_t n) {
    state_ = state_ * 6364136223846793005U + 1442695040888963407U;
    return static_cast<ptrdiff_t>((state_ >> 33) % static_cast<uint64_t>(n));
  }

  int highest(const Placement& plan) const {
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
    work_ += 40 * intervals_.size() + 2 * crowd_.pairs();  // weighed by time
    auto plan = place(order);
    if (!plan) return;
    best_ = std::move(*plan);
    bestOrder_ = std::move(order);
  }

  /// Nothing as soon as it is larger than the best; equal plans replace one another, so that mending
  /// walks on.
  std::optional<Placement> place(const std::vector<int>& order) {
    Placement plan{std::vector<size_t>(intervals_.size(), kNotPlaced), 0, 0};
    for (const int i : order) {
      const size_t bytes = base::alignUp(intervals_[i].bytes);
      const size_t offset = anew_[i] != 0 ? offsetFor(i, bytes, plan) : best_.offsets[i];
      plan.offsets[i] = offset;
      plan.bytes = std::max(plan.bytes, offset + bytes);
      if (plan.bytes > best_.bytes) return {};
      if (offset != best_.offsets[i]) disturb(i);
    }
    return plan;
  }

  /// An interval lies where it lay in the best plan if all that lives with it does, and was placed
  /// before it, or after it, as then.
  void disturb(int interval) {
    for (const int other : crowd_.neighbours(interval)) anew_[other] = 1;
  }

  void moved(int interval) {
    anew_[interval] = 1;
    disturb(interval);
  }

  size_t offsetFor(int interval, size_t bytes, const Placement& plan) {
    taken_.clear();
    for (const int other : crowd_.neighbours(interval))
      if (const size_t offset = plan.offsets[other]; offset != kNotPlaced)
        taken_.push_back({offset, offset + base::alignUp(intervals_[other].bytes)});
    return bestGap(taken_, bytes);
  }

  static constexpr size_t kNotPlaced = SIZE_MAX;
  std::span<const Interval> intervals_;
  const Crowd& crowd_;
  size_t enough_;
  size_t work_ = 0;
  uint64_t state_ = 1;
  Placement best_;
  std::vector<int> bestOrder_;
  std::vector<char> anew_;    // by interval: it may have to lie elsewhere than in the best plan
  std::vector<Taken> taken_;  // by placed neighbours of one interval
};

}  // namespace

Placement planArena(std::span<const Interval> intervals, std::span<const Beside> beside) {
  const size_t lowerBound = mostAlive(intervals);
  const Crowd crowd(intervals, beside);
  if (!crowd.isKnown()) {
    Placement plan = placeInPassing(stretched(intervals, beside), crowd.byStart());
    plan.lowerBound = lowerBound;
    return plan;
  }
  const auto bytes = [&](size_t i) { return uint64_t{intervals[i].bytes}; };
  const auto length = [&](size_t i) {
    return static_cast<uint64_t>(intervals[i].last - intervals[i].first);
  };

  Search search(intervals, crowd, lowerBound);
  search.sortedBy([&](size_t i) { return Key(bytes(i), 0); });
  search.sortedBy([&](size_t i) { return Key(length(i), 0); });
  search.sortedBy([&](size_t i) { return Key(~static_cast<uint64_t>(intervals[i].first), 0); });
  search.sortedBy([&](size_t i) { return Key(crowd.around(i), bytes(i)); });
  search.sortedBy([&](size_t i) { return Key(bytes(i) * (length(i) + 1), 0); });
  search.mend();
  Placement best = search.take();
  best.lowerBound = lowerBound;
  return best;
}

}  // namespace minnow::memory
