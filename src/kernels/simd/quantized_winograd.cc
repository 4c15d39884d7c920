// 3x3 convolutions of bytes by Winograd's F(2,3), for AVX2: 16 products stand for 36. All is in
// integers and exact. Of bytes less a zero point numbers of 11 bits become at the points of a tile,
// of weights, taken twice along each axis, such of 12: four times each result comes back, modulo
// 2^32, and is surely less than 2^31. So bits are those of other kernels. With a dot product of four
// bytes it would gain nothing.
#include "kernels/simd/byte_tile.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/quantized.h"
#include "kernels/simd/quantized_parts.h"
#include "kernels/simd/scratch.h"

#if defined(__x86_64__)
#include "kernels/simd/byte_pairs_avx2.h"

namespace minnow::kernels::simd {
namespace {

using namespace avx2;

constexpr int kSide = 2, kPatch = kSide + 2, kPoints = kPatch * kPatch;
constexpr int64_t kOutputs = BytePanels::kOutputs, kLanes = 16;
constexpr int64_t kMostChannels = 1024;  ///< 4 * 9 * 255 * 128 * 1024 is less than 2^31
constexpr int64_t kFewestTiles = 12;     ///< for fewer, weights take too long to transform
constexpr int64_t kMostTiles = 128, kTileBytes = 512 * 1024;

/// Tiles of 2x2 results over all images, in blocks.
struct TileCut {
  int64_t channels, across, down, tiles, perBlock;

  explicit TileCut(const ConvShape& shape)
      : channels(shape.channels),
        across(blocksOf(shape.y.width, kSide)),
        down(blocksOf(shape.rows, kSide)),
        tiles(shape.y.batch * across * down),
        perBlock(
            std::clamp<int64_t>(kTileBytes / (kPoints * 2 * channels), kPairRows, kMostTiles)) {}
  int64_t blocks() const { return blocksOf(tiles, perBlock); }
  // From a point to the next, a line of the cache more: else all points lie in one set of it.
  int64_t xPoint() const { return perBlock * channels + 32; }
  int64_t wPoint() const { return channels * kOutputs + 32; }
  int64_t sumPoint() const { return perBlock * kOutputs + 16; }
};

/// A thread's memory.
struct Scratch {
  int16_t *x, *w;   ///< at each point: tiles of channels; a panel
  int32_t* points;  ///< at each point: tiles of kOutputs sums
  int32_t* sums;    ///< of results that exist
  int64_t* places;  ///< where these lie
  uint8_t* exists;  ///< of each tile's results
  size_t bytes = 0;

  Scratch(const TileCut& cut, std::byte* memory) {
    take(x, kPoints * cut.xPoint(), memory);
    take(w, kPoints * cut.wPoint(), memory);
    take(points, kPoints * cut.sumPoint(), memory);
    take(sums, kSide * kSide * cut.perBlock * kByteColumns, memory);
    take(places, kSide * kSide * cut.perBlock, memory);
    take(exists, kSide * kSide * cut.perBlock, memory);
  }

