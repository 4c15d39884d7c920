// Max and average pooling, lanes over channels: a row of output pixels at a time, each pixel's taps
// visited row-major as the reference does.
#include "kernels/simd/pool.h"
#include "kernels/simd/dispatch.h"

// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/pool.cc"
#include <hwy/foreach_target.h>
// After foreach_target.h.
#include <hwy/highway.h>

#include "kernels/pairwise.h"
#include "ops/pool.h"

#ifndef MINNOW_SIMD_POOL_ROW
#define MINNOW_SIMD_POOL_ROW
namespace minnow::kernels::simd {

/// Rows of taps, plane after plane of the input.
struct TapRows {
  const float* first;  ///< the first tap that is no padding
  int64_t planes, planeStep, rows, rowStep;

  int64_t count() const { return planes * rows; }
  const float* row(int64_t i) const {
    return planes == 1 ? first + i * rowStep : first + i / rows * planeStep + i % rows * rowStep;
  }
};

/// The taps of one output pixel, and where the result goes.
struct PoolWindow {
  TapRows rows;
  int64_t columns, columnStep;
  float scale;  ///< of an average
  float* output;
};

/// A row of output pixels.
struct PoolRow {
  TapRows rows;  ///< from column 0 on
  int64_t countedRows;
  const ops::PoolSpan* spans;  ///< of every output column
  int64_t pixels, pixelStride, columnStep;
  bool countIncludePad;
  float* output;
  int64_t outputStep, channels;
};

}  // namespace minnow::kernels::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

/// A fold begins a row of taps with beginRow(what the rows before gave) and adds it by endRow. What
/// it has gathered may be doubtful at the end: then the fold of its `Exact` does it again.

/// Rows make no difference to a maximum.
struct MaxRows {
  template <class D, class S>
  static HWY_INLINE S beginRow(D, S state) {
    return state;
  }
  template <class S>
  static HWY_INLINE S endRow(S, S state) {
    return state;
  }
};

struct ExactMaxFold : MaxRows {
  static constexpr bool kAdds = false, kDoubts = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> start(D d) {
    return hn::Neg(hn::Inf(d));
  }
  template <class V>
  static HWY_INLINE V fold(V best, V x) {
    return hn::IfThenElse(hn::Or(hn::Gt(x, best), hn::IsNaN(x)), x, best);
  }
  template <class D, class V>
  static HWY_INLINE V finish(D d, V best, float) {
    return hn::Add(best, hn::Zero(d));
  }
};

#if HWY_ARCH_ARM && HWY_TARGET != HWY_SCALAR
/// NEON's maximum (FMAX) is a NaN if either number is. Highway's own is FMAXNM on AArch64, which
/// forgets a NaN.
struct MaxFold : ExactMaxFold {
  template <class V>
  static HWY_INLINE V fold(V best, V x) {
    if constexpr (sizeof(best.raw) == sizeof(float32x4_t))
      return V(vmaxq_f32(best.raw, x.raw));
    else
      return V(vmax_f32(best.raw, x.raw));
  }
};
#elif HWY_TARGET <= HWY_AVX3
/// x86's own maximum is the second number if either is a NaN, so that a NaN among the taps gets in;
/// a mask, which costs AVX-512 nothing, keeps it there.
struct MaxFold : ExactMaxFold {
  template <class V>
  static HWY_INLINE V fold(V best, V x) {
    return hn::IfThenElse(hn::Eq(best, best), hn::Max(best, x), best);
  }
};
#else
/// x86's own maximum forgets a NaN. The sum of the taps tells whether there was one: it is a NaN
/// then (and where two infinities meet).
struct MaxFold : MaxRows {
  static constexpr bool kAdds = false, kDoubts = true;
  using Exact = ExactMaxFold;
  template <class D>
  struct State {
    hn::Vec<D> best, sum;
  };
  template <class D>
  static HWY_INLINE State<D> start(D d) {
    return {hn::Neg(hn::Inf(d)), hn::Zero(d)};
  }
  template <class S, class V>
  static HWY_INLINE S fold(S state, V x) {
    return {hn::Max(state.best, x), hn::Add(state.sum, x)};
  }
  template <class D, class S>
  static HWY_INLINE hn::Vec<D> finish(D d, S state, float) {
    return hn::Add(state.best, hn::Zero(d));
  }
};
#endif

