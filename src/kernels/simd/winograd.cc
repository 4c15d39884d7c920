// Convolution by Winograd's tiles. Some tiles' inputs are taken to the 36 points; then, a panel of
// output channels at a time, the weights are, half the points at a time; at every point a product of
// tiles by channels with channels by outputs is one of panels; and sums are brought back. Weights
// stay 3x3 in the file: the transformed ones, four times as large, exist for one panel and 18 points
// at a time. With 64 channels those take 72 KB, a block of 28 tiles 318 KB. A file may hold them at the
// points instead, whose panels are read where they lie.
#include <algorithm>

#include "kernels/simd/conv.h"
#include "kernels/simd/conv_plan.h"
#include "kernels/simd/epilogue_rows.h"
#include "kernels/simd/panel_run.h"
#include "kernels/simd/scratch.h"
#include "kernels/simd/winograd_transform.h"

namespace minnow::kernels::simd {
namespace {

constexpr int kTile = WinogradAxis::kTile, kPatch = WinogradAxis::kPatch;
constexpr int kPoints = WinogradTransforms::kPoints;
constexpr int64_t kLeastTiles = WinogradBlock::kLeastTiles;
constexpr int kHalf = WinogradTransforms::kHalf * kPatch;  // points whose weights exist at a time
constexpr int64_t kOutputs = WinogradBlock::kOutputs;
static_assert(kOutputs == kPanel);

/// How a layer is cut. Tiles are counted row after row over the rows of tiles that are asked for.
struct Cut {
  WinogradAxis y, x;
  OutputRows rows;
  int64_t firstTileRow, tiles;  ///< of an image
  int64_t mostTiles;            ///< of a block
  int64_t tilesPerBlock = 0, blocks = 0;
  int64_t channels, paddedChannels, outputs;
  bool atPoints;  ///< weights are already
  bool halves;    ///< weights are stored as float16

  Cut(const ops::Conv& conv, const TensorView& in, const TensorView& weights, const TensorView& out,
      const OutputRows& asked)
      : y(conv.along(0, in.shape[2]), in.shape[2], out.shape[2]),
        x(conv.along(1, in.shape[3]), in.shape[3], out.shape[3]),
        rows(asked.within(out.shape[2])),
        firstTileRow(rows.begin / kTile),
        tiles(((rows.end + kTile - 1) / kTile - firstTileRow) * x.tiles()),
        channels(in.shape[1]),
        paddedChannels(PanelShape::roundUp(channels, 4)),
        outputs(out.shape[1]),
        atPoints(ops::Conv::areAtPoints(weights.shape)),
        halves(weights.packing == Packing::F16x16) {
    mostTiles = WinogradBlock::mostTiles(paddedChannels);
    if (tiles > 0) cutInto((tiles + mostTiles - 1) / mostTiles);
  }

  void cutInto(int64_t count) {
    constexpr int64_t kTogether = WinogradBlock::kTogether;
    const int64_t share = (tiles + count - 1) / count;
    tilesPerBlock = std::min(tiles, PanelShape::roundUp(share, kTogether));
    blocks = (tiles + tilesPerBlock - 1) / tilesPerBlock;
  }

  int64_t panels() const { return (outputs + kPanel - 1) / kPanel; }
  // Floats of the parts of scratch memory.
  int64_t zeros() const { return PanelShape::roundUp(channels, 16); }
  int64_t inputs(int64_t perBlock) const { return kPoints * inputStep(perBlock); }
  // Also of inputs between the two axes of their transform, which are less.
  int64_t taps() const { return atPoints ? kPoints * paddedChannels : kHalf * tapsStep(); }
  // From a point's floats to the next's. Not multiples of 4 KB, at which all would share the few places
  // that a cache has for equal lower bits of an address: 18 points of weights were a third slower.
  int64_t inputStep(int64_t perBlock) const { return perBlock * paddedChannels + kPanel; }
  int64_t tapsStep() const { return (channels + 1) * kOutputs; }
  int64_t sums(int64_t perBlock) const { return kPoints * perBlock * kOutputs; }
  int64_t widened() const { return halves ? 9 * channels * kOutputs : 0; }
  size_t scratchBytes(int64_t perBlock) const {
    return static_cast<size_t>(zeros() + inputs(perBlock) + taps() + sums(perBlock) + widened()) *
           sizeof(float);
  }
  /// For any rows of that number: 4 rows may lie in two rows of tiles.
  size_t mostScratchBytes() const {
    const int64_t tileRows = std::min((rows.end - rows.begin + kTile - 2) / kTile + 1, y.tiles());
    return scratchBytes(std::min(mostTiles, tileRows * x.tiles()));
  }
};

struct Range {
  int64_t begin, end;
};

class Layer {
 public:
  Layer(const ops::Conv& conv, const KernelArgs& args, const Cut& cut)
      : args_(args),
        cut_(cut),
        in_(args.inputs[0]),
        out_(args.outputs[0]),
        panels_(panelShape(conv, args.inputs[1])),
        weights_(args.inputs[1]),
        epilogue_(conv.epilogue) {}

