// Convolutions and matrix products of bytes. Rows (pixels) come by blocks that stay in the second
// cache while panel after panel passes over them: where a pixel's bytes lie side by side, by fours,
// they are read in place, else they are brought together, padding as the zero point.
#include <algorithm>
#include <cstring>

#include "kernels/simd/byte_rows.h"
#include "kernels/simd/byte_tile.h"
#include "kernels/simd/conv_plan.h"
#include "kernels/simd/quantized.h"
#include "kernels/simd/scratch.h"
#include "ops/conv.h"
#include "ops/quantized.h"

namespace minnow::kernels::simd {
namespace {

constexpr int64_t kBlockBytes = 192 * 1024;

int64_t blocksOf(int64_t n, int64_t size) { return (n + size - 1) / size; }

/// x as tiles take it.
struct TileInput {
  uint32_t flip;
  int32_t zero;   ///< once flipped
  uint8_t blank;  ///< the byte of x that stands for nothing

  TileInput(DataType type, int64_t xZero)
      : flip((type == DataType::Int8) != kTileTakesSigned ? 0x80808080 : 0),
        zero(static_cast<int32_t>(xZero)),
        blank(static_cast<uint8_t>(xZero)) {
    if (flip) zero += type == DataType::Int8 ? 128 : -128;
  }
};

/// How a product's rows are cut, and what scratch a thread needs.
struct ByteBlocks {
  int64_t rows, pitch, rowsPerBlock;
  bool inPlace;

  ByteBlocks(int64_t rows, int64_t depth, bool inPlace)
      : rows(rows), pitch(BytePanels::roundUp(std::max<int64_t>(depth, 1), 64)), inPlace(inPlace) {
    if (pitch / 64 % 2 == 0) pitch += 64;  // else rows share the sets of the first cache
    const int64_t fit = kBlockBytes / pitch / kByteRows * kByteRows;
    rowsPerBlock = std::clamp<int64_t>(fit, kByteRows, 16 * kByteRows);
    rowsPerBlock = std::min(rowsPerBlock, std::max<int64_t>(rows, 1));
  }
  int64_t blocks() const { return blocksOf(rows, rowsPerBlock); }
  size_t placesBytes() const {
    return base::alignUp(static_cast<size_t>(rowsPerBlock) * sizeof(int64_t));
  }
  size_t scratchBytes() const {
    return placesBytes() + (inPlace ? 0 : static_cast<size_t>(rowsPerBlock * pitch));
  }
};

/// One product while it runs: bytes times panels, to bytes.
class ByteProduct {
 public:
  ByteProduct(const BytePanels& panels, const KernelArgs& args, const TileInput& input,
              const ops::QuantisedResult& y)
      : panels_(panels),
        args_(args),
        input_(input),
        to_(y),
        isSigned_(y.dataType() == DataType::Int8),
        tiles_(byteTiles()) {}

  const TileInput& input() const { return input_; }
  const BytePanels& panels() const { return panels_; }
  /// Pairs of panels of a group.
  int64_t pairs() const { return blocksOf(panels_.panels(), kBytePanels); }

  struct Rows {
    const uint8_t* x;
    int64_t rowStep, count;
    const int64_t* places;  ///< where results of a row begin
  };
  void run(int64_t group, int64_t firstPair, int64_t endPair, const Rows& rows, uint8_t* y) const {
    for (int64_t pair = firstPair; pair < endPair; ++pair)
      runPair(group, pair * kBytePanels, rows, y);
  }

