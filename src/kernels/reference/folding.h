// Reductions, one element at a time: walking over the reduced axes of one output, and the order of
// accumulation that ops/reduce.h states.
#pragma once

#include <array>
#include <cmath>
#include <cstdint>
#include <limits>

#include "kernels/elementwise.h"
#include "kernels/pairwise.h"
#include "kernels/reference/extremes.h"
#include "minnow/tensor.h"

namespace minnow::kernels::reference {

/// Some axes of a tensor.
struct Axes {
  Shape shape;
  Strides strides{};

  void add(int64_t extent, int64_t stride) {
    strides[static_cast<size_t>(shape.rank())] = stride;
    shape.push_back(extent);
  }
  /// Calls fn(distance from the first element) in row-major order.
  template <class F>
  void forEachOffset(F&& fn) const {
    forEachIndex(shape, [&](const auto& index) { fn(offsetOf(index, strides, shape.rank())); });
  }
};

/// The axes of `view` whose bits in `mask` equal `bit`.
inline Axes axesOf(const TensorView& view, uint32_t mask, bool bit) {
  Axes axes;
  for (int axis = 0; axis < view.shape.rank(); ++axis)
    if ((mask >> axis & 1) == bit) axes.add(view.shape[axis], view.strides[axis]);
  return axes;
}

/// True if reducing these axes takes the striped sum.
inline bool isStriped(uint32_t mask, int rank) { return rank > 0 && (mask >> (rank - 1) & 1); }

inline constexpr int kPartials = 16;

/// Folds the elements at `x` in order: partial = step(partial, element), then combine.
template <class Acc, class T, class Step, class Combine>
Acc fold(const Axes& axes, bool striped, const T* x, Acc start, Step&& step, Combine&& combine) {
  const int used = striped ? kPartials : 1;
  std::array<Acc, kPartials> partial;
  PairwiseFold<Acc, Combine&> blocks(combine);
  const auto endBlock = [&]() __attribute__((noinline)) {
    for (int half = used / 2; half > 0; half /= 2)
      for (int j = 0; j < half; ++j) partial[j] = combine(partial[j], partial[j + half]);
    blocks.add(partial[0]);
    partial.fill(start);
  };
  partial.fill(start);
  int64_t i = 0;
  axes.forEachOffset([&](int64_t offset) {
    Acc& p = partial[i % used];
    p = step(p, x[offset]);
    if (++i % (used * kChain) == 0) endBlock();
  });
  if (i % (used * kChain) != 0 || blocks.empty()) endBlock();
  return blocks.total();
}

/// The sum of fn(x).
template <class Acc, class T, class F>
Acc foldSum(const Axes& axes, bool striped, const T* x, F&& fn) {
  return fold<Acc>(
      axes, striped, x, Acc{0}, [&](Acc sum, T v) { return sum + fn(v); },
      [](Acc a, Acc b) { return a + b; });
}

/// The sum of (x - mean)².
template <class T>
T foldSquares(const Axes& axes, bool striped, const T* x, T mean) {
  return fold<T>(
      axes, striped, x, T{0},
      [&](T sum, T v) {
        const T d = v - mean;
        return std::fma(d, d, sum);
      },
      [](T a, T b) { return a + b; });
}

/// The maximum; a zero is +0.
template <class T>
T foldMax(const Axes& axes, bool striped, const T* x) {
  using Limits = std::numeric_limits<T>;
  const T start = Limits::has_infinity ? static_cast<T>(-Limits::infinity()) : Limits::lowest();
  return fold<T>(axes, striped, x, start, greater<T>, greater<T>) + T{0};
}
template <class T>
T foldMin(const Axes& axes, bool striped, const T* x) {
  using Limits = std::numeric_limits<T>;
  const T start = Limits::has_infinity ? Limits::infinity() : Limits::max();
  return fold<T>(axes, striped, x, start, smaller<T>, smaller<T>) + T{0};
}

template <class T>
struct Moments {
  T mean, variance;
};
/// Mean and variance as ops/group_normalization.h defines them.
template <class T>
Moments<T> momentsOf(const Axes& axes, bool striped, const T* x) {
  const auto n = static_cast<T>(axes.shape.elements());
  const T mean = foldSum<T>(axes, striped, x, [](T v) { return v; }) / n;
  return {mean, foldSquares(axes, striped, x, mean) / n};
}

/// fn(T{}) for the real type that a tensor has: float32 or float64.
template <class F>
void withReal(DataType type, F&& fn) {
  if (type == DataType::Float64)
    fn(double{});
  else
    fn(float{});
}

}  // namespace minnow::kernels::reference