struct AverageFold {
  static constexpr bool kAdds = true, kDoubts = false;
  template <class D>
  static HWY_INLINE hn::Vec<D> start(D d) {
    return hn::Zero(d);
  }
  template <class V>
  static HWY_INLINE V fold(V sum, V x) {
    return hn::Add(sum, x);
  }
  template <class D, class V>
  static HWY_INLINE V beginRow(D d, V) {
    return hn::Zero(d);
  }
  template <class V>
  static HWY_INLINE V endRow(V sum, V row) {
    return hn::Add(sum, row);
  }
  template <class D, class V>
  static HWY_INLINE V finish(D d, V sum, float scale) {
    return hn::Mul(sum, hn::Set(d, scale));
  }
};

/// A sum a lane in the order of kernels/pairwise.h.
template <class D>
class VectorSum {
 public:
  HWY_INLINE void add(D d, hn::Vec<D> x) {
    hn::Store(hn::Add(hn::Load(d, chain_), x), d, chain_);
    if (++length_ == kChain) endBlock(d);
  }
  HWY_INLINE hn::Vec<D> total(D d) {
    if (length_ > 0 || order_.next() == 0) endBlock(d);
    order_.finish([&](int a) HWY_ATTR { join(d, a); });
    return hn::Load(d, places_);
  }

 private:
  static constexpr size_t kLanes = hn::MaxLanes(D());
  HWY_INLINE void join(D d, int a) {
    float* first = places_ + static_cast<size_t>(a) * kLanes;
    hn::Store(hn::Add(hn::Load(d, first), hn::Load(d, first + kLanes)), d, first);
  }
  HWY_INLINE void endBlock(D d) {
    hn::Store(hn::Load(d, chain_), d, places_ + static_cast<size_t>(order_.next()) * kLanes);
    order_.push([&](int a) HWY_ATTR { join(d, a); });
    hn::Store(hn::Zero(d), d, chain_);
    length_ = 0;
  }
  PairwiseOrder order_;
  int64_t length_ = 0;
  HWY_ALIGN float chain_[kLanes] = {};
  HWY_ALIGN float places_[PairwiseOrder::kPlaces * kLanes];
};

/// True if a sum over the window has more than a block of columns or of rows.
template <class Fold>
HWY_INLINE bool inBlocks(const PoolWindow& w) {
  return Fold::kAdds && std::max(w.rows.count(), w.columns) > kChain;
}

/// Channels [c, c + a vector) of such an average.
template <class D>
HWY_NOINLINE void averageInBlocks(D d, const PoolWindow& w, int64_t c) {
  VectorSum<D> sum;
  const int64_t rows = w.rows.count();
  for (int64_t k = 0; k < rows; ++k) {
    const float* tap = w.rows.row(k) + c;
    VectorSum<D> row;
    for (int64_t kx = 0; kx < w.columns; ++kx, tap += w.columnStep) row.add(d, hn::LoadU(d, tap));
    sum.add(d, row.total(d));
  }
  hn::StoreU(AverageFold::finish(d, sum.total(d), w.scale), d, w.output + c);
}

/// Channels [c, c + a vector) of a window of kColumns columns, or of any number if that is 0.
template <class Fold, int kColumns = 0, class D>
HWY_INLINE void oneVector(D d, const PoolWindow& w, int64_t c) {
  if (inBlocks<Fold>(w)) return averageInBlocks(d, w, c);
  auto s = Fold::start(d);
  const int64_t rows = w.rows.count(), columns = kColumns > 0 ? kColumns : w.columns;
  for (int64_t k = 0; k < rows; ++k) {
    const float* tap = w.rows.row(k) + c;
    auto r = Fold::beginRow(d, s);
    for (int64_t kx = 0; kx < columns; ++kx, tap += w.columnStep)
      r = Fold::fold(r, hn::LoadU(d, tap));
    s = Fold::endRow(s, r);
  }
  if constexpr (Fold::kDoubts)
    if (HWY_UNLIKELY(!hn::AllFalse(d, hn::IsNaN(s.sum))))
      return oneVector<typename Fold::Exact>(d, w, c);
  hn::StoreU(Fold::finish(d, s, w.scale), d, w.output + c);
}

/// Channels [c, c + 4 vectors), one vector after another.
template <class Fold, class D>
HWY_NOINLINE void vectorByVector(D d, const PoolWindow& w, int64_t c) {
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  for (int64_t i = 0; i < 4; ++i) oneVector<Fold>(d, w, c + i * n);
}