 private:
  void runPair(int64_t group, int64_t panel, const Rows& rows, uint8_t* y) const {
    alignas(64) int32_t start[kByteColumns], sums[kByteRows * kByteColumns];
    alignas(64) float factors[kByteColumns];
    const int64_t column = panel * BytePanels::kOutputs;
    const int64_t columns = std::min(kByteColumns, panels_.outputs - column);
    const int64_t channel = group * panels_.outputs + column;
    const std::byte* weights = args_.inputs[1].as<const std::byte>() +
                               group * panels_.groupBytes() + panel * panels_.panelBytes();
    for (int64_t c = 0; c < kByteColumns; ++c) begin(weights, channel, c, columns, start, factors);
    const bool isSmall = areSmall(factors, kByteColumns);
    const int64_t panels = columns > BytePanels::kOutputs ? kBytePanels : 1;
    const bool toBytes = tiles_.bytes && isSmall && panels_.steps() <= tiles_.mostSteps &&
                         columns == panels * BytePanels::kOutputs;
    const int64_t lots = blocksOf(rows.count, toBytes ? tiles_.rows : kByteRows);
    for (int64_t lot = 0, row = 0; lot < lots; ++lot) {
      const int64_t n = (rows.count - row + lots - lot - 1) / (lots - lot);
      const SumsToBytes to{sums,       factors,           to_, isSmall, isSigned_,
                           y + column, rows.places + row, n,   columns};
      const ByteTile tile{rows.x + row * rows.rowStep,
                          rows.rowStep,
                          panels_.steps(),
                          input_.flip,
                          weights,
                          panels_.panelBytes(),
                          start,
                          sums,
                          &to};
      if (toBytes) {
        tiles_.bytes(tile, n, panels);
      } else {
        tiles_.sums(tile, n, panels);
        storeSums(to);
      }
      row += n;
    }
  }

  /// The bias, less the zero point of x as often as the weights say.
  void begin(const std::byte* weights, int64_t channel, int64_t c, int64_t columns, int32_t* start,
             float* factors) const {
    start[c] = 0, factors[c] = 0;
    if (c >= columns) return;
    uint32_t sum;
    std::memcpy(
        &sum,
        weights + c / BytePanels::kOutputs * panels_.panelBytes() + c % BytePanels::kOutputs * 4,
        sizeof sum);
    start[c] = static_cast<int32_t>(args_.bias<uint32_t>(2, channel + c) -
                                    static_cast<uint32_t>(input_.zero) * sum);
    const TensorView& all = args_.inputs[3];
    factors[c] = all.as<const float>()[all.shape[0] == 1 ? 0 : (channel + c) * all.strides[0]];
  }

  BytePanels panels_;
  const KernelArgs& args_;
  TileInput input_;
  Requantiser to_;
  bool isSigned_;
  ByteTiles tiles_;
};

/// Calls run(block, first pair, end pair, scratch): pairs are shared too where blocks are few.
template <class F>
void forEachBlock(const KernelArgs& args, int64_t blocks, int64_t pairs, size_t scratchBytes,
                  F&& run) {
  const int64_t threads = args.team->threads();
  const int64_t cuts =
      blocks >= threads ? 1 : std::min(pairs, blocksOf(threads, std::max<int64_t>(blocks, 1)));
  const int64_t perCut = blocksOf(pairs, std::max<int64_t>(cuts, 1));
  forEachItem(*args.team, blocks * cuts, args.workspace, scratchBytes,
              [&](int64_t item, std::byte* scratch) {
                const int64_t first = item % cuts * perCut;
                run(item / cuts, first, std::min(first + perCut, pairs), scratch);
              });
}

// Convolution -------------------------------------------------------------------------------------

/// Where pixels of the output lie, and what they read.
struct ConvShape {
  Image x, y;
  ops::SlidingWindow windows[3];  ///< z, y, x
  int64_t groups, channels;       ///< channels of a group
  int64_t firstRow, rows;         ///< of each plane
  BytePanels panels;

