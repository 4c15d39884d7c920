// A loop's items in shares, one for each member of a team: whoever is done with its own helps with
// the next one's. Members keep their shares from loop to loop, so that what a core wrote it reads
// again from its own caches: of two layers of 40 rows on two cores, rows [0, 20) of the second are
// made where the rows [0, 20) of the first are. With items for whoever comes first NanoDet's 1x1
// convolutions took 62 % of one thread's time on two cores, and a copy took longer than on one.
#pragma once

#include <algorithm>
#include <array>
#include <atomic>
#include <cstdint>

namespace minnow::base {

class Shares {
 public:
  /// Of items [0, n), taken in multiples of `grain`.
  Shares(int64_t n, int64_t grain, int members)
      : n_(n), grain_(grain), count_(std::min<int64_t>(members, kMost)) {
    const int64_t grains = (n - 1) / grain + 1;
    for (int64_t i = 0; i < count_; ++i) {
      shares_[i].next = grains * i / count_;
      shares_[i].end = grains * (i + 1) / count_;
    }
  }

  /// The next range for this member, half of what is left of a share at most. False when nothing is
  /// left of any.
  bool take(int member, int64_t& begin, int64_t& end) {
    for (int64_t i = 0; i < count_; ++i)
      if (takeFrom(shares_[shareOf(member + i)], begin, end)) return true;
    return false;
  }

 private:
  /// More members share them.
  static constexpr int64_t kMost = 16;

  struct alignas(64) Share {  // a cache line each
    std::atomic<int64_t> next = 0;
    int64_t end = 0;
  };

  /// The leader, member 0, has the last one, as it has the last band of a chain.
  int64_t shareOf(int64_t member) const { return count_ - 1 - member % count_; }

  bool takeFrom(Share& share, int64_t& begin, int64_t& end) {
    int64_t first = share.next.load(std::memory_order_relaxed), last = 0;
    do {
      if (first >= share.end) return false;
      last = first + std::max<int64_t>(1, (share.end - first) / 2);
    } while (!share.next.compare_exchange_weak(first, last, std::memory_order_relaxed));
    begin = first * grain_;
    end = std::min(n_, last * grain_);
    return true;
  }

  const int64_t n_, grain_, count_;
  std::array<Share, kMost> shares_;
};

/// The height of items, `most` at most and half of it at least, with which rows are shared most evenly
/// by members: 14 rows, of which 8 may be an item, by sevens and not by eights (8 and 6).
inline int64_t evenHeight(int64_t rows, int64_t members, int64_t most) {
  const auto largestShare = [&](int64_t height) {
    const int64_t items = (rows + height - 1) / height;
    int64_t largest = 0;
    for (int64_t i = 0; i < members; ++i)
      largest = std::max(largest, std::min(rows, items * (i + 1) / members * height) -
                                      items * i / members * height);
    return largest;
  };
  int64_t best = most;
  for (int64_t height = most - 1; height >= (most + 1) / 2; --height)
    if (largestShare(height) < largestShare(best)) best = height;
  return best;
}

}  // namespace minnow::base
