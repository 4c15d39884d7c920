// Functions of bytes with AVX-512 VBMI: one instruction looks 64 bytes up in a table of 128.
#include "kernels/simd/byte_tile.h"

#if defined(__x86_64__)
#ifdef __GNUC__  // g++ 12 warns of its own header (its bug 105593)
#pragma GCC diagnostic ignored "-Wuninitialized"
#endif
#include <immintrin.h>
#define MINNOW_VBMI __attribute__((target("avx512f,avx512bw,avx512vbmi")))

namespace minnow::kernels::simd {
namespace {

class Table {
 public:
  MINNOW_VBMI explicit Table(const uint8_t* table)
      : parts_{_mm512_loadu_si512(table), _mm512_loadu_si512(table + 64),
               _mm512_loadu_si512(table + 128), _mm512_loadu_si512(table + 192)} {}
  MINNOW_VBMI __m512i at(__m512i x) const {
    const __m512i low = _mm512_permutex2var_epi8(parts_[0], x, parts_[1]);
    const __m512i high = _mm512_permutex2var_epi8(parts_[2], x, parts_[3]);
    return _mm512_mask_blend_epi8(_mm512_movepi8_mask(x), low, high);
  }

 private:
  __m512i parts_[4];
};

}  // namespace

MINNOW_VBMI void lookUpVbmi(const ByteLookUp& work) {
  constexpr int64_t kLanes = 64;
  const Table table(work.table);
  const int64_t whole = work.count / kLanes * kLanes;
  const __mmask64 rest = (uint64_t{1} << work.count % kLanes) - 1;
  for (int64_t row = 0; row < work.rows; ++row) {
    const uint8_t* x = work.x + row * work.xStep;
    uint8_t* y = work.y + row * work.yStep;
    for (int64_t i = 0; i < whole; i += kLanes)
      _mm512_storeu_si512(y + i, table.at(_mm512_loadu_si512(x + i)));
    if (rest)
      _mm512_mask_storeu_epi8(y + whole, rest, table.at(_mm512_maskz_loadu_epi8(rest, x + whole)));
  }
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
void lookUpVbmi(const ByteLookUp&) {}
}  // namespace minnow::kernels::simd
#endif