  ConvShape(const ops::QuantizedConv& op, const TensorView& in, const TensorView& w,
            const TensorView& out, const OutputRows& asked)
      : x(in),
        y(out),
        groups(op.groups),
        channels(w.shape[1]),
        firstRow(0),
        rows(y.height),
        panels(ops::convWeights(op.groups, w.shape, w.strides)) {
    const auto all = ops::windowsOver(op, in.shape);
    const int spatial = in.shape.rank() - 2;
    for (int axis = 0; axis < spatial; ++axis) windows[3 - spatial + axis] = all[axis];
    if (out.shape.rank() != 4) return;
    const OutputRows within = asked.within(y.height);
    firstRow = within.begin, rows = within.end - within.begin;
  }
  int64_t pixels() const { return y.depth * rows * y.width; }
  int64_t taps() const { return windows[0].kernel * windows[1].kernel * windows[2].kernel; }
  /// A pixel's bytes lie side by side, and pixels at equal distances.
  bool readsInPlace() const {
    const bool isPointwise = taps() == 1 && std::ranges::all_of(windows, [](const auto& w) {
                               return w.stride == 1 && w.padBegin == 0 && w.padEnd == 0;
                             });
    return isPointwise && channels % BytePanels::kSteps == 0 && x.channelsAdjacent() &&
           (x.height == 1 || x.rowStride == x.width * x.pixelStride) &&
           (x.depth == 1 || x.planeStride == x.height * x.rowStride);
  }
  ByteBlocks blocks() const { return {pixels(), panels.depth, readsInPlace()}; }
};

/// A pixel of the output, and the next ones.
struct Pixel {
  int64_t z, row, column;

  Pixel(const ConvShape& shape, int64_t i)
      : z(i / (shape.rows * shape.y.width)),
        row(shape.firstRow + i / shape.y.width % shape.rows),
        column(i % shape.y.width) {}
  void next(const ConvShape& shape) {
    if (++column < shape.y.width) return;
    column = 0;
    if (++row < shape.firstRow + shape.rows) return;
    row = shape.firstRow, ++z;
  }
  int64_t offset(const Image& image) const {
    return z * image.planeStride + row * image.rowStride + column * image.pixelStride;
  }
};

/// A few bytes, which a call would take longer to copy.
inline void copyBytes(uint8_t* to, const uint8_t* from, int64_t n) {
  const auto ends = [&](auto word) {  // which overlap
    constexpr auto kSize = static_cast<int64_t>(sizeof word);
    auto last = word;
    std::memcpy(&word, from, sizeof word), std::memcpy(&last, from + n - kSize, sizeof word);
    std::memcpy(to, &word, sizeof word), std::memcpy(to + n - kSize, &last, sizeof word);
  };
  if (n > 16 || n < 4)
    std::memcpy(to, from, static_cast<size_t>(n));
  else
    n < 8 ? ends(uint32_t{}) : ends(uint64_t{});
}

/// The bytes under the taps of pixels, tap after tap.
class Gathering {
 public:
  Gathering(const ConvShape& shape, const uint8_t* image, uint8_t blank)
      : shape_(shape), image_(image), blank_(blank) {}

  void pixel(const Pixel& at, uint8_t* to) const {
    const auto& [z, y, x] = shape_.windows;
    const int64_t run = x.kernel * shape_.channels;
    for (int64_t kz = 0; kz < z.kernel; ++kz)
      for (int64_t ky = 0; ky < y.kernel; ++ky, to += run) {
        const int64_t plane = z.tapAt(at.z, kz), row = y.tapAt(at.row, ky);
        const bool exists =
            plane >= 0 && plane < shape_.x.depth && row >= 0 && row < shape_.x.height;
        if (exists)
          taps(image_ + plane * shape_.x.planeStride + row * shape_.x.rowStride,
               x.tapAt(at.column, 0), to);
        else
          std::memset(to, blank_, static_cast<size_t>(run));
      }
  }

 private:
  /// Of a row of the kernel.
  void taps(const uint8_t* row, int64_t column, uint8_t* to) const {
    const ops::SlidingWindow& window = shape_.windows[2];
    const Image& x = shape_.x;
    const int64_t run = shape_.channels;
    if (window.dilation == 1 && x.channelsAdjacent() && x.pixelStride == run && column >= 0 &&
        column + window.kernel <= x.width) {
      copyBytes(to, row + column * run, window.kernel * run);
      return;
    }
    for (int64_t kx = 0; kx < window.kernel; ++kx, column += window.dilation, to += run) {
      if (column < 0 || column >= x.width)
        std::memset(to, blank_, static_cast<size_t>(run));
      else if (x.channelsAdjacent())
        copyBytes(to, row + column * x.pixelStride, run);
      else
        for (int64_t c = 0; c < run; ++c) to[c] = row[column * x.pixelStride + c * x.channelStride];
    }
  }

