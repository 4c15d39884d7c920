// Convolutions and matrix products of bytes. Rows (pixels) come by blocks that stay in the second
// cache while panel after panel passes over them: where a pixel's bytes lie side by side, by fours,
// they are read in place, else they are brought together, padding as the zero point.
#include <algorithm>
#include <cstring>

#include "kernels/simd/byte_depthwise.h"
#include "kernels/simd/quantized.h"
#include "kernels/simd/quantized_parts.h"
#include "kernels/simd/scratch.h"

namespace minnow::kernels::simd {
namespace {

/// Small cores share 512 KB among four of them.
constexpr int64_t kBlockBytes = (kTileTakesSigned ? 64 : 192) * 1024;

/// x as tiles take it.
struct TileInput {
  uint32_t flip;
  int32_t zero;   ///< once flipped
  uint8_t blank;  ///< the byte of x that stands for nothing

  /// Whether bytes are flipped before tiles read them.
  bool comesFlipped() const { return kTileTakesSigned && flip != 0; }

  TileInput(DataType type, int64_t xZero)
      : flip((type == DataType::Int8) != kTileTakesSigned ? 0x80808080 : 0),
        zero(static_cast<int32_t>(xZero)),
        blank(static_cast<uint8_t>(xZero)) {
    if (flip) zero += type == DataType::Int8 ? 128 : -128;
  }
};

/// Where tiles find bytes: where x has them; in scratch memory, copied as they lie; or there, brought together row by row.
enum class BytesCome : uint8_t { InPlace, Copied, Gathered };

/// How a product's rows are cut, and what scratch a thread needs: where results of a row begin, what
/// its sums have more or less, and its bytes.
struct ByteBlocks {
  int64_t rows, pitch, rowsPerBlock;
  BytesCome come;

  ByteBlocks(int64_t rows, int64_t depth, BytesCome come)
      : rows(rows),
        pitch(come == BytesCome::Copied ? depth
                                        : BytePanels::roundUp(std::max<int64_t>(depth, 1), 64)),
        come(come) {
    if (come != BytesCome::Copied && pitch / 64 % 2 == 0)
      pitch += 64;  // else rows share the sets of the first cache
    const int64_t fit = kBlockBytes / pitch / kByteRows * kByteRows;
    rowsPerBlock = std::clamp<int64_t>(fit, kByteRows, 16 * kByteRows);
    rowsPerBlock = std::min(rowsPerBlock, std::max<int64_t>(rows, 1));
  }
  int64_t blocks() const { return blocksOf(rows, rowsPerBlock); }
  int64_t* places(std::byte* scratch) const { return reinterpret_cast<int64_t*>(scratch); }
  int32_t* terms(std::byte* scratch) const {
    return reinterpret_cast<int32_t*>(scratch + placesBytes());
  }
  uint8_t* bytes(std::byte* scratch) const {
    return reinterpret_cast<uint8_t*>(scratch + placesBytes() + termBytes());
  }
  size_t scratchBytes() const {
    return placesBytes() + termBytes() +
           (come == BytesCome::InPlace ? 0 : static_cast<size_t>(rowsPerBlock * pitch));
  }

 private:
  size_t placesBytes() const {
    return base::alignUp(static_cast<size_t>(rowsPerBlock) * sizeof(int64_t));
  }
  size_t termBytes() const {
    return base::alignUp(static_cast<size_t>(rowsPerBlock) * sizeof(int32_t));
  }
};

/// One product while it runs: bytes times panels, to bytes or to real numbers.
class ByteProduct {
 public:
  template <class Product>
  ByteProduct(const Product& op, const BytePanels& panels, const KernelArgs& args, int64_t rows)
      : panels_(panels),
        args_(args),
        input_(args.inputs[0].type, zeroOfInput(args, op.xZero)),
        results_(op, panels, args, input_.zero),
        wZero_(static_cast<int32_t>(op.wZero)),
        tiles_(byteTiles()),
        scratches_(results_.channels().scratches()),
        storesBytes_(wZero_ == 0 && panels.steps() <= tiles_.mostSteps && results_.suit(tiles_)) {
    if (runBytes(panels, rows) == 0) return;
    runs_ = reinterpret_cast<StepRun*>(results_.channels().scratches().data());
    const auto* weights = args.inputs[1].as<const std::byte>() + panels.sumBytes();
    twosFit_ = tiles_.findRuns(weights, panels.groups * panels.panels(), panels.steps(), runs_);
    scratches_ = scratches_.subspan(runBytes(panels, rows));
  }

