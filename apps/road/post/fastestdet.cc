// FastestDet: one grid; channels are objectness, four for the box, then the classes. Centre offsets
// are tanh of cells, sizes are sigmoid of the whole input, score = obj^0.6 * class^0.4.
#include <cmath>

#include "post/boxes.h"

namespace road {

namespace {
double sigmoid(double x) { return 1 / (1 + std::exp(-x)); }
}  // namespace

/// Output: 1 x (5 + classes) x rows x columns. Parameters: threshold, overlap, classes.
minnow::Result<std::vector<Feature>> decodeFastestdet(const Decoding& decoding) {
  if (auto ok = expectOutputs(decoding, {{1, -1, -1, -1}}); !ok) return std::unexpected(ok.error());
  const minnow::Shape& shape = decoding.outputs[0].shape;
  if (shape[1] < 6)
    return std::unexpected(expectOutput(decoding.outputs[0], {1, 85, -1, -1}).error());
  const Values value(decoding.outputs[0]);
  const double threshold = decoding.parameters.number("threshold", 0.5);
  const int64_t classes = shape[1] - 5, rows = shape[2], columns = shape[3];
  std::vector<ScoredBox> boxes;
  for (int64_t i = 0; i < rows * columns; ++i) {
    const int64_t r = i / columns, c = i % columns;
    int64_t best = 0;
    for (int64_t k = 1; k < classes; ++k)
      if (value(0, 5 + k, r, c) > value(0, 5 + best, r, c)) best = k;
    const double score = std::pow(std::max(0.0F, value(0, 0, r, c)), 0.6) *
                         std::pow(std::max(0.0F, value(0, 5 + best, r, c)), 0.4);
    if (!(score >= threshold)) continue;
    const double x = (static_cast<double>(c) + std::tanh(value(0, 1, r, c))) /
                     static_cast<double>(columns) * decoding.inputWidth;
    const double y = (static_cast<double>(r) + std::tanh(value(0, 2, r, c))) /
                     static_cast<double>(rows) * decoding.inputHeight;
    const double w = sigmoid(value(0, 3, r, c)) * decoding.inputWidth / 2;
    const double h = sigmoid(value(0, 4, r, c)) * decoding.inputHeight / 2;
    boxes.push_back({x - w, y - h, x + w, y + h, score, static_cast<size_t>(best)});
  }
  boxes = keepBest(std::move(boxes), decoding.parameters.number("overlap", 0.35));
  return toFeatures(boxes, decoding, "object");
}

}  // namespace road