/// Channels [c, c + 4 vectors), likewise.
template <class Fold, int kColumns = 0, class D>
HWY_INLINE void fourVectors(D d, const PoolWindow& w, int64_t c) {
  const size_t n = hn::Lanes(d);
  auto s0 = Fold::start(d), s1 = s0, s2 = s0, s3 = s0;
  const int64_t rows = w.rows.count(), columns = kColumns > 0 ? kColumns : w.columns;
  for (int64_t k = 0; k < rows; ++k) {
    const float* tap = w.rows.row(k) + c;
    auto r0 = Fold::beginRow(d, s0), r1 = Fold::beginRow(d, s1);
    auto r2 = Fold::beginRow(d, s2), r3 = Fold::beginRow(d, s3);
    for (int64_t kx = 0; kx < columns; ++kx, tap += w.columnStep) {
      r0 = Fold::fold(r0, hn::LoadU(d, tap));
      r1 = Fold::fold(r1, hn::LoadU(d, tap + n));
      r2 = Fold::fold(r2, hn::LoadU(d, tap + 2 * n));
      r3 = Fold::fold(r3, hn::LoadU(d, tap + 3 * n));
    }
    s0 = Fold::endRow(s0, r0);
    s1 = Fold::endRow(s1, r1);
    s2 = Fold::endRow(s2, r2);
    s3 = Fold::endRow(s3, r3);
  }
  if constexpr (Fold::kDoubts) {
    const auto sum = hn::Add(hn::Add(s0.sum, s1.sum), hn::Add(s2.sum, s3.sum));
    if (HWY_UNLIKELY(!hn::AllFalse(d, hn::IsNaN(sum))))
      return vectorByVector<typename Fold::Exact>(d, w, c);
  }
  hn::StoreU(Fold::finish(d, s0, w.scale), d, w.output + c);
  hn::StoreU(Fold::finish(d, s1, w.scale), d, w.output + c + n);
  hn::StoreU(Fold::finish(d, s2, w.scale), d, w.output + c + 2 * n);
  hn::StoreU(Fold::finish(d, s3, w.scale), d, w.output + c + 3 * n);
}

/// All channels; the last vector overlaps the one before where the count does not divide.
template <class Fold, int kColumns>
HWY_INLINE void pixel(const PoolWindow& w, int64_t channels) {
  const hn::ScalableTag<float> d;
  const auto n = static_cast<int64_t>(hn::Lanes(d));
  int64_t c = 0;
  if (!inBlocks<Fold>(w))
    for (; c + 4 * n <= channels; c += 4 * n) fourVectors<Fold, kColumns>(d, w, c);
  for (; c + n <= channels; c += n) oneVector<Fold, kColumns>(d, w, c);
  if (c == channels) return;
  const hn::CappedTag<float, 4> d4;
  const hn::CappedTag<float, 1> d1;
  if (channels >= n)
    oneVector<Fold>(d, w, channels - n);
  else if (channels >= static_cast<int64_t>(hn::Lanes(d4)))
    for (; c < channels; c += 4) oneVector<Fold>(d4, w, std::min(c, channels - 4));
  else
    for (; c < channels; ++c) oneVector<Fold>(d1, w, c);
}

template <class Fold>
HWY_INLINE void pixels(const PoolRow& row) {
  for (int64_t p = 0; p < row.pixels; ++p) {
    const ops::PoolSpan& span = row.spans[p];
    const int64_t divisor =
        row.countIncludePad ? row.countedRows * span.counted : row.rows.count() * span.count;
    TapRows rows = row.rows;
    rows.first += span.first * row.pixelStride;
    const PoolWindow window{rows, span.count, row.columnStep,
                            divisor > 0 ? 1.0f / static_cast<float>(divisor) : 0.0f,
                            row.output + p * row.outputStep};
    if (!Fold::kAdds && span.count == 3)  // the commonest
      pixel<Fold, 3>(window, row.channels);
    else
      pixel<Fold, 0>(window, row.channels);
  }
}

void maxRow(const PoolRow& row) { pixels<MaxFold>(row); }
void averageRow(const PoolRow& row) { pixels<AverageFold>(row); }

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

bool channelsAdjacent(const TensorView& view) { return view.strides[1] == 1 || view.shape[1] == 1; }

/// A spatial axis; one that a tensor does not have is like one of a single element.
struct PoolAxis {
  int64_t extent = 1, outputs = 1, xStride = 0, yStride = 0, tapStride = 0;
  int axis = -1;  ///< of ops::poolSpan()

  ops::PoolSpan span(const ops::Pool& pool, int64_t position) const {
    return axis < 0 ? ops::PoolSpan{0, 1, 1} : ops::poolSpan(pool, axis, extent, position);
  }
};

/// Both tensors as planes of rows of pixels.
class Pooling {
 public:
  Pooling(const ops::Pool& pool, const KernelArgs& args)
      : pool_(pool),
        x_(args.inputs[0]),
        y_(args.outputs[0]),
        planes_(axis(3)),
        rows_(axis(2)),
        columns_(axis(1)),
        asked_(args.rows.within(rows_.outputs)) {}

