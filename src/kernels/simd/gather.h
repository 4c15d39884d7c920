// Rows whose elements lie apart, brought together a piece at a time for kernels that want them
// adjacent.
#pragma once

#include <algorithm>
#include <cstdint>

namespace minnow::kernels::simd {

inline constexpr int64_t kPiece = 128;

/// Calls fn(first, count) for pieces of at most kPiece elements.
template <class F>
void inPieces(int64_t n, F&& fn) {
  for (int64_t i = 0; i < n; i += kPiece) fn(i, std::min(kPiece, n - i));
}

template <class T>
void gather(const T* from, int64_t step, int64_t n, T* to) {
  for (int64_t i = 0; i < n; ++i) to[i] = from[i * step];
}

template <class T>
void scatter(const T* from, int64_t n, T* to, int64_t step) {
  for (int64_t i = 0; i < n; ++i) to[i * step] = from[i];
}

}  // namespace minnow::kernels::simd