 private:
  template <class T>
  void take(T*& part, int64_t count, std::byte* memory) {
    part = reinterpret_cast<T*>(memory + bytes);
    bytes += base::alignUp(static_cast<size_t>(count) * sizeof(T));
  }
};

/// d0 - d2, d1 + d2, d2 - d1, d1 - d3.
MINNOW_AVX2 inline void inputPoints(const __m256i (&d)[kPatch], __m256i (&to)[kPatch]) {
  to[0] = _mm256_sub_epi16(d[0], d[2]);
  to[1] = _mm256_add_epi16(d[1], d[2]);
  to[2] = _mm256_sub_epi16(d[2], d[1]);
  to[3] = _mm256_sub_epi16(d[1], d[3]);
}

/// 2 g0, g0 + g1 + g2, g0 - g1 + g2, 2 g2: twice what they are.
MINNOW_AVX2 inline void weightPoints(const __m256i (&g)[3], __m256i (&to)[kPatch]) {
  const __m256i ends = _mm256_add_epi16(g[0], g[2]);
  to[0] = _mm256_add_epi16(g[0], g[0]);
  to[1] = _mm256_add_epi16(ends, g[1]);
  to[2] = _mm256_sub_epi16(ends, g[1]);
  to[3] = _mm256_add_epi16(g[2], g[2]);
}

/// m0 + m1 + m2, m1 - m2 - m3.
MINNOW_AVX2 inline void results(const __m256i (&m)[kPatch], __m256i (&to)[kSide]) {
  to[0] = _mm256_add_epi32(_mm256_add_epi32(m[0], m[1]), m[2]);
  to[1] = _mm256_sub_epi32(_mm256_sub_epi32(m[1], m[2]), m[3]);
}

/// `From` x `From` vectors, in rows, by `points` along one axis and then along the other.
template <int From, int To, class Points>
MINNOW_AVX2 inline void alongBoth(const __m256i (&in)[From][From], __m256i (&out)[To][To],
                                  Points points) {
  __m256i half[From][To];
#pragma GCC unroll 4
  for (int i = 0; i < From; ++i) points(in[i], half[i]);
#pragma GCC unroll 4
  for (int j = 0; j < To; ++j) {
    __m256i column[From], to[To];
#pragma GCC unroll 4
    for (int i = 0; i < From; ++i) column[i] = half[i][j];
    points(column, to);
#pragma GCC unroll 4
    for (int i = 0; i < To; ++i) out[i][j] = to[i];
  }
}

/// One convolution while it runs.
class Convolution {
 public:
  Convolution(const ops::QuantizedConv& op, const KernelArgs& args, const ConvShape& shape)
      : shape_(shape),
        args_(args),
        cut_(shape),
        flip_(args.inputs[0].type == DataType::Int8 ? 0x80 : 0),
        zero_(static_cast<int16_t>(zeroOfInput(args, op.xZero) + flip_)),
        results_(op, shape.panels, args, 0) {}

  const TileCut& cut() const { return cut_; }
  std::span<std::byte> scratches() const { return results_.channels().scratches(); }
  int64_t panels() const { return shape_.panels.panels(); }

  void run(int64_t block, int64_t firstPanel, int64_t endPanel, std::byte* memory) const {
    const Scratch scratch(cut_, memory);
    const int64_t first = block * cut_.perBlock, n = std::min(cut_.perBlock, cut_.tiles - first);
    int64_t rows = 0;
    for (int64_t i = 0; i < n; ++i) open(first + i, i, scratch, rows);
    for (int64_t panel = firstPanel; panel < endPanel; ++panel) {
      transformWeights(panel, scratch.w);
      multiply(scratch, n);
      int64_t row = 0;
      for (int64_t i = 0; i < n; ++i) row = close(panel, scratch, i, row);
      const int64_t column = panel * kOutputs;
      for (int64_t r = 0; r < rows; r += kRowsOfSums)
        results_.store(scratch.sums + r * kByteColumns, column, column, scratch.places + r,
                       std::min(kRowsOfSums, rows - r),
                       std::min(kOutputs, shape_.panels.outputs - column));
    }
  }

 private:
  /// A tile's results and input, as tile `i` of a block.
  void open(int64_t tile, int64_t i, const Scratch& scratch, int64_t& rows) const {
    const int64_t column = tile % cut_.across * kSide, row = tile / cut_.across % cut_.down * kSide,
                  batch = tile / cut_.across / cut_.down;
    const int64_t y = batch * shape_.y.batchStride + (shape_.firstRow + row) * shape_.y.rowStride +
                      column * shape_.y.pixelStride;
    for (int r = 0; r < kSide; ++r)
      for (int c = 0; c < kSide; ++c) {
        const bool exists = row + r < shape_.rows && column + c < shape_.y.width;
        scratch.exists[(i * kSide + r) * kSide + c] = exists;
        if (exists) scratch.places[rows++] = y + r * shape_.y.rowStride + c * shape_.y.pixelStride;
      }
    const uint8_t* at[kPatch][kPatch];
    const uint8_t* image = args_.inputs[0].as<const uint8_t>() + batch * shape_.x.batchStride;
    // Rows that only results beyond the last one would read need not be there.
    const int64_t firstY = shape_.windows[1].tapAt(shape_.firstRow + row, 0),
                  firstX = shape_.windows[2].tapAt(column, 0),
                  endY = shape_.windows[1].tapAt(shape_.firstRow + shape_.rows - 1, 3);
    for (int r = 0; r < kPatch; ++r)
      for (int c = 0; c < kPatch; ++c) {
        const int64_t fromY = firstY + r, fromX = firstX + c;
        const bool exists = fromY >= 0 && fromY < std::min(endY, shape_.x.height) && fromX >= 0 &&
                            fromX < shape_.x.width;
        at[r][c] =
            exists ? image + fromY * shape_.x.rowStride + fromX * shape_.x.pixelStride : nullptr;
      }
    transformInput(at, scratch.x + i * cut_.channels);
  }

