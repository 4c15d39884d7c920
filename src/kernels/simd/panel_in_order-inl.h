// A tile's inner loop for AArch64 cores that issue two instructions a cycle in order (Cortex-A53, A55).
// There a multiply-add of 128 bits waits for a 128-bit load, but not for a 64-bit one into a general
// register, and two operations on 64 bits take one cycle together. So a vector of weights comes in two
// halves: the lower is loaded beside the insertion of another's upper one. Input elements come in twos,
// of two pixels in a register. Same products, same order, same bits; a third more instructions. Include
// after <hwy/highway.h> in a file compiled once a target.
#if defined(MINNOW_SIMD_PANEL_IN_ORDER_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_SIMD_PANEL_IN_ORDER_INL_H_
#undef MINNOW_SIMD_PANEL_IN_ORDER_INL_H_
#else
#define MINNOW_SIMD_PANEL_IN_ORDER_INL_H_
#endif

#include <hwy/highway.h>

#include <utility>

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_ARCH_ARM_A64

/// Instructions stay in the order in which they are written. A round is four steps of the reduction:
/// 4 * kVectors vectors of weights, each for all pixels. What the next round begins with is loaded at
/// the end of a round, but for the last.
template <int kPixels, int kVectors>
class InOrderLoop {
 public:
  using V = hn::Vec<hn::CappedTag<float, 4>>;
  using Sums = V[kPixels][kVectors];
  static constexpr int kSteps = 4;

  /// Pixel p lies at input + p * step. `rounds` is at least 1.
  static HWY_INLINE void run(const float* input, int64_t step, const float* row, int64_t rounds,
                             Sums& sum) {
    InOrderLoop loop;
    for (int p = 0; p < kPixels; ++p) loop.pixels_[p] = input + p * step;
    loop.row_ = row;
    loop.begin(std::make_integer_sequence<int, kPairs>());
    for (;; loop.row_ += kAll * 4) {
      loop.vectors<0>(sum, std::make_integer_sequence<int, kAll - kAhead>());
      if (--rounds == 0) break;
      loop.vectors<kAll - kAhead, true>(sum, std::make_integer_sequence<int, kAhead>());
    }
    loop.vectors<kAll - kAhead>(sum, std::make_integer_sequence<int, kAhead>());
  }

 private:
  static constexpr int kAll = kSteps * kVectors;
  static constexpr int kAhead = 2;  ///< vectors between the loading and the use of one
  static constexpr int kWeights = 4;
  static constexpr int kPairs = (kPixels + 1) / 2;
  /// Pairs of pixels that have two registers, so that the next elements are loaded while these are
  /// in use; the others' are loaded between two uses.
  static constexpr int kTwice = HWY_MIN(kPairs, 32 - kPixels * kVectors - kPairs - kWeights);
  struct alignas(4) Two {
    float x[2];
  };

  /// Two steps of a pair of pixels.
  static constexpr int inputOf(int steps, int pair) {
    return steps % 2 == 1 && pair < kTwice ? kPairs + pair : pair;
  }
  /// True for the last vector of two steps, where the pixels that have one register come first.
  static constexpr bool endsSteps(int i) { return i % (2 * kVectors) == 2 * kVectors - 1; }
  static constexpr int pixelAt(int i, int place) {
    return endsSteps(i) ? (place + 2 * kTwice) % kPixels : place;
  }

  HWY_INLINE void loadLower(int i) {
    asm volatile("ldr %d0, %1" : "=w"(weight_[i % kWeights]) : "m"(*weights(i)));
  }
  HWY_INLINE void loadUpper(int i) {
    asm volatile("ldr %0, %1" : "=r"(upper_[i % kAhead]) : "m"(weights(i)[1]));
  }
  HWY_INLINE void insertUpper(int i) {
    asm volatile("ins %0.d[1], %1" : "+w"(weight_[i % kWeights]) : "r"(upper_[i % kAhead]));
  }
  const Two* weights(int i) const { return reinterpret_cast<const Two*>(row_ + 4 * i); }

  /// The next two elements of a pair's first and second pixel.
  HWY_INLINE void loadFirst(int steps, int pair) {
    const float*& from = pixels_[2 * pair];
    asm volatile("ldr %d0, [%1], #8"
                 : "=w"(input_[inputOf(steps, pair)]), "+r"(from)
                 : "m"(*reinterpret_cast<const Two*>(from)));
  }
  HWY_INLINE void loadSecond(int steps, int pair) {
    if (2 * pair + 1 == kPixels) return;
    const float*& from = pixels_[2 * pair + 1];
    asm volatile("ld1 {%0.d}[1], [%1], #8"
                 : "+w"(input_[inputOf(steps, pair)]), "+r"(from)
                 : "m"(*reinterpret_cast<const Two*>(from)));
  }

  template <int... pair>
  HWY_INLINE void begin(std::integer_sequence<int, pair...>) {
    loadUpper(0);
    loadLower(0);
    (loadFirst(0, pair), ...);
    loadUpper(1);
    loadLower(1);
    insertUpper(0);
    (loadSecond(0, pair), ...);
  }

  template <int kFirst, bool kMore = false, int... i>
  HWY_INLINE void vectors(Sums& sum, std::integer_sequence<int, i...>) {
    (vector<kFirst + i, kMore>(sum, std::make_integer_sequence<int, kPixels>()), ...);
  }
  template <int i, bool kMore, int... place>
  HWY_INLINE void vector(Sums& sum, std::integer_sequence<int, place...>) {
    (multiplyAdd<i, place, kMore>(sum), ...);
  }

  /// Vector i of a round by a pixel, and what is loaded beside it.
  template <int i, int kPlace, bool kMore>
  HWY_INLINE void multiplyAdd(Sums& sum) {
    constexpr int k = i / kVectors, p = pixelAt(i, kPlace);
    asm volatile("fmla %0.4s, %1.4s, %2.s[%3]"
                 : "+w"(sum[p][i % kVectors].raw)
                 : "w"(weight_[i % kWeights]), "w"(input_[inputOf(k / 2, p / 2)]),
                   "i"(p % 2 * 2 + k % 2));
    constexpr bool kLoads = kMore || i + kAhead < kAll;
    if (kPlace == 0 && kLoads) loadUpper(i + kAhead);
    if (kPlace == 1) {
      if (kLoads) loadLower(i + kAhead);
      if (kMore || i + 1 < kAll) insertUpper(i + 1);
    }
    if (kMore || k < 2) loadInputs<i, kPlace>();
  }

  template <int i, int kPlace>
  HWY_INLINE void loadInputs() {
    constexpr int kNext = i / kVectors / 2 + 1;
    constexpr int kLast = kPixels - 1;
    if (endsSteps(i + 1) && kPlace == HWY_MIN(3, kLast))
      for (int pair = 0; pair < kTwice; ++pair) loadFirst(kNext, pair);
    if (!endsSteps(i)) return;
    if (kPlace == HWY_MIN(3, kLast))
      for (int pair = 0; pair < kTwice; ++pair) loadSecond(kNext, pair);
    constexpr int p = pixelAt(i, kPlace);
    if (p / 2 >= kTwice && (p % 2 == 1 || p == kLast)) loadFirst(kNext, p / 2);
    if (kPlace == kLast)
      for (int pair = kTwice; pair < kPairs; ++pair) loadSecond(kNext, pair);
  }

  const float* row_;
  const float* pixels_[kPixels];
  uint64_t upper_[kAhead];
  float32x4_t weight_[kWeights];
  float32x4_t input_[kPairs + kTwice];
};

#endif

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_SIMD_PANEL_IN_ORDER_INL_H_
