// Reductions, one element at a time: walking over the reduced axes of one output, and the order of
// accumulation that ops/reduce.h states.
#pragma once

#include <array>
#include <cmath>
#include <concepts>
#include <cstdint>
#include <limits>

#include "kernels/elementwise.h"
#include "kernels/pairwise.h"
#include "kernels/reference/extremes.h"
#include "kernels/reference/scalar_math.h"
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

/// A fold's arithmetic, behind pointers: 39 loops of their own were 11 KB.
template <class T>
struct Folding {
  T start;
  /// `about` is a number that all elements are seen from: their mean, their maximum.
  T (*step)(T partial, T element, T about);
  T (*combine)(T, T);
};

/// Folds the elements at `x` in order: partial = step(partial, element), then combine.
template <class T>
T fold(const Axes& axes, bool striped, const T* x, const Folding<T>& by, T about = 0) {
  const int used = striped ? kPartials : 1;
  std::array<T, kPartials> partial;
  PairwiseFold<T, T (*)(T, T)> blocks(by.combine);
  const auto endBlock = [&]() __attribute__((noinline)) {
    for (int half = used / 2; half > 0; half /= 2)
      for (int j = 0; j < half; ++j) partial[j] = by.combine(partial[j], partial[j + half]);
    blocks.add(partial[0]);
    partial.fill(by.start);
  };
  partial.fill(by.start);
  int64_t i = 0;
  axes.forEachOffset([&](int64_t offset) {
    T& p = partial[i % used];
    p = by.step(p, x[offset], about);
    if (++i % (used * kChain) == 0) endBlock();
  });
  if (i % (used * kChain) != 0 || blocks.empty()) endBlock();
  return blocks.total();
}

/// The sum of term(x, about).
template <class T, class Term>
T foldSum(const Axes& axes, bool striped, const T* x, Term, T about = 0) {
  return fold(axes, striped, x,
              {.start = 0,
               .step = [](T sum, T v, T seenFrom) { return sum + Term{}(v, seenFrom); },
               .combine = [](T a, T b) { return a + b; }},
              about);
}
template <class T>
T foldSum(const Axes& axes, bool striped, const T* x) {
  return foldSum(axes, striped, x, [](T v, T) { return v; });
}

/// The sum of (x - mean)².
template <class T>
T foldSquares(const Axes& axes, bool striped, const T* x, T mean) {
  return fold(axes, striped, x,
              {.start = 0,
               .step =
                   [](T sum, T v, T seenFrom) {
                     const T d = v - seenFrom;
                     return std::fma(d, d, sum);
                   },
               .combine = [](T a, T b) { return a + b; }},
              mean);
}

/// The sum of exp(x - max), as reference/scalar_math.h has it.
template <class T>
T foldExponentials(const Axes& axes, bool striped, const T* x, T max) {
  return foldSum(axes, striped, x, [](T v, T seenFrom) { return exp(v - seenFrom); }, max);
}

/// The maximum; a zero is +0.
template <std::floating_point T>
T foldMax(const Axes& axes, bool striped, const T* x) {
  using Limits = std::numeric_limits<T>;
  const auto step = [](T champion, T v, T) { return greater(champion, v); };
  return fold(axes, striped, x, {-Limits::infinity(), step, greater<T>}) + T{0};
}
template <std::floating_point T>
T foldMin(const Axes& axes, bool striped, const T* x) {
  using Limits = std::numeric_limits<T>;
  const auto step = [](T champion, T v, T) { return smaller(champion, v); };
  return fold(axes, striped, x, {Limits::infinity(), step, smaller<T>}) + T{0};
}

template <class T>
struct Moments {
  T mean, variance;
};
/// Mean and variance as ops/group_normalization.h defines them.
template <class T>
Moments<T> momentsOf(const Axes& axes, bool striped, const T* x) {
  const auto n = static_cast<T>(axes.shape.elements());
  const T mean = foldSum(axes, striped, x) / n;
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
