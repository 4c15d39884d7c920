// Pooling, one window at a time: the order of taps that every other kernel must reproduce.
#include "ops/pool.h"

#include <cmath>
#include <limits>

#include "kernels/double_math.h"
#include "kernels/element_types.h"
#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/pairwise.h"
#include "kernels/reference/extremes.h"

namespace minnow::kernels::reference {
namespace {

using Index = std::array<int64_t, kMaxRank>;

/// The taps of one output element that fall on the input.
struct Taps {
  Index first{};        ///< input index of the first one
  Shape counts;         ///< how many along each spatial axis
  int64_t divisor = 1;  ///< of an average
};

Taps tapsOf(const ops::Pool& pool, const Shape& x, const Index& out) {
  Taps taps;
  taps.first[0] = out[0], taps.first[1] = out[1];
  for (int axis = 2; axis < x.rank(); ++axis) {
    const ops::PoolSpan span = ops::poolSpan(pool, axis - 2, x[axis], out[axis]);
    taps.first[axis] = span.first;
    taps.counts.push_back(span.count);
    taps.divisor *= pool.countIncludePad ? span.counted : span.count;
  }
  return taps;
}

/// Calls fn(value, tap) for every tap in order; tap counts along the spatial axes.
template <class T, class F>
void forEachTap(const ops::Pool& pool, const TensorView& x, const Taps& taps, F&& fn) {
  const T* first = x.as<const T>() + offsetOf(taps.first, x.strides, x.shape.rank());
  Strides steps{};
  for (int s = 0; s < taps.counts.rank(); ++s)
    steps[s] = x.strides[s + 2] * (pool.global ? 1 : pool.dilations[s]);
  forEachIndex(taps.counts,
               [&](const Index& tap) { fn(first[offsetOf(tap, steps, taps.counts.rank())], tap); });
}

/// Position in the flattened input of a tap, as ONNX MaxPool counts Indices.
int64_t flatIndex(const ops::Pool& pool, const Shape& x, const Taps& taps, const Index& tap) {
  int64_t flat = 0, step = 1;
  const int spatial = x.rank() - 2;
  for (int i = 0; i < spatial; ++i) {
    const int s = pool.columnMajor ? i : spatial - 1 - i;
    flat += (taps.first[s + 2] + tap[s] * (pool.global ? 1 : pool.dilations[s])) * step;
    step *= x[s + 2];
  }
  return flat + (taps.first[0] * x[1] + taps.first[1]) * step;
}

template <class T>
T maximum(const ops::Pool& pool, const TensorView& x, const Taps& taps, int64_t* index) {
  T best = std::numeric_limits<T>::has_infinity ? -std::numeric_limits<T>::infinity()
                                                : std::numeric_limits<T>::lowest();
  Index where{};
  forEachTap<T>(pool, x, taps, [&](T value, const Index& tap) {
    if (beats(value, best)) best = value, where = tap;
  });
  if (index) *index = flatIndex(pool, x.shape, taps, where);
  return static_cast<T>(best + T{0});
}

template <class T>
T average(const ops::Pool& pool, const TensorView& x, const Taps& taps) {
  LongSum<T> sum, row;
  const int last = taps.counts.rank() - 1;
  forEachTap<T>(pool, x, taps, [&](T value, const Index& tap) {
    row.add(value);
    if (tap[last] + 1 == taps.counts[last]) sum.add(row.total()), row = {};
  });
  return taps.divisor > 0 ? sum.total() * (T(1) / static_cast<T>(taps.divisor)) : T(0);
}

template <class T>
T norm(const ops::Pool& pool, const TensorView& x, const Taps& taps) {
  if (pool.p > 2) {
    double sum = 0;
    forEachTap<T>(pool, x, taps, [&](T value, const Index&) {
      sum += in_double::pow(std::fabs(static_cast<double>(value)), static_cast<double>(pool.p));
    });
    return convert<T>(in_double::pow(sum, 1.0 / static_cast<double>(pool.p)));
  }
  LongSum<T> sum;
  forEachTap<T>(pool, x, taps, [&](T value, const Index&) {
    if (pool.p == 2)
      sum.addSquare(value);
    else
      sum.add(std::fabs(value));
  });
  return pool.p == 2 ? std::sqrt(sum.total()) : sum.total();
}

template <class T>
T pooled(const ops::Pool& pool, const TensorView& x, const Taps& taps, int64_t* index) {
  if constexpr (std::is_floating_point_v<T>) {
    if (pool.fn == ops::PoolFn::Average) return average<T>(pool, x, taps);
    if (pool.fn == ops::PoolFn::Lp) return norm<T>(pool, x, taps);
  }
  return maximum<T>(pool, x, taps, index);
}

template <class T>
Result<void> run(const ops::Pool& pool, const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const TensorView* indices =
      pool.indices && args.outputs.size() > 1 && args.outputs[1] ? &args.outputs[1] : nullptr;
  forEachIndexInRows(y.shape, args.rows, [&](const Index& out) {
    const Taps taps = tapsOf(pool, x.shape, out);
    int64_t* index = indices
                         ? indices->as<int64_t>() + offsetOf(out, indices->strides, y.shape.rank())
                         : nullptr;
    y.as<T>()[offsetOf(out, y.strides, y.shape.rank())] = pooled<T>(pool, x, taps, index);
  });
  return {};
}

}  // namespace

Result<void> runPool(const ops::Operator& op, const KernelArgs& args) {
  const auto& pool = static_cast<const ops::Pool&>(op);
  switch (args.inputs[0].type) {
    case DataType::Float64:
      return run<double>(pool, args);
    case DataType::Uint8:
      return run<uint8_t>(pool, args);
    case DataType::Int8:
      return run<int8_t>(pool, args);
    default:
      return run<float>(pool, args);
  }
}

}  // namespace minnow::kernels::reference
