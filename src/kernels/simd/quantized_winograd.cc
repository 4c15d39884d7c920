// 3x3 convolutions of bytes by Winograd's F(2,3), for CPUs without a dot product of four bytes: 16 products stand for 36.
// All is in integers and exact. Of bytes less a zero point numbers of 11 bits become at the points of a tile, of weights,
// taken twice along each axis, such of 12: four times each result comes back, modulo 2^32, and is surely less than 2^31.
// So bits are those of other kernels.
#include "kernels/simd/byte_tile.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/quantized.h"
#include "kernels/simd/quantized_parts.h"
#include "kernels/simd/scratch.h"

#if defined(__x86_64__)
#include "kernels/simd/byte_points_avx2.h"
#elif defined(__aarch64__)
#include "kernels/simd/byte_points_neon.h"
#endif

#if defined(MINNOW_POINTS)
namespace minnow::kernels::simd {
namespace {

using points::kLanes, points::Shorts;
// Sums wrap around.
using Words [[gnu::vector_size(2 * kLanes)]] = uint32_t;
using SignedWords [[gnu::vector_size(2 * kLanes)]] = int32_t;

constexpr int kSide = 2, kPatch = kSide + 2, kPoints = kPatch * kPatch, kResults = kSide * kSide;
constexpr int64_t kOutputs = BytePanels::kOutputs;
constexpr int64_t kMostChannels = 1024;  ///< 4 * 9 * 255 * 128 * 1024 is less than 2^31
constexpr int64_t kFewestTiles = 12, kMostTiles = 128;
constexpr int64_t kTilesOfSums = kRowsOfSums / kResults;  ///< whose sums are computed at once
static_assert(kTilesOfSums % points::kRows == 0);

/// Tiles of 2x2 results over all images, in blocks.
struct TileCut {
  int64_t channels, across, down, tiles, perBlock;

  explicit TileCut(const ConvShape& shape)
      : channels(shape.channels),
        across(blocksOf(shape.y.width, kSide)),
        down(blocksOf(shape.rows, kSide)),
        tiles(shape.y.batch * across * down) {
    const int64_t fit = points::kBlockBytes / (kPoints * 2 * channels);
    perBlock = wholeRows(std::clamp<int64_t>(std::min(fit, tiles), 1, kMostTiles));
  }
  int64_t blocks() const { return blocksOf(tiles, perBlock); }
  // From a point to the next, a line of the cache more: else all points lie in one set of it.
  int64_t xPoint() const { return perBlock * channels + 32; }
  int64_t wPoint() const { return channels * kOutputs + 32; }
  static constexpr int64_t sumPoint() { return kTilesOfSums * kOutputs + 16; }
  static int64_t wholeRows(int64_t tiles) { return BytePanels::roundUp(tiles, points::kRows); }
};

/// A thread's memory.
struct Scratch {
  int16_t *x, *w;   ///< at each point: tiles of channels; a panel
  int32_t* points;  ///< at each point: some tiles of kOutputs sums
  int64_t* places;  ///< where results lie that exist
  uint8_t* exists;  ///< of each tile's results
  uint8_t* blank;   ///< channels that stand for nothing
  size_t bytes = 0;

  Scratch(const TileCut& cut, std::byte* memory) {
    take(x, kPoints * cut.xPoint(), memory);
    take(w, kPoints * cut.wPoint(), memory);
    take(points, kPoints * cut.sumPoint(), memory);
    take(places, kResults * cut.perBlock, memory);
    take(exists, kResults * cut.perBlock, memory);
    take(blank, cut.channels, memory);
  }