  int64_t planes() const { return planes_.outputs; }
  const OutputRows& rows() const { return asked_; }
  int64_t columns() const { return columns_.outputs; }
  /// How many taps a window without padding has.
  int64_t taps() const {
    int64_t taps = 1;
    for (int s = 0; s < x_.shape.rank() - 2; ++s)
      taps *= pool_.global ? x_.shape[s + 2] : pool_.kernel[s];
    return taps;
  }
  ops::PoolSpan column(int64_t position) const { return columns_.span(pool_, position); }
  /// Channels [firstChannel, firstChannel + channels) of an output row.
  PoolRow row(int64_t image, int64_t plane, int64_t position, int64_t firstChannel,
              int64_t channels, const ops::PoolSpan* spans) const {
    const ops::PoolSpan z = planes_.span(pool_, plane), y = rows_.span(pool_, position);
    const float* input = x_.as<const float>() + image * x_.strides[0] + firstChannel +
                         z.first * planes_.xStride + y.first * rows_.xStride;
    float* output = y_.as<float>() + image * y_.strides[0] + firstChannel +
                    plane * planes_.yStride + position * rows_.yStride;
    return {{input, z.count, planes_.tapStride, y.count, rows_.tapStride},
            z.counted * y.counted,
            spans,
            columns(),
            columns_.xStride,
            columns_.tapStride,
            pool_.countIncludePad,
            output,
            columns_.yStride,
            channels};
  }

 private:
  /// The axis that is `fromEnd` from the end: 1 is the last.
  PoolAxis axis(int fromEnd) const {
    const int at = x_.shape.rank() - fromEnd;
    if (at < 2) return {};
    const int64_t step = pool_.global ? 1 : pool_.dilations[at - 2];
    return {x_.shape[at],   y_.shape[at],          x_.strides[at],
            y_.strides[at], step * x_.strides[at], at - 2};
  }

  const ops::Pool& pool_;
  const TensorView& x_;
  const TensorView& y_;
  PoolAxis planes_, rows_, columns_;
  OutputRows asked_;
};

/// Threads share the channels of a global pooling, and the rows of any other.
constexpr int64_t kChannelBlock = 64;
/// Below this a second thread would wake after the work is done.
constexpr int64_t kFloatsWorthSharing = 1 << 16;

/// Units of which each reads `floats` that one thread should take at least.
int64_t grainOf(int64_t floats) { return std::max<int64_t>(1, kFloatsWorthSharing / (floats + 1)); }

}  // namespace

bool acceptsPool(const ops::Operator& op, std::span<const TensorView> inputs,
                 std::span<const TensorView> outputs) {
  const auto& pool = static_cast<const ops::Pool&>(op);
  const int rank = inputs[0].shape.rank();
  return inputs[0].type == DataType::Float32 && pool.fn != ops::PoolFn::Lp && !pool.indices &&
         rank >= 3 && rank <= 5 && channelsAdjacent(inputs[0]) && channelsAdjacent(outputs[0]);
}

size_t poolWorkspace(const ops::Operator&, std::span<const TensorView>,
                     std::span<const TensorView> outputs, const CallShape&) {
  const Shape& y = outputs[0].shape;
  return static_cast<size_t>(y[y.rank() - 1]) * sizeof(ops::PoolSpan);
}

Result<void> runPool(const ops::Operator& op, const KernelArgs& args) {
  const auto& pool = static_cast<const ops::Pool&>(op);
  const Pooling pooling(pool, args);
  const Shape& y = args.outputs[0].shape;
  auto* spans = reinterpret_cast<ops::PoolSpan*>(args.workspace.data());
  for (int64_t i = 0; i < pooling.columns(); ++i) spans[i] = pooling.column(i);
  const int64_t firstRow = pooling.rows().begin, rows = pooling.rows().end - firstRow;
  const int64_t block = pool.global ? kChannelBlock : std::max<int64_t>(y[1], 1);
  const int64_t blocks = (y[1] + block - 1) / block;
  const auto run =
      pool.fn == ops::PoolFn::Max ? MINNOW_DISPATCH(maxRow) : MINNOW_DISPATCH(averageRow);
  const int64_t grain = grainOf(pooling.columns() * block * pooling.taps());
  args.team->parallelFor(y[0] * pooling.planes() * rows * blocks, grain,
                         [&](int64_t begin, int64_t end) {
                           for (int64_t i = begin; i < end; ++i) {
                             const int64_t first = i % blocks * block;
                             const int64_t plane = i / blocks / rows;
                             run(pooling.row(plane / pooling.planes(), plane % pooling.planes(),
                                             firstRow + i / blocks % rows, first,
                                             std::min(block, y[1] - first), spans));
                           }
                         });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