  static size_t workspace(const BytePanels& panels, int64_t rows) {
    return Channels::bytes(panels) + runBytes(panels, rows);
  }
  const TileInput& input() const { return input_; }
  std::span<std::byte> scratches() const { return scratches_; }
  /// Pairs of panels of a group.
  int64_t pairs() const { return blocksOf(panels_.panels(), kBytePanels); }

  struct Rows {
    const uint8_t* x;
    int64_t rowStep, count;
    const int64_t* places;  ///< where results of a row begin
    int32_t* terms;         ///< room for what each row's sums have more or less
  };
  void run(int64_t group, int64_t firstPair, int64_t endPair, const Rows& rows, int64_t y) const {
    if (wZero_ != 0) findTerms(rows);
    for (int64_t pair = firstPair; pair < endPair; ++pair)
      runPair(group, pair * kBytePanels, rows, y);
  }

 private:
  /// For few rows looking for runs takes longer than they save.
  static size_t runBytes(const BytePanels& panels, int64_t rows) {
    if (!byteTiles().findRuns || rows < 8) return 0;
    const int64_t runs = panels.groups * panels.panels() * StepRun::ofPanel(panels.steps());
    return base::alignUp(static_cast<size_t>(runs) * sizeof(StepRun));
  }
  const StepRun* runs(int64_t group, int64_t panel) const {
    const int64_t before = group * panels_.panels() + panel;
    return runs_ ? runs_ + before * StepRun::ofPanel(panels_.steps()) : nullptr;
  }
  /// The weights' zero point times what x stands for.
  void findTerms(const Rows& rows) const {
    const bool isSigned = kTileTakesSigned || args_.inputs[0].type == DataType::Int8;
    const int64_t zero = zeroOfUnsigned();
    const uint8_t flip = isSigned ? 0x80 : 0;
    for (int64_t r = 0; r < rows.count; ++r) {
      const int64_t sum = sumOfBytes(rows.x + r * rows.rowStep, panels_.depth, flip);
      rows.terms[r] = static_cast<int32_t>(wZero_ * (panels_.depth * zero - sum));
    }
  }
  int64_t zeroOfUnsigned() const { return input_.zero + (kTileTakesSigned ? 128 : 0); }

  void runPair(int64_t group, int64_t panel, const Rows& rows, int64_t y) const {
    alignas(64) int32_t sums[kRowsOfSums * kByteColumns];
    const int64_t column = panel * BytePanels::kOutputs;
    const int64_t columns = std::min(kByteColumns, panels_.outputs - column);
    const int64_t channel = panels_.channel(group, column);
    const int64_t panels = columns > BytePanels::kOutputs ? kBytePanels : 1;
    const bool toBytes = storesBytes_ && columns == panels * BytePanels::kOutputs;
    const int64_t atOnce = toBytes ? rows.count : kRowsOfSums;
    for (int64_t row = 0; row < rows.count; row += atOnce) {
      const int64_t n = std::min(atOnce, rows.count - row);
      const int64_t* places = rows.places + row;
      const SumsToBytes to = results_.toBytes(sums, channel, y + column, places, n, columns);
      const ByteTile tile{rows.x + row * rows.rowStep,
                          rows.rowStep,
                          panels_.steps(),
                          input_.comesFlipped() ? 0 : input_.flip,
                          args_.inputs[1].as<const std::byte>() + panels_.panelOffset(group, panel),
                          panels_.panelBytes(),
                          runs(group, panel),
                          twosFit_,
                          results_.channels().start() + channel,
                          sums,
                          toBytes ? &to : nullptr,
                          places};
      if (toBytes) {
        tiles_.bytes(tile, n, panels);
        continue;
      }
      tiles_.sums(tile, n, panels);
      if (wZero_ != 0) addTerms(rows.terms + row, n, sums);
      results_.store(sums, channel, y + column, places, n, columns);
    }
  }

  static void addTerms(const int32_t* terms, int64_t rows, int32_t* sums) {
    for (int64_t r = 0; r < rows; ++r, sums += kByteColumns)
      for (int64_t c = 0; c < kByteColumns; ++c)
        sums[c] =
            static_cast<int32_t>(static_cast<uint32_t>(sums[c]) + static_cast<uint32_t>(terms[r]));
  }