  const ConvShape& shape_;
  const uint8_t* image_;
  uint8_t blank_;
};

bool isPacked(std::span<const TensorView> inputs, const TensorView& y) {
  return inputs[1].packing == Packing::I8x16 && y.elements() > 0 && byteTiles().sums;
}

/// A block of pixels of one image and group.
void runConvBlock(const ConvShape& shape, const ByteBlocks& blocks, const ByteProduct& product,
                  const KernelArgs& args, int64_t block, int64_t firstPair, int64_t endPair,
                  std::byte* scratch) {
  const int64_t first = block % blocks.blocks() * blocks.rowsPerBlock;
  const int64_t count = std::min(blocks.rowsPerBlock, blocks.rows - first);
  const int64_t group = block / blocks.blocks() % shape.groups;
  const int64_t batch = block / blocks.blocks() / shape.groups;
  const uint8_t* image = args.inputs[0].as<const uint8_t>() + batch * shape.x.batchStride +
                         group * shape.channels * shape.x.channelStride;
  auto* places = reinterpret_cast<int64_t*>(scratch);
  auto* bytes = reinterpret_cast<uint8_t*>(scratch + blocks.placesBytes());
  const Gathering gathering(shape, image, product.input().blank);
  Pixel pixel(shape, first);
  const int64_t inPlace = pixel.offset(shape.x);
  for (int64_t i = 0; i < count; ++i, pixel.next(shape)) {
    places[i] = pixel.offset(shape.y);
    if (!blocks.inPlace) gathering.pixel(pixel, bytes + i * blocks.pitch);
  }
  uint8_t* y =
      args.outputs[0].as<uint8_t>() + batch * shape.y.batchStride + group * shape.panels.outputs;
  const ByteProduct::Rows rows =
      blocks.inPlace ? ByteProduct::Rows{image + inPlace, shape.x.pixelStride, count, places}
                     : ByteProduct::Rows{bytes, blocks.pitch, count, places};
  product.run(group, firstPair, endPair, rows, y);
}

// Depthwise ---------------------------------------------------------------------------------------

/// Output rows of a depthwise convolution in runs: pixels whose window meets the side padding have a
/// run each, those between them one a row. A window's row outside the image reads a row of padding.
class DepthwiseRuns {
 public:
  DepthwiseRuns(const ConvShape& shape, uint8_t blank, std::byte* scratch)
      : shape_(shape),
        parts_(shape),
        blank_(reinterpret_cast<uint8_t*>(scratch)),
        runs_(reinterpret_cast<ByteRun*>(scratch + parts_.blank)),
        places_(reinterpret_cast<const uint8_t**>(scratch + parts_.blank + parts_.runs)) {
    std::memset(blank_, blank, parts_.blank);
  }

  static constexpr int64_t kRows = 16;  ///< of an item at most
  struct Parts {
    size_t blank, runs, places, channels;

    explicit Parts(const ConvShape& shape)
        : blank(base::alignUp(
              static_cast<size_t>((shape.y.width - 1) * xStep(shape) + shape.groups))),
          runs(base::alignUp(static_cast<size_t>(kRows * runsOfRow(shape)) * sizeof(ByteRun))),
          places(base::alignUp(static_cast<size_t>(kRows * runsOfRow(shape) * shape.taps()) *
                               sizeof(void*))),
          channels(base::alignUp(static_cast<size_t>(shape.groups) * 4)) {}
    size_t bytes() const { return blank + runs + places + 2 * channels; }
  };
  static int64_t xStep(const ConvShape& shape) {
    return shape.windows[2].stride * shape.x.pixelStride;
  }
  /// Output columns whose windows lie within the input's: [first, end).
  static std::pair<int64_t, int64_t> inner(const ConvShape& shape) {
    const ops::SlidingWindow& x = shape.windows[2];
    const int64_t first = std::min((x.padBegin + x.stride - 1) / x.stride, shape.y.width);
    const int64_t room = shape.x.width - x.reach() + x.padBegin;
    return {first, std::clamp(room < 0 ? 0 : room / x.stride + 1, first, shape.y.width)};
  }
  static int64_t runsOfRow(const ConvShape& shape) {
    const auto [first, end] = inner(shape);
    return shape.y.width - (end - first) + 1;
  }

