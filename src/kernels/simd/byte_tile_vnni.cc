// The tile of bytes with AVX-512 VNNI: one instruction multiplies four bytes of x by four weights in
// each of 16 channels and adds all to the sums, without saturation.
#include "kernels/simd/byte_tile_rows.h"

#if defined(__x86_64__)
#ifdef __GNUC__  // g++ 12 warns of its own header (its bug 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>

#include <algorithm>
#include <cstring>
#include <type_traits>
#define MINNOW_VNNI __attribute__((target("avx512f,avx512bw,avx512vl,avx512vnni")))

namespace minnow::kernels::simd {
namespace {

/// Of two panels, 16 sums, and what takes them to bytes: 12 rows would keep half of their sums on the stack.
constexpr int kRowsToBytes = 8;

/// Sums become bytes while they are in registers: factors are small (SumsToBytes::isSmall).
template <class T>
struct BytesOf {
  static constexpr bool kSigned = std::is_signed_v<T>;

  /// Two panels of two rows: packed by fours of channels, then put in order.
  MINNOW_VNNI static void store(const ByteTile& tile, int row, bool hasTwo, __m512i a, __m512i b,
                                __m512i c, __m512i d) {
    const SumsToBytes& to = *tile.to;
    const __m512i bytes = packed(to, a, b, c, d, BytePanels::kOutputs);
    store32(to.y + tile.places[row], _mm512_castsi512_si256(bytes));
    if (hasTwo) store32(to.y + tile.places[row + 1], _mm512_extracti64x4_epi64(bytes, 1));
  }
  /// One panel of up to four rows.
  MINNOW_VNNI static void store(const ByteTile& tile, int row, int rows, const __m512i (&sums)[4]) {
    const SumsToBytes& to = *tile.to;
    const __m512i bytes = packed(to, sums[0], sums[1], sums[2], sums[3], 0);
    store16(to.y + tile.places[row], _mm512_castsi512_si128(bytes));
    if (rows > 1) store16(to.y + tile.places[row + 1], _mm512_extracti32x4_epi32(bytes, 1));
    if (rows > 2) store16(to.y + tile.places[row + 2], _mm512_extracti32x4_epi32(bytes, 2));
    if (rows > 3) store16(to.y + tile.places[row + 3], _mm512_extracti32x4_epi32(bytes, 3));
  }

