// Comparisons of maxima and minima. One rule for all operators: a NaN takes part as the greatest
// and as the least of numbers, so that it survives every maximum and minimum, and is the place that
// ArgMax and ArgMin name.
#pragma once

namespace minnow::kernels::reference {

/// Of integers too, none of which is a NaN.
template <class T>
bool isNan(T x) {
  return x != x;
}

/// True if `x` takes the place of `champion` as the greatest so far.
template <class T>
bool beats(T x, T champion) {
  return x > champion || (isNan(x) && !isNan(champion));
}
template <class T>
bool undercuts(T x, T champion) {
  return x < champion || (isNan(x) && !isNan(champion));
}
template <class T>
bool equals(T a, T b) {
  return a == b || (isNan(a) && isNan(b));
}

template <class T>
T greater(T a, T b) {
  return beats(b, a) ? b : a;
}
template <class T>
T smaller(T a, T b) {
  return undercuts(b, a) ? b : a;
}

}  // namespace minnow::kernels::reference