  BytePanels panels_;
  const KernelArgs& args_;
  TileInput input_;
  ByteResults results_;
  int32_t wZero_;
  ByteTiles tiles_;
  std::span<std::byte> scratches_;
  StepRun* runs_ = nullptr;
  bool storesBytes_, twosFit_ = false;
};

/// Calls run(block, first pair, end pair, scratch): pairs are shared too where blocks are few.
template <class F>
void forEachBlock(base::Team& team, const ByteProduct& product, int64_t blocks, size_t scratchBytes,
                  F&& run) {
  const int64_t threads = team.threads(), pairs = product.pairs();
  const int64_t cuts =
      blocks >= threads ? 1 : std::min(pairs, blocksOf(threads, std::max<int64_t>(blocks, 1)));
  const int64_t perCut = blocksOf(pairs, std::max<int64_t>(cuts, 1));
  forEachItem(team, blocks * cuts, product.scratches(), scratchBytes,
              [&](int64_t item, std::byte* scratch) {
                const int64_t first = item % cuts * perCut;
                run(item / cuts, first, std::min(first + perCut, pairs), scratch);
              });
}

// Convolution -------------------------------------------------------------------------------------

/// A pixel of the output, and the first one of the next row.
struct Pixel {
  int64_t z, row, column;

  Pixel(const ConvShape& shape, int64_t i)
      : z(i / (shape.rows * shape.y.width)),
        row(shape.firstRow + i / shape.y.width % shape.rows),
        column(i % shape.y.width) {}
  Pixel(int64_t z, int64_t row) : z(z), row(row), column(0) {}
  void nextRow(const ConvShape& shape) {
    column = 0;
    if (++row < shape.firstRow + shape.rows) return;
    row = shape.firstRow, ++z;
  }
  int64_t offset(const Image& image) const {
    return z * image.planeStride + row * image.rowStride + column * image.pixelStride;
  }
};

/// The bytes under the taps of pixels, tap after tap.
class Gathering {
 public:
  Gathering(const ConvShape& shape, const uint8_t* image, const TileInput& input)
      : shape_(shape),
        image_(image),
        flip_(input.comesFlipped() ? 0x80 : 0),
        blank_(input.blank ^ flip_) {}

  void copy(int64_t from, int64_t bytes, uint8_t* to) const {
    copyBytes(to, image_ + from, bytes, flip_);
  }
  /// Of `count` pixels of a row, whose bytes lie `pitch` apart.
  void pixels(const Pixel& first, int64_t count, uint8_t* to, int64_t pitch) const {
    const auto& [z, y, x] = shape_.windows;
    const int64_t run = x.kernel * shape_.channels;
    for (int64_t kz = 0; kz < z.kernel; ++kz)
      for (int64_t ky = 0; ky < y.kernel; ++ky, to += run) {
        const int64_t plane = z.tapAt(first.z, kz), row = y.tapAt(first.row, ky);
        const bool exists =
            plane >= 0 && plane < shape_.x.depth && row >= 0 && row < shape_.x.height;
        if (exists)
          rowOfTaps(image_ + plane * shape_.x.planeStride + row * shape_.x.rowStride, first.column,
                    count, to, pitch);
        else
          for (int64_t i = 0; i < count; ++i)
            std::memset(to + i * pitch, blank_, static_cast<size_t>(run));
      }
  }

 private:
  /// Of a row of the kernel: windows that meet no padding are copied whole where their bytes lie side by side.
  void rowOfTaps(const uint8_t* row, int64_t column, int64_t count, uint8_t* to,
                 int64_t pitch) const {
    const ops::SlidingWindow& window = shape_.windows[2];
    const Image& x = shape_.x;
    const int64_t run = shape_.channels;
    const auto [first, end] = window.dilation == 1 && x.channelsAdjacent() && x.pixelStride == run
                                  ? shape_.inner()
                                  : std::pair{column, column};
    const int64_t last = column + count;
    for (; column < std::min(first, last); ++column, to += pitch)
      taps(row, window.tapAt(column, 0), to);
    if (const int64_t n = std::min(end, last) - column; n > 0) {
      copyRuns({to, pitch, row + window.tapAt(column, 0) * run, window.stride * run, n,
                window.kernel * run, flip_});
      column += n, to += n * pitch;
    }
    for (; column < last; ++column, to += pitch) taps(row, window.tapAt(column, 0), to);
  }
  void taps(const uint8_t* row, int64_t column, uint8_t* to) const {
    const ops::SlidingWindow& window = shape_.windows[2];
    const Image& x = shape_.x;
    const int64_t run = shape_.channels;
    for (int64_t kx = 0; kx < window.kernel; ++kx, column += window.dilation, to += run) {
      if (column < 0 || column >= x.width)
        std::memset(to, blank_, static_cast<size_t>(run));
      else if (x.channelsAdjacent())
        copyBytes(to, row + column * x.pixelStride, run, flip_);
      else
        for (int64_t c = 0; c < run; ++c)
          to[c] = row[column * x.pixelStride + c * x.channelStride] ^ flip_;
    }
  }