  MINNOW_AVX2 void transformInput(const uint8_t* const (&at)[kPatch][kPatch], int16_t* to) const {
    const __m256i zero = _mm256_set1_epi16(zero_);
    const __m128i flip = _mm_set1_epi8(static_cast<char>(flip_));
    for (int64_t channel = 0; channel < cut_.channels; channel += kLanes) {
      __m256i x[kPatch][kPatch], points[kPatch][kPatch];
#pragma GCC unroll 4
      for (int r = 0; r < kPatch; ++r)
#pragma GCC unroll 4
        for (int c = 0; c < kPatch; ++c) {
          if (!at[r][c]) {
            x[r][c] = _mm256_setzero_si256();
            continue;
          }
          const __m128i bytes =
              _mm_loadu_si128(reinterpret_cast<const __m128i*>(at[r][c] + channel));
          x[r][c] = _mm256_sub_epi16(_mm256_cvtepu8_epi16(_mm_xor_si128(bytes, flip)), zero);
        }
      alongBoth(x, points, inputPoints);
      for (int p = 0; p < kPoints; ++p)
        _mm256_storeu_si256(reinterpret_cast<__m256i*>(to + p * cut_.xPoint() + channel),
                            points[p / kPatch][p % kPatch]);
    }
  }

  /// A panel's weights at all points, in pairs of channels.
  MINNOW_AVX2 void transformWeights(int64_t panel, int16_t* to) const {
    const std::byte* taps =
        args_.inputs[1].as<const std::byte>() + shape_.panels.panelOffset(0, panel);
    const int64_t tapBytes = cut_.channels * kOutputs;
    for (int64_t four = 0; four < cut_.channels / 4; ++four, taps += BytePanels::kStepBytes)
      for (int half = 0; half < 2; ++half) {
        __m256i pairs[9][2];
#pragma GCC unroll 9
        for (int tap = 0; tap < 9; ++tap) widenPairs(taps + tap * tapBytes + half * 32, pairs[tap]);
#pragma GCC unroll 2
        for (int pair = 0; pair < 2; ++pair) {
          __m256i g[3][3], points[kPatch][kPatch];
#pragma GCC unroll 9
          for (int tap = 0; tap < 9; ++tap) g[tap / 3][tap % 3] = pairs[tap][pair];
          alongBoth(g, points, weightPoints);
#pragma GCC unroll 16
          for (int p = 0; p < kPoints; ++p)
            store(to + p * cut_.wPoint() + (2 * four + pair) * 2 * kOutputs + half * 16,
                  points[p / kPatch][p % kPatch]);
        }
      }
  }

  void multiply(const Scratch& scratch, int64_t n) const {
    alignas(32) static constexpr int32_t kZeros[kOutputs] = {};
    const int64_t channels = cut_.channels;
    for (int64_t p = 0; p < kPoints; ++p)
      for (int64_t i = 0; i < n; i += kPairRows) {
        const int64_t rows = std::min<int64_t>(kPairRows, n - i);
        kMultiply[static_cast<size_t>(rows - 1)](
            {scratch.x + p * cut_.xPoint() + i * channels, channels, scratch.w + p * cut_.wPoint(),
             channels / 2, kZeros, 0, scratch.points + p * cut_.sumPoint() + i * kOutputs,
             kOutputs});
      }
  }

