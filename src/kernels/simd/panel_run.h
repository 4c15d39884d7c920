// What convolutions and matrix products share above the microkernel: walking over the panels of
// packed weights, pairing them where the instruction set has tiles for pairs, and covering a row of
// pixels with tiles of nearly equal size.
#pragma once

#include <algorithm>
#include <limits>
#include <optional>

#include "kernels/packing.h"
#include "kernels/simd/panel_tile.h"
#include "minnow/tensor.h"
#include "ops/unary.h"

namespace minnow::kernels::simd {

/// Panels of one group.
inline int64_t panelsOf(const PanelShape& shape) { return (shape.outputs + kPanel - 1) / kPanel; }

/// The epilogue as a tile takes it: clamping happens in registers, other functions when the tile
/// has been stored. No bound is NaN or -0.
struct TileEpilogue {
  bool clamp = false;
  float low = -std::numeric_limits<float>::infinity();
  float high = std::numeric_limits<float>::infinity();
  std::optional<ops::Epilogue> after;

  TileEpilogue() = default;
  explicit TileEpilogue(const ops::Epilogue& epilogue);
  /// What a kind of tile takes, which is no longer to be done afterwards.
  template <class Tile>
  ops::Epilogue takenBy() {
    if (!after || !Tile::takes(after->fn)) return {};
    const ops::Epilogue taken = *after;
    after.reset();
    return taken;
  }
};

/// Where the reduction of a row of pixels reads.
struct Reduction {
  const TapRun* taps;
  int64_t tapCount, run;
};

/// One panel, or a pair, of a group: everything of a tile that does not depend on pixels.
struct Panel {
  int64_t group = 0;
  int64_t firstOutput = 0;  ///< of all groups' output channels
  const PanelTiles* tiles = nullptr;
  const ops::Epilogue* after = nullptr;  ///< applied to what a tile has stored
  PanelTile tile;

  /// Computes `pixels` pixels; `output` is the first one's channel 0 of group 0.
  void run(const Reduction& reduction, int64_t pixels, float* output, int64_t outputStep) const;

 private:
  /// The next `count` tiles of so many pixels; moves the tile on.
  void runTiles(PanelTile& t, int64_t pixels, int64_t count) const;
};

/// Weights in panels: of float32 where they lie, of float16 widened into a thread's scratch, one pair of
/// panels at a time. All pixels of a block read them there: of 56 pixels by 32 channels a step takes
/// 112 multiply-adds of 16 floats, and widening its weights 2 loads and 2 stores.
class PanelWeights {
 public:
  explicit PanelWeights(const TensorView& packed);
  explicit PanelWeights(const float* floats) : first_(floats) {}

  /// Behind so many elements.
  PanelWeights from(int64_t elements) const;
  /// Null where they are float32.
  const uint16_t* halves() const {
    return areHalves_ ? static_cast<const uint16_t*>(first_) : nullptr;
  }
  /// Of the scratch that read() needs.
  int64_t roomFloats(const PanelShape& shape) const {
    return areHalves_ ? PanelShape::roundUp(mostElements(shape), 16) : 0;
  }
  /// `count` elements, in `room` or where they lie.
  const float* read(int64_t count, float* room) const;

 private:
  /// Of a pair of panels, or of all depthwise weights, which are few.
  static int64_t mostElements(const PanelShape& shape) {
    if (shape.depthwise) return shape.groupElements();
    return std::min(2 * kPanel, PanelShape::roundUp(shape.outputs, 4)) * shape.depth;
  }

  const void* first_;
  bool areHalves_ = false;
};

/// The output channels of an operator with packed weights.
class PanelOutputs {
 public:
  /// `bias` may be absent.
  PanelOutputs(const PanelShape& shape, const PanelWeights& weights, const TensorView& bias,
               const ops::Epilogue& epilogue);

  /// Calls fn(Panel) for the panels [begin, end) counted over all groups, pairs in one call. `room` is
  /// what PanelWeights::roomFloats() asked for.
  template <class Fn>
  void forEachPanel(int64_t begin, int64_t end, float* room, const Fn& fn) const {
    const int64_t perGroup = panelsOf(shape_);
    end = std::min(end, shape_.groups * perGroup);
    float bias[2 * kPanel];
    while (begin < end) {
      const int64_t left = std::min(end - begin, perGroup - begin % perGroup);
      const Panel panel = at(begin / perGroup, begin % perGroup, left, bias, room);
      fn(panel);
      begin += panel.tile.outputs > kPanel ? 2 : 1;
    }
  }

 private:
  Panel at(int64_t group, int64_t index, int64_t left, float* bias, float* room) const;

  PanelShape shape_;
  PanelWeights weights_;
  TensorView bias_;
  TileEpilogue epilogue_;
  ops::Epilogue inTiles_;
  const PanelTileSet& tiles_;
};

}  // namespace minnow::kernels::simd