  const ConvShape& shape_;
  const uint8_t* image_;
  uint8_t flip_, blank_;
};

ByteBlocks blocksOfConv(const ConvShape& shape, const TileInput& input) {
  if (!shape.readsInPlace()) return {shape.pixels(), shape.panels.depth, BytesCome::Gathered};
  if (!input.comesFlipped()) return {shape.pixels(), shape.panels.depth, BytesCome::InPlace};
  const bool isDense = shape.x.pixelStride == shape.panels.depth;
  return {shape.pixels(), shape.panels.depth, isDense ? BytesCome::Copied : BytesCome::Gathered};
}

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
  int64_t* places = blocks.places(scratch);
  uint8_t* bytes = blocks.bytes(scratch);
  const Gathering gathering(shape, image, product.input());
  Pixel pixel(shape, first);
  const int64_t inPlace = pixel.offset(shape.x);
  for (int64_t i = 0; i < count;) {
    const int64_t n = std::min(count - i, shape.y.width - pixel.column);  // of a row
    const int64_t place = pixel.offset(shape.y);
    for (int64_t k = 0; k < n; ++k) places[i + k] = place + k * shape.y.pixelStride;
    if (blocks.come == BytesCome::Gathered)
      gathering.pixels(pixel, n, bytes + i * blocks.pitch, blocks.pitch);
    i += n, pixel.nextRow(shape);
  }
  if (blocks.come == BytesCome::Copied) gathering.copy(inPlace, count * blocks.pitch, bytes);
  ByteProduct::Rows rows{bytes, blocks.pitch, count, places, blocks.terms(scratch)};
  if (blocks.come == BytesCome::InPlace)
    rows.x = image + inPlace, rows.rowStep = shape.x.pixelStride;
  product.run(group, firstPair, endPair, rows,
              batch * shape.y.batchStride + group * shape.panels.outputs);
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
    size_t blank, runs, places;

    explicit Parts(const ConvShape& shape)
        : blank(base::alignUp(
              static_cast<size_t>((shape.y.width - 1) * xStep(shape) + shape.groups))),
          runs(base::alignUp(static_cast<size_t>(kRows * runsOfRow(shape)) * sizeof(ByteRun))),
          places(base::alignUp(static_cast<size_t>(kRows * runsOfRow(shape) * shape.taps()) *
                               sizeof(void*))) {}
    size_t bytes() const { return blank + runs + places; }
  };
  static int64_t xStep(const ConvShape& shape) {
    return shape.windows[2].stride * shape.x.pixelStride;
  }
  static int64_t runsOfRow(const ConvShape& shape) {
    const auto [first, end] = shape.inner();
    return shape.y.width - (end - first) + 1;
  }

