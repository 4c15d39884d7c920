// NanoDet's generalised focal loss head (Li et al. 2020): each side's distance from the cell's
// centre is the mean of a softmax distribution over 0 … bins-1 strides; class scores are sigmoids.
#include <cmath>

#include "post/boxes.h"

namespace road {

namespace {

/// Mean of the distribution whose logits are value(0, cell, first …).
double integral(const Values& value, int64_t cell, int64_t first, int64_t bins) {
  double largest = value(0, cell, first);
  for (int64_t i = 1; i < bins; ++i) largest = std::max<double>(largest, value(0, cell, first + i));
  double sum = 0, weighted = 0;
  for (int64_t i = 0; i < bins; ++i) {
    const double p = std::exp(value(0, cell, first + i) - largest);
    sum += p;
    weighted += p * static_cast<double>(i);
  }
  return weighted / sum;
}

void decodeLevel(const Decoding& decoding, size_t level, double stride, double threshold,
                 std::vector<ScoredBox>& found) {
  const minnow::TensorView& scores = decoding.outputs[level];
  const minnow::TensorView& distances = decoding.outputs[level + decoding.outputs.size() / 2];
  const Values score(scores), distance(distances);
  const int64_t classes = scores.shape[2], bins = distances.shape[2] / 4;
  const auto columns = static_cast<int64_t>(std::ceil(decoding.inputWidth / stride));
  for (int64_t i = 0; i < scores.shape[1]; ++i) {
    int64_t best = 0;
    for (int64_t c = 1; c < classes; ++c)
      if (score(0, i, c) > score(0, i, best)) best = c;
    if (!(score(0, i, best) >= threshold)) continue;
    const double x = (static_cast<double>(i % columns) + 0.5) * stride;
    const double y = (static_cast<double>(i / columns) + 0.5) * stride;
    double side[4];  // left, top, right, bottom
    for (int64_t s = 0; s < 4; ++s) side[s] = integral(distance, i, s * bins, bins) * stride;
    found.push_back({x - side[0], y - side[1], x + side[2], y + side[3], score(0, i, best),
                     static_cast<size_t>(best)});
  }
}

minnow::Result<void> expectLevels(const Decoding& decoding, const std::vector<double>& strides) {
  const size_t levels = strides.size();
  if (levels == 0 || decoding.outputs.size() != 2 * levels)
    return std::unexpected(minnow::Error{minnow::ErrorCode::ShapeMismatch,
                                         "NanoDet wants two outputs for each of its strides"});
  for (size_t i = 0; i < levels; ++i) {
    const double stride = std::max(1.0, strides[i]);
    const auto cells = static_cast<int64_t>(std::ceil(decoding.inputWidth / stride) *
                                            std::ceil(decoding.inputHeight / stride));
    if (auto ok = expectOutput(decoding.outputs[i], {1, cells, -1}); !ok) return ok;
    if (auto ok = expectOutput(decoding.outputs[i + levels], {1, cells, -1}); !ok) return ok;
  }
  return {};
}

}  // namespace

/// Outputs: class scores of every stride, then distances of every stride. Parameters: strides,
/// threshold, overlap, classes.
minnow::Result<std::vector<Feature>> decodeNanodet(const Decoding& decoding) {
  const std::vector<double> strides = decoding.parameters.list("strides", {8, 16, 32});
  if (auto ok = expectLevels(decoding, strides); !ok) return std::unexpected(ok.error());
  const double threshold = decoding.parameters.number("threshold", 0.4);
  std::vector<ScoredBox> boxes;
  for (size_t i = 0; i < strides.size(); ++i)
    decodeLevel(decoding, i, std::max(1.0, strides[i]), threshold, boxes);
  boxes = keepBest(std::move(boxes), decoding.parameters.number("overlap", 0.5));
  return toFeatures(boxes, decoding, "object");
}

}  // namespace road