  void addRow(const uint8_t* image, Pixel pixel, uint8_t* y) {
    const auto [first, end] = inner(shape_);
    for (pixel.column = 0; pixel.column < shape_.y.width;) {
      const int64_t count = pixel.column == first && end > first ? end - first : 1;
      runs_[count_] = {count, y + pixel.offset(shape_.y)};
      place(image, pixel, places_ + count_ * shape_.taps());
      ++count_, pixel.column += count;
    }
  }
  const ByteRun* runs() const { return runs_; }
  const uint8_t* const* places() const { return places_; }
  int64_t count() const { return count_; }

 private:
  void place(const uint8_t* image, const Pixel& at, const uint8_t** taps) const {
    const auto& [z, y, x] = shape_.windows;
    const auto within = [](int64_t i, int64_t extent) { return i >= 0 && i < extent; };
    for (int64_t kz = 0; kz < z.kernel; ++kz)
      for (int64_t ky = 0; ky < y.kernel; ++ky)
        for (int64_t kx = 0; kx < x.kernel; ++kx) {
          const int64_t plane = z.tapAt(at.z, kz), row = y.tapAt(at.row, ky),
                        column = x.tapAt(at.column, kx);
          const bool exists = within(plane, shape_.x.depth) && within(row, shape_.x.height) &&
                              within(column, shape_.x.width);
          *taps++ = exists ? image + plane * shape_.x.planeStride + row * shape_.x.rowStride +
                                 column * shape_.x.pixelStride
                           : blank_;
        }
  }

  const ConvShape& shape_;
  Parts parts_;
  uint8_t* blank_;
  ByteRun* runs_;
  const uint8_t** places_;
  int64_t count_ = 0;
};

/// Items of rows of planes.
struct DepthwiseItems {
  int64_t rows, perPlane, planes;

  DepthwiseItems(const ConvShape& shape, int64_t threads)
      : rows(std::clamp<int64_t>(shape.rows / std::max<int64_t>(threads, 1), 1,
                                 DepthwiseRuns::kRows)),
        perPlane(blocksOf(shape.rows, rows)),
        planes(shape.y.batch * shape.y.depth) {}
};

void runDepthwiseItem(const ConvShape& shape, const ops::QuantizedConv& op, const KernelArgs& args,
                      const DepthwiseItems& items, int64_t item, std::byte* scratch) {
  const DepthwiseRuns::Parts parts(shape);
  auto* start = reinterpret_cast<int32_t*>(scratch + parts.bytes() - 2 * parts.channels);
  auto* factors = reinterpret_cast<float*>(scratch + parts.bytes() - parts.channels);
  const std::byte* weights = args.inputs[1].as<const std::byte>();
  const TensorView& given = args.inputs[3];
  const uint8_t flip = args.inputs[0].type == DataType::Int8 ? 0x80 : 0;
  const auto zero = static_cast<uint32_t>(op.xZero + flip);
  for (int64_t c = 0; c < shape.groups; ++c) {
    uint32_t sum;
    std::memcpy(&sum, weights + c * 4, sizeof sum);
    start[c] = static_cast<int32_t>(args.bias<uint32_t>(2, c) - zero * sum);
    factors[c] = given.as<const float>()[given.shape[0] == 1 ? 0 : c * given.strides[0]];
  }
  const int64_t plane = item / items.perPlane, batch = plane / shape.y.depth;
  const uint8_t* image = args.inputs[0].as<const uint8_t>() + batch * shape.x.batchStride;
  uint8_t* y = args.outputs[0].as<uint8_t>() + batch * shape.y.batchStride;
  DepthwiseRuns runs(shape, static_cast<uint8_t>(op.xZero), scratch);
  const int64_t first = item % items.perPlane * items.rows;
  for (int64_t row = first; row < std::min(first + items.rows, shape.rows); ++row)
    runs.addRow(image, Pixel(shape, (plane % shape.y.depth * shape.rows + row) * shape.y.width), y);
  convolveDepthwise({runs.runs(), runs.places(), runs.count(), shape.taps(), shape.groups,
                     DepthwiseRuns::xStep(shape), shape.y.pixelStride,
                     reinterpret_cast<const int8_t*>(weights) + shape.panels.channels() * 4,
                     shape.panels.channels(), start, factors, Requantiser(op.y),
                     areSmall(factors, shape.groups), flip, op.y.dataType() == DataType::Int8});
}

ConvShape shapeOf(const ops::Operator& op, std::span<const TensorView> inputs,
                  std::span<const TensorView> outputs, const OutputRows& rows) {
  return {static_cast<const ops::QuantizedConv&>(op), inputs[0], inputs[1], outputs[0], rows};
}

// Matrix product ----------------------------------------------------------------------------------

struct ProductShape {
  int64_t rows = 1, depth;
  BytePanels panels;
  bool inPlace;  ///< rows of a lie at equal distances, each without gaps