  /// Tiles of an image, for the outputs of some panels.
  void run(int64_t image, const Range& tiles, const Range& panels, float* scratch) const {
    float* zeros = scratch;
    float* inputs = zeros + cut_.zeros();
    float* taps = inputs + cut_.inputs(cut_.tilesPerBlock);
    float* sums = taps + cut_.taps();
    float* widened = sums + cut_.sums(cut_.tilesPerBlock);
    std::fill_n(zeros, cut_.zeros(), 0.0f);
    readTiles(image, tiles, zeros, taps, inputs);
    for (int64_t panel = panels.begin; panel < panels.end; ++panel) {
      const int64_t first = panel * kPanel;
      const int64_t count = std::min(cut_.outputs - first, kPanel);
      const float* weights = weightsOf(first, widened);
      for (int half = 0; half < 2; ++half) {
        multiply(tiles.end - tiles.begin, count, inputs + half * kHalf * inputStep(),
                 tapsOf(half, weights, count, taps), sums + half * kHalf * sumStep());
      }
      writeTiles(image, tiles, {first, first + count}, sums);
    }
  }

 private:
  /// From a point to the next.
  int64_t inputStep() const { return cut_.inputStep(cut_.tilesPerBlock); }
  int64_t sumStep() const { return cut_.tilesPerBlock * kOutputs; }
  /// Row and column of a tile, in tiles.
  std::pair<int64_t, int64_t> place(int64_t tile) const {
    const int64_t perRow = cut_.x.tiles();
    return {cut_.firstTileRow + tile / perRow, tile % perRow};
  }

  void readTiles(int64_t image, const Range& tiles, const float* zeros, float* between,
                 float* to) const {
    const float* from = args_.inputs[0].as<const float>() + image * in_.batchStride;
    for (int64_t tile = tiles.begin; tile < tiles.end; ++tile, to += cut_.paddedChannels) {
      const float* pixels[kPoints];
      findPatch(tile, from, zeros, pixels);
      transforms_.inputs(pixels, cut_.channels, between, to, inputStep());
    }
  }

  void findPatch(int64_t tile, const float* from, const float* zeros,
                 const float* (&pixels)[kPoints]) const {
    const auto [tileRow, tileColumn] = place(tile);
    int64_t columns[kPatch];  // where they lie in a row, or -1
    for (int j = 0; j < kPatch; ++j) {
      const int64_t column = cut_.x.input(tileColumn, j);
      columns[j] = column < 0 ? -1 : column * in_.pixelStride;
    }
    for (int i = 0; i < kPatch; ++i) {
      const int64_t row = cut_.y.input(tileRow, i);
      const float* start = from + row * in_.rowStride;
      for (int j = 0; j < kPatch; ++j)
        pixels[i * kPatch + j] = row < 0 || columns[j] < 0 ? zeros : start + columns[j];
    }
  }

  /// Of a point, and from there to the next point's.
  struct Taps {
    const float* first;
    int64_t step;
  };
  /// The panel of the output `first`, as floats.
  const float* weightsOf(int64_t first, float* room) const {
    return weights_.from(panels_.offset(0, first, 0))
        .read(panels_.width(first) * panels_.depth, room);
  }
  /// The weights of `count` outputs, a panel of a matrix for each point of a half: as stored, or made
  /// in `room`.
  Taps tapsOf(int half, const float* panel, int64_t count, float* room) const {
    const int64_t width = matrixOf(count).width(0);
    const int64_t pointStep = cut_.channels * width;
    if (cut_.atPoints) return {panel + half * kHalf * pointStep, pointStep};
    transforms_.taps(half, panel, cut_.channels, width, room, cut_.tapsStep());
    return {room, cut_.tapsStep()};
  }

  PanelShape matrixOf(int64_t outputs) const { return {1, outputs, cut_.channels}; }

  void multiply(int64_t tiles, int64_t count, const float* inputs, const Taps& taps,
                float* sums) const {
    const PanelShape matrix = matrixOf(count);
    PanelOutputs(matrix, PanelWeights(taps.first), {}, {})
        .forEachPanel(0, 1, nullptr, [&](Panel panel) {
          panel.tile.bias = nullptr;
          for (int i = 0; i < kHalf; ++i) {
            const TapRun run{inputs + i * inputStep(), cut_.paddedChannels};
            panel.run({&run, 1, cut_.channels}, tiles, sums + i * sumStep(), kOutputs);
            panel.tile.weights += taps.step;
          }
        });
  }