  void addRow(const uint8_t* image, Pixel pixel, uint8_t* y, int64_t ySize) {
    const auto [first, end] = shape_.inner();
    for (pixel.column = 0; pixel.column < shape_.y.width;) {
      const int64_t count = pixel.column == first && end > first ? end - first : 1;
      runs_[count_] = {count, y + pixel.offset(shape_.y) * ySize};
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

/// Sums become real numbers where they lie.
void finishReals(const ConvShape& shape, const DepthwiseChannels& of, const SliceRows& rows,
                 const ops::Epilogue& epilogue) {
  for (int64_t row = rows.first; row < rows.end; ++row)
    for (int64_t column = 0; column < shape.y.width; ++column) {
      const int64_t at =
          rows.plane * shape.y.planeStride + row * shape.y.rowStride + column * shape.y.pixelStride;
      auto* y = reinterpret_cast<float*>(rows.y) + at;
      scaleSums({reinterpret_cast<const int32_t*>(y), of.factors, of.more, y, of.channels});
      applyTo(epilogue, y, of.channels);
    }
}

void convolveRuns(const ConvShape& shape, const DepthwiseChannels& channels, const SliceRows& rows,
                  std::byte* scratch) {
  DepthwiseRuns runs(shape, rows.blank, scratch);
  for (int64_t row = rows.first; row < rows.end; ++row)
    runs.addRow(rows.x, Pixel(rows.plane, row), rows.y, rows.ySize);
  convolveDepthwise({channels, runs.runs(), runs.places(), runs.count(),
                     DepthwiseRuns::xStep(shape), shape.y.pixelStride * rows.ySize});
}

void runDepthwiseItem(const ConvShape& shape, const ops::QuantizedConv& op, const KernelArgs& args,
                      const Channels& channels, const DepthwiseItems& items, int64_t item,
                      std::byte* scratch) {
  const auto size = static_cast<int64_t>(elementSize(args.outputs[0].type));
  const int64_t plane = item / items.perPlane, batch = plane / shape.y.depth;
  const int64_t first = item % items.perPlane * items.rows;
  const SliceRows rows{args.inputs[0].as<const uint8_t>() + batch * shape.x.batchStride,
                       static_cast<uint8_t>(zeroOfInput(args, op.xZero)),
                       args.outputs[0].as<uint8_t>() + batch * shape.y.batchStride * size,
                       size,
                       plane % shape.y.depth,
                       shape.firstRow + first,
                       shape.firstRow + std::min(first + items.rows, shape.rows)};
  const DepthwiseChannels of{shape.taps(),
                             shape.groups,
                             args.inputs[1].as<const int8_t>() + shape.panels.sumBytes(),
                             shape.panels.channels(),
                             static_cast<int16_t>(op.wZero),
                             channels.start(),
                             channels.factors(),
                             channels.bias(),
                             Requantiser(op.y),
                             channels.factorsAreSmall(),
                             args.inputs[0].type == DataType::Int8,
                             op.y.dataType() == DataType::Int8,
                             op.y.isReal(),
                             channels.resultsAreNarrow()};
  kTileTakesSigned ? convolveSlices(shape, of, rows, scratch)
                   : convolveRuns(shape, of, rows, scratch);
  if (op.y.isReal()) finishReals(shape, of, rows, op.epilogue);
}

size_t depthwiseScratch(const ConvShape& shape) {
  return kTileTakesSigned ? sliceBytes(shape) : DepthwiseRuns::Parts(shape).bytes();
}

// Matrix product ----------------------------------------------------------------------------------

struct ProductShape {
  uint8_t flip;  ///< of what is brought together
  int64_t rows = 1, depth;
  BytePanels panels;
  bool inPlace;  ///< rows of a lie at equal distances, each without gaps

  ProductShape(const ops::Operator& op, const TensorView& a, const TensorView& b)
      : flip(TileInput(a.type, 0).comesFlipped() ? 0x80 : 0),
        depth(a.shape[a.shape.rank() - 1]),
        panels(*op.weightMatrices(1, b.shape, b.strides)) {
    const int last = a.shape.rank() - 1;
    inPlace = flip == 0 && a.strides[last] == 1 && depth % BytePanels::kSteps == 0;
    for (int axis = 0; axis < last; ++axis) rows *= a.shape[axis];
    for (int axis = 0; axis + 1 < last; ++axis)
      inPlace = inPlace && a.strides[axis] == a.strides[axis + 1] * a.shape[axis + 1];
  }
  ByteBlocks blocks() const {
    return {rows, depth, inPlace ? BytesCome::InPlace : BytesCome::Gathered};
  }
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
  int64_t* places = blocks.places(scratch);
  uint8_t* bytes = blocks.bytes(scratch);
  for (int64_t i = 0; i < count; ++i) {
    places[i] = rowOffset(y, first + i);
    if (shape.inPlace) continue;
    const uint8_t* from = a.as<const uint8_t>() + rowOffset(a, first + i);
    uint8_t* to = bytes + i * blocks.pitch;
    if (a.strides[last] == 1)
      copyBytes(to, from, shape.depth, shape.flip);
    else
      for (int64_t k = 0; k < shape.depth; ++k) to[k] = from[k * a.strides[last]] ^ shape.flip;
  }
  ByteProduct::Rows rows{bytes, blocks.pitch, count, places, blocks.terms(scratch)};
  if (shape.inPlace)
    rows.x = a.as<const uint8_t>() + rowOffset(a, first), rows.rowStep = a.strides[last - 1];
  product.run(0, firstPair, endPair, rows, 0);
}

}  // namespace

bool acceptsQuantizedConv(const ops::Operator& op, std::span<const TensorView> inputs,
                          std::span<const TensorView> outputs) {
  if (!isPacked(inputs, outputs[0])) return false;
  const ConvShape shape = shapeOf(op, inputs, outputs, {});
  return shape.y.channelsAdjacent() && !shape.panels.depthwise;
}

size_t QuantizedConvWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                              std::span<const TensorView> outputs, const CallShape& call) {
  const ConvShape shape = shapeOf(op, inputs, outputs, call.rows);
  return ByteProduct::workspace(shape.panels, shape.pixels()) +
         scratchWorkspace(blocksOfConv(shape, {inputs[0].type, 0}).scratchBytes(), call.threads);
}

Result<void> runQuantizedConv(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::QuantizedConv&>(op);
  const ConvShape shape = shapeOf(op, args.inputs, args.outputs, args.rows);
  const ByteProduct product(conv, shape.panels, args, shape.pixels());
  const ByteBlocks blocks = blocksOfConv(shape, product.input());
  forEachBlock(*args.team, product, shape.y.batch * shape.groups * blocks.blocks(),
               blocks.scratchBytes(),
               [&](int64_t block, int64_t firstPair, int64_t endPair, std::byte* scratch) {
                 runConvBlock(shape, blocks, product, args, block, firstPair, endPair, scratch);
               });
  return {};
}

bool acceptsQuantizedDepthwise(const ops::Operator& op, std::span<const TensorView> inputs,
                               std::span<const TensorView> outputs) {
  if (!isPacked(inputs, outputs[0])) return false;
  const ConvShape shape = shapeOf(op, inputs, outputs, {});
  const bool isReal =
      static_cast<const ops::QuantizedConv&>(op).y.rule == ops::QuantisationRule::TfliteReal;
  return !isReal && shape.panels.depthwise && shape.taps() <= kMostByteTaps &&
         shape.y.channelsAdjacent() && shape.x.channelsAdjacent();
}

size_t QuantizedDepthwiseWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                                   std::span<const TensorView> outputs, const CallShape& call) {
  const ConvShape shape = shapeOf(op, inputs, outputs, call.rows);
  return Channels::bytes(shape.panels) + scratchWorkspace(depthwiseScratch(shape), call.threads);
}

