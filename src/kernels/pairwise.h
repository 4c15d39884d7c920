// The order of long sums (ops/reduce.h): chains of at most 512 additions, then blocks in pairs. The
// rounding error of n terms grows with 512 + log2(n) instead of n.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>

namespace minnow::kernels {

/// Elements that one partial takes of a block.
inline constexpr int64_t kChain = 512;

/// Which results of blocks are joined when. They lie in places 0, 1, … like a stack: each new one
/// at next(), then push(join), which calls join(a) for every a whose result is to take in that of
/// place a + 1. As two neighbours of one size are joined at once, after 2^k blocks there is one
/// result.
class PairwiseOrder {
 public:
  /// For the 2^40 elements that a tensor may have.
  static constexpr int kPlaces = 34;

  int next() const { return depth_; }
  template <class Join>
  void push(Join&& join) {
    ++depth_;
    for (uint64_t whole = ++blocks_; whole % 2 == 0; whole /= 2) joinTop(join);
  }
  /// Joins what is left, from the last: the result is in place 0.
  template <class Join>
  void finish(Join&& join) {
    while (depth_ > 1) joinTop(join);
  }

 private:
  template <class Join>
  void joinTop(Join&& join) {
    --depth_;
    join(depth_ - 1);
  }
  int depth_ = 0;
  uint64_t blocks_ = 0;
};

/// Numbers in places, joined by `combine`.
template <class T, class Combine>
class PairwiseFold {
 public:
  explicit PairwiseFold(Combine combine) : combine_(combine) {}
  void add(T block) {
    places_[order_.next()] = block;
    order_.push([this](int a) { join(a); });
  }
  /// Of at least one block.
  T total() {
    order_.finish([this](int a) { join(a); });
    return places_[0];
  }
  bool empty() const { return order_.next() == 0; }

 private:
  void join(int a) { places_[a] = combine_(places_[a], places_[a + 1]); }
  Combine combine_;
  PairwiseOrder order_;
  std::array<T, PairwiseOrder::kPlaces> places_;
};

/// A sum of one partial, number by number.
template <class T>
class LongSum {
 public:
  void add(T x) { step(chain_ + x); }
  void addSquare(T x) { step(std::fma(x, x, chain_)); }
  T total() {
    if (length_ > 0 || blocks_.empty()) blocks_.add(chain_);
    return blocks_.total();
  }

 private:
  struct Plus {
    T operator()(T a, T b) const { return a + b; }
  };
  void step(T sum) {
    chain_ = sum;
    if (++length_ < kChain) return;
    blocks_.add(chain_);
    chain_ = 0;
    length_ = 0;
  }
  T chain_ = 0;
  int64_t length_ = 0;
  PairwiseFold<T, Plus> blocks_{Plus{}};
};

}  // namespace minnow::kernels
