// A tile's inner loop for AArch64: a multiply-add takes its input element out of a vector's lane, so that
// a register holds four of a pixel. What counts are instructions beside the multiply-adds, which cores
// that issue out of order do side by side as long as they can fetch them. Tile of 5 pixels and 16 outputs,
// eight steps of the reduction: 160 multiply-adds, 8 loads of four vectors of weights, 7 loads of input, 2
// to go round. Include after <hwy/highway.h> in a file compiled once a target.
#if defined(MINNOW_SIMD_PANEL_BY_LANE_INL_H_) == defined(HWY_TARGET_TOGGLE)
#ifdef MINNOW_SIMD_PANEL_BY_LANE_INL_H_
#undef MINNOW_SIMD_PANEL_BY_LANE_INL_H_
#else
#define MINNOW_SIMD_PANEL_BY_LANE_INL_H_
#endif

#include <hwy/highway.h>

#include <utility>

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {
namespace hn = hwy::HWY_NAMESPACE;

#if HWY_ARCH_ARM_A64

/// Instructions stay in the order in which they are written: GCC's scheduler would load ahead until
/// sums move to the stack.
template <int kPixels, int kVectors>
class LaneLoop {
 public:
  using V = hn::Vec<hn::CappedTag<float, 4>>;
  using Sums = V[kPixels][kVectors];
  using Pointers = const float* [kPixels];

  /// The first four steps: sums begin with a product each.
  static HWY_INLINE void begin(Pointers& pixels, const float*& row, Sums& sum) {
    LaneLoop().round<4, true>(pixels, row, sum);
  }
  /// `steps` further ones, a multiple of four; pointers move on.
  static HWY_INLINE void run(Pointers& pixels, const float*& row, int64_t steps, Sums& sum) {
    LaneLoop loop;
    if (steps & 4) loop.round<4>(pixels, row, sum);
    for (int64_t rounds = steps >> 3; rounds > 0; --rounds) loop.round<8>(pixels, row, sum);
  }

 private:
  using Four = float32x4x4_t;
  static constexpr int kFree = 32 - kPixels * (kVectors + 1) - 4;
  /// Pixels of which eight elements come by one instruction; of the others four.
  static constexpr int kByEight = HWY_MIN(kFree, kPixels);
  /// Where registers are left, weights are loaded while others are in use, to cover their latency.
  static constexpr int kGroups = kFree - kByEight >= 4 ? 2 : 1;

  using EachPixel = std::make_integer_sequence<int, kPixels>;

  template <int kSteps, bool kBegins = false>
  HWY_INLINE void round(Pointers& pixels, const float*& row, Sums& sum) {
    loadInputs<kSteps == 8>(pixels, EachPixel());
    Four even, odd;  // groups of weights
    if (kGroups == 2) loadWeights(row, even);
    vectors<kSteps, kBegins>(pixels, row, even, odd, sum,
                             std::make_integer_sequence<int, kSteps * kVectors>());
  }
  template <int kSteps, bool kBegins, int... i>
  HWY_INLINE void vectors(Pointers& pixels, const float*& row, Four& even, Four& odd, Sums& sum,
                          std::integer_sequence<int, i...>) {
    (vector<kSteps, kBegins, i>(pixels, row, i / 4 % kGroups == 0 ? even : odd,
                                i / 4 % kGroups == kGroups - 1 ? even : odd, sum, EachPixel()),
     ...);
  }

  /// Vector i of the weights of a round, for every pixel.
  template <int kSteps, bool kBegins, int i, int... p>
  HWY_INLINE void vector(Pointers& pixels, const float*& row, Four& weights, Four& next, Sums& sum,
                         std::integer_sequence<int, p...>) {
    constexpr int kNext = i + 4 * (kGroups - 1);
    if constexpr (i % 4 == 0 && kNext < kSteps * kVectors) loadWeights(row, next);
    if constexpr (i == 4 * kVectors) (loadOtherInput<p>(pixels), ...);
    (multiplyAdd < i / kVectors, i % 4, p, kBegins && i<kVectors>(weights, sum[p][i % kVectors]),
     ...);
  }

  template <int kStep, int kWeight, int p, bool kBegins>
  HWY_INLINE void multiplyAdd(const Four& weights, V& sum) {
    const float32x4_t& x = kStep < 4 || p >= kByEight ? first_[p] : second_[p % kSeconds];
#define MINNOW_FMLA(vector, operand)                      \
  if constexpr (kBegins) {                                \
    asm volatile("fmul %0.4s, " vector ".4s, %2.s[%3]"    \
                 : "=w"(sum.raw)                          \
                 : "w"(operand), "w"(x), "i"(kStep % 4)); \
  } else {                                                \
    asm volatile("fmla %0.4s, " vector ".4s, %2.s[%3]"    \
                 : "+w"(sum.raw)                          \
                 : "w"(operand), "w"(x), "i"(kStep % 4)); \
  }
#if HWY_COMPILER_CLANG
    MINNOW_FMLA("%1", weights.val[kWeight])
#else  // which would copy a part of the four
    if constexpr (kWeight == 0) {
      MINNOW_FMLA("%S1", weights)
    }
    if constexpr (kWeight == 1) {
      MINNOW_FMLA("%T1", weights)
    }
    if constexpr (kWeight == 2) {
      MINNOW_FMLA("%U1", weights)
    }
    if constexpr (kWeight == 3) {
      MINNOW_FMLA("%V1", weights)
    }
#endif
#undef MINNOW_FMLA
  }

  /// The next four vectors, by one instruction.
  static HWY_INLINE void loadWeights(const float*& row, Four& weights) {
#if HWY_COMPILER_CLANG
    weights = vld1q_f32_x4(row);
    row += 16;
#else
    asm volatile("ld1 {%S0.4s - %V0.4s}, [%1], #64"
                 : "=w"(weights), "+r"(row)
                 : "m"(*reinterpret_cast<const float(*)[16]>(row)));
#endif
  }

  template <bool kEight, int... p>
  HWY_INLINE void loadInputs(Pointers& pixels, std::integer_sequence<int, p...>) {
    (loadInput<kEight, p>(pixels[p]), ...);
  }
  template <bool kEight, int p>
  HWY_INLINE void loadInput(const float*& from) {
    if constexpr (kEight && p < kByEight)
      asm volatile("ldp %q0, %q1, [%2], #32"
                   : "=w"(first_[p]), "=w"(second_[p]), "+r"(from)
                   : "m"(*reinterpret_cast<const float(*)[8]>(from)));
    else
      asm volatile("ldr %q0, [%1], #16"
                   : "=w"(first_[p]), "+r"(from)
                   : "m"(*reinterpret_cast<const float(*)[4]>(from)));
  }
  template <int p>
  HWY_INLINE void loadOtherInput(Pointers& pixels) {
    if constexpr (p >= kByEight) loadInput<false, p>(pixels[p]);
  }

  static constexpr int kSeconds = HWY_MAX(kByEight, 1);
  float32x4_t first_[kPixels], second_[kSeconds];
};

#endif

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#endif  // MINNOW_SIMD_PANEL_BY_LANE_INL_H_