Result<void> runQuantizedDepthwise(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::QuantizedConv&>(op);
  const ConvShape shape = shapeOf(op, args.inputs, args.outputs, args.rows);
  const DepthwiseItems items(shape, args.team->threads());
  const Channels channels(shape.panels, args, static_cast<int32_t>(zeroOfInput(args, conv.xZero)),
                          conv.wZero, conv.y);
  forEachItem(*args.team, items.planes * items.perPlane, channels.scratches(),
              depthwiseScratch(shape), [&](int64_t item, std::byte* scratch) {
                runDepthwiseItem(shape, conv, args, channels, items, item, scratch);
              });
  return {};
}

bool acceptsQuantizedMatMul(const ops::Operator&, std::span<const TensorView> inputs,
                            std::span<const TensorView> outputs) {
  const TensorView& y = outputs[0];
  return isPacked(inputs, y) &&
         (y.strides[y.shape.rank() - 1] == 1 || y.shape[y.shape.rank() - 1] == 1);
}

size_t QuantizedMatMulWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                                std::span<const TensorView>, const CallShape& call) {
  const ProductShape shape(op, inputs[0], inputs[1]);
  return ByteProduct::workspace(shape.panels, shape.rows) +
         scratchWorkspace(shape.blocks().scratchBytes(), call.threads);
}

Result<void> runQuantizedMatMul(const ops::Operator& op, const KernelArgs& args) {
  const auto& matmul = static_cast<const ops::QuantizedMatMul&>(op);
  const ProductShape shape(op, args.inputs[0], args.inputs[1]);
  const ByteBlocks blocks = shape.blocks();
  const ByteProduct product(matmul, shape.panels, args, shape.rows);
  forEachBlock(*args.team, product, blocks.blocks(), blocks.scratchBytes(),
               [&](int64_t block, int64_t firstPair, int64_t endPair, std::byte* scratch) {
                 runProductBlock(shape, blocks, product, args, block, firstPair, endPair, scratch);
               });
  return {};
}

}  // namespace minnow::kernels::simd