 private:
  template <class T>
  void take(T*& part, int64_t count, std::byte* memory) {
    part = reinterpret_cast<T*>(memory + bytes);
    bytes += base::alignUp(static_cast<size_t>(count) * sizeof(T));
  }
};

template <class Vector, class T>
MINNOW_POINTS inline Vector load(const T* from) {
  Vector v;
  std::memcpy(&v, from, sizeof v);
  return v;
}
template <class Vector, class T>
MINNOW_POINTS inline void store(T* to, const Vector& v) {
  std::memcpy(to, &v, sizeof v);
}

/// d0 - d2, d1 + d2, d2 - d1, d1 - d3.
MINNOW_POINTS inline void inputPoints(const Shorts (&d)[kPatch], Shorts (&to)[kPatch]) {
  to[0] = d[0] - d[2], to[1] = d[1] + d[2], to[2] = d[2] - d[1], to[3] = d[1] - d[3];
}

/// 2 g0, g0 + g1 + g2, g0 - g1 + g2, 2 g2: twice what they are.
MINNOW_POINTS inline void weightPoints(const Shorts (&g)[3], Shorts (&to)[kPatch]) {
  const Shorts ends = g[0] + g[2];
  to[0] = g[0] + g[0], to[1] = ends + g[1], to[2] = ends - g[1], to[3] = g[2] + g[2];
}

/// m0 + m1 + m2, m1 - m2 - m3.
MINNOW_POINTS inline void results(const Words (&m)[kPatch], Words (&to)[kSide]) {
  to[0] = m[0] + m[1] + m[2], to[1] = m[1] - m[2] - m[3];
}

/// `From` x `From` vectors, in rows, by `points` along one axis and then along the other.
template <int From, int To, class Vector, class Points>
MINNOW_POINTS inline void alongBoth(const Vector (&in)[From][From], Vector (&out)[To][To],
                                    Points points) {
  Vector half[From][To];
#pragma GCC unroll 4
  for (int i = 0; i < From; ++i) points(in[i], half[i]);
#pragma GCC unroll 4
  for (int j = 0; j < To; ++j) {
    Vector column[From], to[To];
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
        // Sums begin with biases alone, as x comes less its zero point: what Channels says of 16 bits is not
        // so here, and storeSums() does not ask.
        results_(op, shape.panels, args, 0) {}

  const TileCut& cut() const { return cut_; }
  std::span<std::byte> scratches() const { return results_.channels().scratches(); }
  int64_t panels() const { return shape_.panels.panels(); }

  void run(int64_t block, int64_t firstPanel, int64_t endPanel, std::byte* memory) const {
    const Scratch scratch(cut_, memory);
    const int64_t first = block * cut_.perBlock, n = std::min(cut_.perBlock, cut_.tiles - first);
    std::memset(scratch.blank, zero_ ^ flip_, static_cast<size_t>(cut_.channels));
    int64_t rows = 0;
    for (int64_t i = 0; i < n; ++i) open(first + i, i, scratch, rows);
    for (int64_t panel = firstPanel; panel < endPanel; ++panel) {
      transformWeights(panel, scratch.w);
      int64_t row = 0;
      for (int64_t i = 0; i < n; i += kTilesOfSums)
        row = runTiles(panel, scratch, i, std::min(kTilesOfSums, n - i), row);
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
        at[r][c] = exists ? image + fromY * shape_.x.rowStride + fromX * shape_.x.pixelStride
                          : scratch.blank;
      }
    transformInput(at, scratch.x + i * cut_.channels);
  }

  MINNOW_POINTS void transformInput(const uint8_t* const (&at)[kPatch][kPatch], int16_t* to) const {
    const int64_t channels = cut_.channels, step = cut_.xPoint();
    const uint8_t flip = flip_;
    const auto zeros = static_cast<int16_t>(4 * zero_);
    for (int64_t channel = 0; channel < channels; channel += kLanes) {
      Shorts x[kPatch][kPatch], points[kPatch][kPatch];
#pragma GCC unroll 4
      for (int r = 0; r < kPatch; ++r)
#pragma GCC unroll 4
        for (int c = 0; c < kPatch; ++c) x[r][c] = points::flipped(at[r][c] + channel, flip);
      alongBoth(x, points, inputPoints);
      points[1][1] -= zeros;  // of others the zero point is added as often as it is subtracted
#pragma GCC unroll 16
      for (int p = 0; p < kPoints; ++p)
        store(to + p * step + channel, points[p / kPatch][p % kPatch]);
    }
  }

  /// A panel's weights at all points.
  MINNOW_POINTS void transformWeights(int64_t panel, int16_t* to) const {
    constexpr int64_t kFour = BytePanels::kStepBytes;
    const std::byte* taps =
        args_.inputs[1].as<const std::byte>() + shape_.panels.panelOffset(0, panel);
    const int64_t tapBytes = cut_.channels * kOutputs, step = cut_.wPoint();
    for (int64_t four = 0; four < tapBytes; four += kFour, taps += kFour, to += kFour) {
      alignas(32) points::Weight ordered[9][kFour];
      for (int tap = 0; tap < 9; ++tap) points::order(taps + tap * tapBytes, ordered[tap]);
      for (int64_t at = 0; at < kFour; at += kLanes) {
        Shorts g[3][3], points[kPatch][kPatch];
#pragma GCC unroll 9
        for (int tap = 0; tap < 9; ++tap) g[tap / 3][tap % 3] = points::widened(ordered[tap] + at);
        alongBoth(g, points, weightPoints);
#pragma GCC unroll 16
        for (int p = 0; p < kPoints; ++p) store(to + p * step + at, points[p / kPatch][p % kPatch]);
      }
    }
  }

  /// Tiles from `first` on of a block, whose results begin with that of a row: the row after them.
  int64_t runTiles(int64_t panel, const Scratch& scratch, int64_t first, int64_t n,
                   int64_t row) const {
    alignas(64) int32_t sums[kRowsOfSums * kByteColumns];
    multiply(scratch, first, n);
    int64_t rows = 0;
    for (int64_t i = 0; i < n; ++i)
      rows = close(panel, scratch.points + i * kOutputs, scratch.exists + (first + i) * kResults,
                   sums, rows);
    const int64_t column = panel * kOutputs;
    results_.store(sums, column, column, scratch.places + row, rows,
                   std::min(kOutputs, shape_.panels.outputs - column));
    return row + rows;
  }

  void multiply(const Scratch& scratch, int64_t first, int64_t n) const {
    const int64_t channels = cut_.channels;
    for (int64_t p = 0; p < kPoints; ++p)
      for (int64_t i = 0; i < n; i += points::kRows)
        points::multiply(scratch.x + p * cut_.xPoint() + (first + i) * channels, channels,
                         scratch.w + p * cut_.wPoint(), std::min(points::kRows, n - i),
                         scratch.points + p * cut_.sumPoint() + i * kOutputs);
  }

  /// A tile's sums from its points: the row after them.
  MINNOW_POINTS int64_t close(int64_t panel, const int32_t* points, const uint8_t* exists,
                              int32_t* sums, int64_t row) const {
    constexpr int64_t kVector = kLanes / 2;
    const int32_t* start = results_.channels().start() + panel * kOutputs;
    int64_t end = row;
    for (int64_t v = 0; v < kOutputs; v += kVector) {
      Words m[kPatch][kPatch], y[kSide][kSide];
#pragma GCC unroll 16
      for (int p = 0; p < kPoints; ++p)
        m[p / kPatch][p % kPatch] = load<Words>(points + p * TileCut::sumPoint() + v);
      alongBoth(m, y, results);
      end = row;
#pragma GCC unroll 4
      for (int q = 0; q < kResults; ++q)
        if (exists[q])
          store(
              sums + end++ * kByteColumns + v,
              reinterpret_cast<Words>(reinterpret_cast<SignedWords>(y[q / kSide][q % kSide]) >> 2) +
                  load<Words>(start + v));
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

/// Whether it takes fewer instructions than tiles of bytes do.
bool pays(const ConvShape& shape) {
  const TileCut cut(shape);
  const int64_t pixels = shape.y.batch * shape.pixels();
  const auto& [pixel, tile, weights, input, results] = points::kCosts;
  return cut.tiles >= kFewestTiles && tile * cut.wholeRows(cut.tiles) + weights * cut.blocks() +
                                              input * cut.tiles / shape.panels.panels() +
                                              results * cut.tiles / cut.channels <
                                          pixel * pixels;
}

}  // namespace

bool acceptsQuantizedWinograd(const ops::Operator& op, std::span<const TensorView> inputs,
                              std::span<const TensorView> outputs) {
  if (inputs[1].packing != Packing::I8x16 || outputs[0].shape.rank() != 4 ||
      outputs[0].elements() == 0 || !points::areBest())
    return false;
  const ConvShape shape = shapeOf(op, inputs, outputs, {});
  return isPlain3x3(shape) && shape.groups == 1 && shape.channels % kLanes == 0 &&
         shape.channels <= kMostChannels && shape.x.channelsAdjacent() &&
         shape.y.channelsAdjacent() && pays(shape) &&
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
  const int64_t wanted = threads > 1 ? 3 * threads : 1;  // for shares that are nearly equal
  const int64_t perCut = std::max<int64_t>(work.panels() * blocks / wanted, 1);
  const int64_t cuts = blocksOf(work.panels(), std::min(perCut, work.panels()));
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
