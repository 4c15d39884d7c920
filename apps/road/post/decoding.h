// What a decoder gets: a model's outputs where they lie in the arena, and how the picture lay in
// the input. Decoders check the shapes they rely on and return features in picture pixels.
#pragma once

#include <span>

#include "../feature.h"
#include "../parameters.h"
#include "minnow/image.h"
#include "minnow/status.h"
#include "minnow/tensor.h"

namespace road {

struct Decoding {
  std::span<const minnow::TensorView> outputs;  ///< in the order of the table's `outputs`
  minnow::vision::Placement placement;
  int inputWidth = 0, inputHeight = 0;
  int pictureWidth = 0, pictureHeight = 0;
  const Parameters& parameters;

  /// From the input's pixels to the picture's, kept inside it.
  Point toPicture(double column, double row) const;
};

/// float32 elements of a tensor with any strides.
class Values {
 public:
  explicit Values(const minnow::TensorView& view)
      : data_(view.as<const float>()), strides_(view.strides) {}
  float operator()(int64_t a, int64_t b = 0, int64_t c = 0, int64_t d = 0) const {
    return data_[a * strides_[0] + b * strides_[1] + c * strides_[2] + d * strides_[3]];
  }

 private:
  const float* data_;
  minnow::Strides strides_;
};

/// Checks count, type and shapes of the outputs; -1 stands for any extent.
minnow::Result<void> expectOutputs(const Decoding& decoding,
                                   std::initializer_list<minnow::Shape> shapes);
minnow::Result<void> expectOutput(const minnow::TensorView& output, const minnow::Shape& shape);

using Decoder = minnow::Result<std::vector<Feature>> (*)(const Decoding&);

// One file each; the papers or repositories they follow are named there.
minnow::Result<std::vector<Feature>> decodeTextBoxes(const Decoding&);
minnow::Result<std::vector<Feature>> decodeLineSegments(const Decoding&);
minnow::Result<std::vector<Feature>> decodeAnchorFaces(const Decoding&);
minnow::Result<std::vector<Feature>> decodeCornerBoxes(const Decoding&);
minnow::Result<std::vector<Feature>> decodeYolox(const Decoding&);
minnow::Result<std::vector<Feature>> decodeNanodet(const Decoding&);
minnow::Result<std::vector<Feature>> decodeFastestdet(const Decoding&);
minnow::Result<std::vector<Feature>> decodeMasks(const Decoding&);

/// What a model that looks at one feature's crop gets.
struct Reading {
  std::span<const minnow::TensorView> outputs;
  const Parameters& parameters;
};

/// Changes the feature, or appends another to `found`.
using Reader = minnow::Result<void> (*)(const Reading&, Feature&, std::vector<Feature>& found);

minnow::Result<void> readTextDirection(const Reading&, Feature&, std::vector<Feature>& found);
minnow::Result<void> readTextLine(const Reading&, Feature&, std::vector<Feature>& found);
minnow::Result<void> readSignClass(const Reading&, Feature&, std::vector<Feature>& found);

}  // namespace road