  ProductShape(const ops::Operator& op, const TensorView& a, const TensorView& b)
      : depth(a.shape[a.shape.rank() - 1]), panels(*op.weightMatrices(1, b.shape, b.strides)) {
    const int last = a.shape.rank() - 1;
    inPlace = a.strides[last] == 1 && depth % BytePanels::kSteps == 0;
    for (int axis = 0; axis < last; ++axis) rows *= a.shape[axis];
    for (int axis = 0; axis + 1 < last; ++axis)
      inPlace = inPlace && a.strides[axis] == a.strides[axis + 1] * a.shape[axis + 1];
  }
  ByteBlocks blocks() const { return {rows, depth, inPlace}; }
};

/// Of row `row` of all matrices.
int64_t rowOffset(const TensorView& view, int64_t row) {
  int64_t offset = 0;
  for (int axis = view.shape.rank() - 2; axis >= 0; --axis) {
    offset += row % view.shape[axis] * view.strides[axis];
    row /= view.shape[axis];
  }
  return offset;
}

void runProductBlock(const ProductShape& shape, const ByteBlocks& blocks,
                     const ByteProduct& product, const KernelArgs& args, int64_t block,
                     int64_t firstPair, int64_t endPair, std::byte* scratch) {
  const TensorView &a = args.inputs[0], &y = args.outputs[0];
  const int last = a.shape.rank() - 1;
  const int64_t first = block * blocks.rowsPerBlock;
  const int64_t count = std::min(blocks.rowsPerBlock, blocks.rows - first);
  auto* places = reinterpret_cast<int64_t*>(scratch);
  auto* bytes = reinterpret_cast<uint8_t*>(scratch + blocks.placesBytes());
  for (int64_t i = 0; i < count; ++i) {
    places[i] = rowOffset(y, first + i);
    if (blocks.inPlace) continue;
    const uint8_t* from = a.as<const uint8_t>() + rowOffset(a, first + i);
    for (int64_t k = 0; k < shape.depth; ++k)
      bytes[i * blocks.pitch + k] = from[k * a.strides[last]];
  }
  const uint8_t* inPlace = a.as<const uint8_t>() + rowOffset(a, first);
  const ByteProduct::Rows rows =
      blocks.inPlace ? ByteProduct::Rows{inPlace, a.strides[last - 1], count, places}
                     : ByteProduct::Rows{bytes, blocks.pitch, count, places};
  product.run(0, firstPair, endPair, rows, y.as<uint8_t>());
}

}  // namespace

bool acceptsQuantizedConv(const ops::Operator& op, std::span<const TensorView> inputs,
                          std::span<const TensorView> outputs) {
  if (!isPacked(inputs, outputs[0])) return false;
  if (static_cast<const ops::QuantizedConv&>(op).y.rule != ops::QuantisationRule::OnnxRuntime) return false;
  const ConvShape shape = shapeOf(op, inputs, outputs, {});
  return shape.y.channelsAdjacent() && !shape.panels.depthwise;
}

size_t QuantizedConvWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                              std::span<const TensorView> outputs, const CallShape& call) {
  return scratchWorkspace(shapeOf(op, inputs, outputs, call.rows).blocks().scratchBytes(),
                          call.threads);
}