  void writeTiles(int64_t image, const Range& tiles, const Range& outputs,
                  const float* sums) const {
    float bias[kOutputs] = {};
    for (int64_t i = outputs.begin; i < outputs.end; ++i)
      bias[i - outputs.begin] = args_.bias(2, i);
    WinogradResults to;
    to.rowStride = out_.rowStride;
    to.pixelStride = out_.pixelStride;
    to.channels = outputs.end - outputs.begin;
    to.bias = bias;
    to.clamp = epilogue_.clamp;
    to.low = epilogue_.low;
    to.high = epilogue_.high;
    float* image0 = args_.outputs[0].as<float>() + image * out_.batchStride + outputs.begin;
    for (int64_t tile = tiles.begin; tile < tiles.end; ++tile, sums += kOutputs) {
      const auto [tileRow, tileColumn] = place(tile);
      const int64_t row = tileRow * kTile, column = tileColumn * kTile;
      to.output = image0 + row * out_.rowStride + column * out_.pixelStride;
      to.firstRow = static_cast<int>(std::max<int64_t>(0, cut_.rows.begin - row));
      to.endRow = static_cast<int>(std::min<int64_t>(kTile, cut_.rows.end - row));
      to.endColumn = static_cast<int>(std::min<int64_t>(kTile, cut_.x.outputs - column));
      transforms_.results(sums, sumStep(), to);
      if (epilogue_.after)
        for (int i = to.firstRow; i < to.endRow; ++i)
          applyEpilogueRows(*epilogue_.after, to.output + i * to.rowStride, to.endColumn,
                            to.pixelStride, to.channels);
    }
  }

  const KernelArgs& args_;
  const Cut& cut_;
  Image in_, out_;
  PanelShape panels_;
  PanelWeights weights_;
  TileEpilogue epilogue_;
  const WinogradTransforms& transforms_ = winogradTransforms();
};

}  // namespace

bool acceptsWinograd(const ops::Operator& op, std::span<const TensorView> inputs,
                     std::span<const TensorView> outputs) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  if (!conv.winograd || !isInPanels(inputs[1]) || outputs[0].elements() == 0) return false;
  if (inputs[1].packing == Packing::F16x16 && ops::Conv::areAtPoints(inputs[1].shape)) return false;
  return !panelShape(conv, inputs[1]).depthwise && Image(inputs[0]).channelsAdjacent() &&
         Image(outputs[0]).channelsAdjacent();
}

size_t winogradWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                         std::span<const TensorView> outputs, const CallShape& call) {
  const Cut cut(static_cast<const ops::Conv&>(op), inputs[0], inputs[1], outputs[0], call.rows);
  return scratchWorkspace(cut.mostScratchBytes(), call.threads);
}

Result<void> runWinograd(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::Conv&>(op);
  Cut cut(conv, args.inputs[0], args.inputs[1], args.outputs[0], args.rows);
  const Layer layer(conv, args, cut);
  const int64_t batch = args.outputs[0].shape[0], panels = cut.panels();
  // Threads share blocks of tiles, of which there are several for each; where there are few tiles, they share panels, and each
  // takes the inputs to the points for itself.
  if (cut.tiles == 0) return {};
  const size_t scratchBytes = cut.scratchBytes(cut.tilesPerBlock);
  const int threads = args.team->threads();
  if (threads > 1 && batch * cut.blocks < 3 * threads)
    cut.cutInto(std::min<int64_t>(3 * threads, (cut.tiles + kLeastTiles - 1) / kLeastTiles));
  int64_t panelsPerItem = panels;
  while (batch * cut.blocks * ((panels + panelsPerItem - 1) / panelsPerItem) < threads &&
         panelsPerItem > 1)
    panelsPerItem = (panelsPerItem + 1) / 2;
  const int64_t panelBlocks = (panels + panelsPerItem - 1) / panelsPerItem;
  forEachItem(*args.team, batch * cut.blocks * panelBlocks, args.workspace, scratchBytes,
              [&](int64_t item, std::byte* scratch) {
                const int64_t panel = item % panelBlocks * panelsPerItem;
                const int64_t block = item / panelBlocks % cut.blocks;
                const int64_t first = block * cut.tilesPerBlock;
                layer.run(item / panelBlocks / cut.blocks,
                          {first, std::min(first + cut.tilesPerBlock, cut.tiles)},
                          {panel, std::min(panel + panelsPerItem, panels)},
                          reinterpret_cast<float*>(scratch));
              });
  return {};
}

}  // namespace minnow::kernels::simd
