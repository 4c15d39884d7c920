// Resize (ONNX Resize 10+ and Upsample): samples every axis anew. Input: x of any element type for
// Nearest, float32 for Linear and Cubic. An axis whose extent and scale stay is copied.
//
// Linear takes images [N,C,H,W] of 8 bits too, whose rows and columns it samples as TensorFlow Lite's
// reference does. Positions and weights of uint8 are float32's, (i + 0.5) * in / out - 0.5 with
// HalfPixel; int8 counts 1024ths, a step of (1024 * in + out / 2) / out in whole numbers, and positions
// beyond the image (where the reference reads what is not the image) are its last pixel. Of the two
// neighbours of either axis four products x * row weight * column weight are added, left column
// first, its upper row first, each operation rounded; the sum is rounded half up, of int8 half away
// from zero.
//
// Each axis maps output positions to weighted input positions ("taps", ResizeAxis); an element is
// the weighted sum over the last axis first, then the one before it, and so on, each sum starting
// with a product and going on by fused multiply-add in rising order of the taps.
//
// ONNX's length_resized is the same number in every coordinate transformation: scale * extent
// before it is rounded to whole elements where scales are given (scale is length_resized /
// length_original, and "output_width … can be a fractional number"), else the size. A scale that
// misses a whole length by its own rounding means that length. ONNX's reference reads it so; ONNX
// Runtime takes the whole length. docs/operators.md, "Choices".
#pragma once

#include "ops/view.h"

namespace minnow::ops {

enum class ResizeMode : uint8_t { Nearest, Linear, Cubic, kCount };
enum class ResizeCoordinates : uint8_t {
  HalfPixel,
  HalfPixelSymmetric,
  PytorchHalfPixel,
  AlignCorners,
  Asymmetric,
  TfHalfPixelForNn,
  TfCropAndResize,
  kCount
};
enum class ResizeRounding : uint8_t {
  PreferFloor,
  PreferCeil,
  Floor,
  Ceil,
  CeilToShrink,  ///< floor, but ceil along axes that shrink (opset 10)
  kCount
};

struct Resize final : OperatorBase<Resize> {
  static constexpr OpKind kKind = OpKind::Resize;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Spatial, .rowsStandAlone = false};
  ResizeMode mode = ResizeMode::Nearest;
  ResizeCoordinates coordinates = ResizeCoordinates::HalfPixel;
  ResizeRounding rounding = ResizeRounding::PreferFloor;  ///< of Nearest
  std::vector<int64_t> sizes;  ///< one an axis, -1 keeps the input's; or empty: by scales
  std::vector<float> scales;   ///< one an axis; may be empty with sizes: output / input
  std::vector<float> roi;      ///< TfCropAndResize: starts, then ends; 0 … 1
  float cubicA = -0.75f;
  float extrapolation = 0;
  bool excludeOutside = false;
  bool antialias = false;

  template <class V>
  void fields(V& v) {
    v("mode", mode, static_cast<int>(ResizeMode::kCount));
    v("coordinates", coordinates, static_cast<int>(ResizeCoordinates::kCount));
    v("rounding", rounding, static_cast<int>(ResizeRounding::kCount));
    v("sizes", sizes);
    v("scales", scales);
    v("roi", roi);
    v("cubicA", cubicA);
    v("extrapolation", extrapolation);
    v("excludeOutside", excludeOutside);
    v("antialias", antialias);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  Result<TensorTypes> largestOutputs(const DataInputs& in) const override;
  bool maySetInRun(std::string_view attribute) const override {
    return attribute == "sizes" || attribute == "scales" || attribute == "roi";
  }
  bool sizesFollow(std::string_view attribute) const MINNOW_CONVERSION_OVERRIDE {
    return attribute != "roi";
  }
  /// Beyond the input TfCropAndResize gives a number of its own.
  bool choosesElements(int index) const MINNOW_CONVERSION_OVERRIDE {
    return mode == ResizeMode::Nearest && coordinates != ResizeCoordinates::TfCropAndResize &&
           index == 0;
  }
  int64_t elementsVisited(std::span<const TensorType> inputs,
                          std::span<const TensorType> outputs) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// The most taps that all positions of an axis can have together, whatever its scale, where neither
/// extent is larger than these.
int64_t mostTaps(const Resize& op, int64_t in, int64_t out);

/// Where one axis of a Resize reads, for attributes and extents that inferShape accepts.
class ResizeAxis {
 public:
  ResizeAxis(const Resize& op, int axis, int64_t in, int64_t out,
             DataType type = DataType::Float32);

  /// True if the axis is copied.
  bool kept() const { return kept_; }
  /// Taps of every output position.
  int64_t taps() const { return taps_; }
  /// Taps of output position `at`: clamped input positions, and weights. False when the position
  /// lies outside the region of interest and gets the extrapolation value.
  bool sample(int64_t at, std::span<int64_t> positions, std::span<float> weights) const;
  /// The first and the last input position of these taps.
  std::pair<int64_t, int64_t> reach(int64_t at) const;

 private:
  double source(int64_t at) const;
  double unclampedSource(double at) const;
  double unscale(double position) const;
  int64_t nearest(double source) const;
  /// Two neighbours by TensorFlow Lite's arithmetic, and the weight of the second, of `one`.
  struct Between {
    int64_t lower, upper;
    float part, one;
  };
  Between betweenBytes(int64_t at) const;
  double filter(double distance) const;
  int64_t clamped(int64_t position) const { return std::clamp<int64_t>(position, 0, in_ - 1); }

  const Resize& op_;
  int axis_;
  int64_t in_, out_;
  DataType type_;
  double scale_;
  double length_;  ///< ONNX's length_resized
  bool kept_;
  double filterScale_ = 1;  ///< below 1 where antialiasing widens the filter
  int64_t taps_ = 1;
};

}  // namespace minnow::ops