Result<void> runQuantizedConv(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::QuantizedConv&>(op);
  const ConvShape shape = shapeOf(op, args.inputs, args.outputs, args.rows);
  const ByteBlocks blocks = shape.blocks();
  const ByteProduct product(shape.panels, args, TileInput(args.inputs[0].type, conv.xZero), conv.y);
  forEachBlock(args, shape.y.batch * shape.groups * blocks.blocks(), product.pairs(),
               blocks.scratchBytes(),
               [&](int64_t block, int64_t firstPair, int64_t endPair, std::byte* scratch) {
                 runConvBlock(shape, blocks, product, args, block, firstPair, endPair, scratch);
               });
  return {};
}

bool acceptsQuantizedDepthwise(const ops::Operator& op, std::span<const TensorView> inputs,
                               std::span<const TensorView> outputs) {
  if (!isPacked(inputs, outputs[0])) return false;
  if (static_cast<const ops::QuantizedConv&>(op).y.rule != ops::QuantisationRule::OnnxRuntime) return false;
  const ConvShape shape = shapeOf(op, inputs, outputs, {});
  return shape.panels.depthwise && shape.taps() <= kMostByteTaps && shape.y.channelsAdjacent() &&
         shape.x.channelsAdjacent();
}

size_t QuantizedDepthwiseWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                                   std::span<const TensorView> outputs, const CallShape& call) {
  return scratchWorkspace(DepthwiseRuns::Parts(shapeOf(op, inputs, outputs, call.rows)).bytes(),
                          call.threads);
}

Result<void> runQuantizedDepthwise(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::QuantizedConv&>(op);
  const ConvShape shape = shapeOf(op, args.inputs, args.outputs, args.rows);
  const DepthwiseItems items(shape, args.team->threads());
  forEachItem(*args.team, items.planes * items.perPlane, args.workspace,
              DepthwiseRuns::Parts(shape).bytes(), [&](int64_t item, std::byte* scratch) {
                runDepthwiseItem(shape, conv, args, items, item, scratch);
              });
  return {};
}

bool acceptsQuantizedMatMul(const ops::Operator& op, std::span<const TensorView> inputs,
                            std::span<const TensorView> outputs) {
  const TensorView& y = outputs[0];
  return static_cast<const ops::QuantizedMatMul&>(op).y.rule == ops::QuantisationRule::OnnxRuntime && isPacked(inputs, y) &&
         (y.strides[y.shape.rank() - 1] == 1 || y.shape[y.shape.rank() - 1] == 1);
}

size_t QuantizedMatMulWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                                std::span<const TensorView>, const CallShape& call) {
  return scratchWorkspace(ProductShape(op, inputs[0], inputs[1]).blocks().scratchBytes(),
                          call.threads);
}

Result<void> runQuantizedMatMul(const ops::Operator& op, const KernelArgs& args) {
  const auto& matmul = static_cast<const ops::QuantizedMatMul&>(op);
  const ProductShape shape(op, args.inputs[0], args.inputs[1]);
  const ByteBlocks blocks = shape.blocks();
  const ByteProduct product(shape.panels, args, TileInput(args.inputs[0].type, matmul.xZero),
                            matmul.y);
  forEachBlock(args, blocks.blocks(), product.pairs(), blocks.scratchBytes(),
               [&](int64_t block, int64_t firstPair, int64_t endPair, std::byte* scratch) {
                 runProductBlock(shape, blocks, product, args, block, firstPair, endPair, scratch);
               });
  return {};
}

}  // namespace minnow::kernels::simd