 private:
  /// 64 sums, of which b and d are `column` channels further than a and c, to bytes as they lay.
  MINNOW_VNNI static __m512i packed(const SumsToBytes& to, __m512i a, __m512i b, __m512i c,
                                    __m512i d, int64_t column) {
    const __m512i first = rounded(to, a, b, column), second = rounded(to, c, d, column);
    const __m512i bytes =
        kSigned ? _mm512_packs_epi16(first, second) : _mm512_packus_epi16(first, second);
    const __m512i order = _mm512_setr_epi32(0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15);
    return _mm512_permutexvar_epi32(order, clamped(to, bytes));
  }
  MINNOW_VNNI static __m512i rounded(const SumsToBytes& to, __m512i a, __m512i b, int64_t column) {
    return _mm512_adds_epi16(_mm512_packs_epi32(whole(to, a, 0), whole(to, b, column)),
                             _mm512_set1_epi16(static_cast<int16_t>(to.to.zero)));
  }
  MINNOW_VNNI static __m512i whole(const SumsToBytes& to, __m512i sums, int64_t column) {
    const __m512 factors = _mm512_loadu_ps(to.factors + column);
    return _mm512_cvtps_epi32(_mm512_mul_ps(_mm512_cvtepi32_ps(sums), factors));
  }
  MINNOW_VNNI static __m512i clamped(const SumsToBytes& to, __m512i bytes) {
    const __m512i least = _mm512_set1_epi8(static_cast<char>(to.to.least));
    const __m512i most = _mm512_set1_epi8(static_cast<char>(to.to.most));
    return kSigned ? _mm512_min_epi8(_mm512_max_epi8(bytes, least), most)
                   : _mm512_min_epu8(_mm512_max_epu8(bytes, least), most);
  }
  MINNOW_VNNI static void store16(uint8_t* to, __m128i bytes) {
    _mm_storeu_si128(reinterpret_cast<__m128i*>(to), bytes);
  }
  MINNOW_VNNI static void store32(uint8_t* to, __m256i bytes) {
    _mm256_storeu_si256(reinterpret_cast<__m256i*>(to), bytes);
  }
};

/// Stores bytes of T, or the sums themselves where that is int32_t. An instruction that flips x would
/// wait for those that multiply, so that it is only there for the x that need it.
template <class T, bool Flips>
struct VnniTile {
  template <int Rows, int Panels>
  struct Of {
    MINNOW_VNNI static void run(const ByteTile& tile) {
      __m512i sums[Rows][Panels];
#pragma GCC unroll 12
      for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
        for (int p = 0; p < Panels; ++p)
          sums[r][p] = _mm512_loadu_si512(tile.start + p * BytePanels::kOutputs);
      [[maybe_unused]] const __m512i flip = _mm512_set1_epi32(static_cast<int32_t>(tile.flip));
      const std::byte* w = tile.panels;
      const uint8_t* x[(Rows + 2) / 3];  // an address is one of these and 0, 1 or 2 times a step
#pragma GCC unroll 4
      for (int r = 0; r < Rows; r += 3) {
        x[r / 3] = tile.x + r * tile.rowStep;
        __asm__("" : "+r"(x[r / 3]));  // else a register for every row, which there are not
      }
      const int64_t rowStep = tile.rowStep, panelBytes = tile.panelBytes;
      for (int64_t step = 0; step < tile.steps; ++step) {
        __m512i weights[Panels];
#pragma GCC unroll 2
        for (int p = 0; p < Panels; ++p) weights[p] = _mm512_loadu_si512(w + p * panelBytes);
#pragma GCC unroll 12
        for (int r = 0; r < Rows; ++r) {
          int32_t four;
          std::memcpy(&four, x[r / 3] + r % 3 * rowStep, sizeof four);
          __m512i both = _mm512_set1_epi32(four);
          if constexpr (Flips) both = _mm512_xor_si512(both, flip);
#pragma GCC unroll 2
          for (int p = 0; p < Panels; ++p)
            sums[r][p] = _mm512_dpbusd_epi32(sums[r][p], both, weights[p]);
        }
#pragma GCC unroll 4
        for (const uint8_t*& row : x) row += BytePanels::kSteps;
        w += BytePanels::kStepBytes;
      }
      if constexpr (std::is_same_v<T, int32_t>) {
#pragma GCC unroll 12
        for (int r = 0; r < Rows; ++r)
#pragma GCC unroll 2
          for (int p = 0; p < Panels; ++p)
            _mm512_storeu_si512(tile.sums + r * kByteColumns + p * BytePanels::kOutputs,
                                sums[r][p]);
      } else if constexpr (Panels == 1) {
#pragma GCC unroll 3
        for (int r = 0; r < Rows; r += 4) {
          constexpr int kLast = Rows - 1;
          const __m512i four[4] = {sums[r][0], sums[std::min(r + 1, kLast)][0],
                                   sums[std::min(r + 2, kLast)][0],
                                   sums[std::min(r + 3, kLast)][0]};
          BytesOf<T>::store(tile, r, Rows - r, four);
        }
      } else {
#pragma GCC unroll 4
        for (int r = 0; r < Rows; r += 2) {
          const int next = r + 1 < Rows ? r + 1 : r;
          BytesOf<T>::store(tile, r, next > r, sums[r][0], sums[r][1], sums[next][0],
                            sums[next][1]);
        }
      }
    }
  };
};

template <class T, bool Flips>
void runAs(const ByteTile& tile, int64_t rows, int64_t panels) {
  constexpr int kRows = std::is_same_v<T, int32_t> ? kByteRows : kRowsToBytes;
  panels == 1 ? runByteRows<VnniTile<T, Flips>::template Of, kByteRows, 1>(tile, rows)
              : runByteRows<VnniTile<T, Flips>::template Of, kRows, 2>(tile, rows);
}

template <class T>
void runFor(const ByteTile& tile, int64_t rows, int64_t panels) {
  tile.flip ? runAs<T, true>(tile, rows, panels) : runAs<T, false>(tile, rows, panels);
}

}  // namespace

ByteTiles byteTilesVnni() {
  return {.sums = runFor<int32_t>,
          .bytes =
              [](const ByteTile& tile, int64_t rows, int64_t panels) {
                tile.to->isSigned ? runFor<int8_t>(tile, rows, panels)
                                  : runFor<uint8_t>(tile, rows, panels);
              },
          .suits =
              [](const SumsToBytes& to) {
                return to.to.rule == ops::QuantisationRule::OnnxRuntime && to.isSmall;
              },
          .mostSteps = 32};
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
ByteTiles byteTilesVnni() { return {}; }
}  // namespace minnow::kernels::simd
#endif
