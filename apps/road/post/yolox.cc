// YOLOX (Ge et al. 2021), exported without decoding: per cell centre offsets in cells, the
// logarithm of the size in cells, objectness and class scores (both already sigmoids). The cells of
// strides 8, 16 and 32 follow each other, each grid row by row.
#include <cmath>

#include "post/boxes.h"

namespace road {

namespace {
struct Cell {
  int64_t column, row;
  double stride;
};

std::vector<Cell> makeCells(const Decoding& decoding) {
  std::vector<Cell> cells;
  for (const double stride : decoding.parameters.list("strides", {8, 16, 32})) {
    if (stride < 1) continue;
    const auto columns = static_cast<int64_t>(decoding.inputWidth / stride);
    const auto rows = static_cast<int64_t>(decoding.inputHeight / stride);
    for (int64_t i = 0; i < columns * rows; ++i)
      cells.push_back({i % columns, i / columns, stride});
  }
  return cells;
}
}  // namespace

/// Output: 1 x cells x (5 + classes). Parameters: strides, threshold, overlap, classes.
minnow::Result<std::vector<Feature>> decodeYolox(const Decoding& decoding) {
  const std::vector<Cell> cells = makeCells(decoding);
  if (auto ok = expectOutputs(decoding, {{1, static_cast<int64_t>(cells.size()), -1}}); !ok)
    return std::unexpected(ok.error());
  const Values value(decoding.outputs[0]);
  const int64_t classes = decoding.outputs[0].shape[2] - 5;
  const double threshold = decoding.parameters.number("threshold", 0.35);
  std::vector<ScoredBox> boxes;
  for (size_t i = 0; i < cells.size(); ++i) {
    const double objectness = value(0, i, 4);
    if (!(objectness >= threshold)) continue;  // no class score is above 1
    int64_t best = 0;
    for (int64_t c = 1; c < classes; ++c)
      if (value(0, i, 5 + c) > value(0, i, 5 + best)) best = c;
    const double score = classes > 0 ? objectness * value(0, i, 5 + best) : objectness;
    if (!(score >= threshold)) continue;
    const Cell& cell = cells[i];
    const double x = (value(0, i, 0) + static_cast<double>(cell.column)) * cell.stride;
    const double y = (value(0, i, 1) + static_cast<double>(cell.row)) * cell.stride;
    const double w = std::exp(value(0, i, 2)) * cell.stride / 2;
    const double h = std::exp(value(0, i, 3)) * cell.stride / 2;
    boxes.push_back({x - w, y - h, x + w, y + h, score, static_cast<size_t>(best)});
  }
  boxes = keepBest(std::move(boxes), decoding.parameters.number("overlap", 0.45));
  return toFeatures(boxes, decoding, "object");
}

}  // namespace road