  /// A tile's sums from its points: the row after them.
  MINNOW_AVX2 int64_t close(int64_t panel, const Scratch& scratch, int64_t i, int64_t row) const {
    const uint8_t* exists = scratch.exists + i * kSide * kSide;
    int64_t end = row;
    for (int64_t v = 0; v < kOutputs; v += 8) {
      __m256i m[kPatch][kPatch], y[kSide][kSide];
#pragma GCC unroll 16
      for (int p = 0; p < kPoints; ++p)
        m[p / kPatch][p % kPatch] = load(scratch.points + p * cut_.sumPoint() + i * kOutputs + v);
      alongBoth(m, y, results);
      const __m256i start = load(results_.channels().start() + panel * kOutputs + v);
      end = row;
      for (int q = 0; q < kSide * kSide; ++q)
        if (exists[q])
          _mm256_storeu_si256(
              reinterpret_cast<__m256i*>(scratch.sums + end++ * kByteColumns + v),
              _mm256_add_epi32(_mm256_srai_epi32(y[q / kSide][q % kSide], 2), start));
    }
    return end;
  }

  const ConvShape& shape_;
  const KernelArgs& args_;
  TileCut cut_;
  uint8_t flip_;
  int16_t zero_;
  ByteResults results_;
};

bool isPlain3x3(const ConvShape& shape) {
  const auto& [z, y, x] = shape.windows;
  const auto isThree = [](const ops::SlidingWindow& w) {
    return w.kernel == 3 && w.stride == 1 && w.dilation == 1;
  };
  return z.kernel == 1 && shape.x.depth == 1 && isThree(y) && isThree(x);
}

}  // namespace

bool acceptsQuantizedWinograd(const ops::Operator& op, std::span<const TensorView> inputs,
                              std::span<const TensorView> outputs) {
  if (inputs[1].packing != Packing::I8x16 || outputs[0].shape.rank() != 4 ||
      outputs[0].elements() == 0 || byteTiles().sums != byteTilesAvx2().sums)
    return false;
  const ConvShape shape = shapeOf(op, inputs, outputs, {});
  return isPlain3x3(shape) && shape.groups == 1 && shape.channels % kLanes == 0 &&
         shape.channels <= kMostChannels && shape.x.channelsAdjacent() &&
         shape.y.channelsAdjacent() && TileCut(shape).tiles >= kFewestTiles &&
         static_cast<const ops::QuantizedConv&>(op).wZero == 0;
}

size_t QuantizedWinogradWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                                  std::span<const TensorView> outputs, const CallShape& call) {
  const ConvShape shape = shapeOf(op, inputs, outputs, call.rows);
  return Channels::bytes(shape.panels) +
         scratchWorkspace(Scratch(TileCut(shape), nullptr).bytes, call.threads);
}

Result<void> runQuantizedWinograd(const ops::Operator& op, const KernelArgs& args) {
  const ConvShape shape = shapeOf(op, args.inputs, args.outputs, args.rows);
  const Convolution work(static_cast<const ops::QuantizedConv&>(op), args, shape);
  const int64_t blocks = work.cut().blocks(), threads = args.team->threads();
  const int64_t cuts =
      blocks >= threads ? 1
                        : std::min(work.panels(), blocksOf(threads, std::max<int64_t>(blocks, 1)));
  const int64_t perCut = blocksOf(work.panels(), cuts);
  forEachItem(*args.team, blocks * cuts, work.scratches(), Scratch(work.cut(), nullptr).bytes,
              [&](int64_t item, std::byte* scratch) {
                const int64_t first = item % cuts * perCut;
                work.run(item / cuts, first, std::min(first + perCut, work.panels()), scratch);
              });
  return {};
}

}  // namespace minnow::kernels::simd
#else
namespace minnow::kernels::simd {
bool acceptsQuantizedWinograd(const ops::Operator&, std::span<const TensorView>,
                              std::span<const TensorView>) {
  return false;
}
size_t QuantizedWinogradWorkspace(const ops::Operator&, std::span<const TensorView>,
                                  std::span<const TensorView>, const CallShape&) {
  return 0;
}
Result<void> runQuantizedWinograd(const ops::Operator&, const KernelArgs&) { return {}; }
}  // namespace minnow::kernels::simd
#endif
