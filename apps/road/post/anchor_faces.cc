// BlazeFace (Bazarevsky et al. 2019): per grid cell 2 or 6 anchors, all centred in the cell; box
// outputs are offsets and sizes in input pixels relative to the anchor, scores are logits.
#include <cmath>

#include "post/boxes.h"

namespace road {

namespace {

/// One grid of anchors: scores 1 x (grid * grid * perCell) x 1, boxes the same x 16, of which the
/// first four are centre x, centre y, width, height.
void decodeGrid(const Decoding& decoding, size_t scores, size_t boxes, int grid, double threshold,
                std::vector<ScoredBox>& found) {
  const Values score(decoding.outputs[scores]), box(decoding.outputs[boxes]);
  const int64_t count = decoding.outputs[scores].shape[1];
  const int64_t perCell = count / (int64_t{grid} * grid);
  for (int64_t i = 0; i < count; ++i) {
    const double probability = 1 / (1 + std::exp(-static_cast<double>(score(0, i))));
    if (!(probability >= threshold)) continue;
    const int64_t cell = i / perCell;
    const double anchorX = (static_cast<double>(cell % grid) + 0.5) / grid * decoding.inputWidth;
    const double anchorY = (static_cast<double>(cell / grid) + 0.5) / grid * decoding.inputHeight;
    const double x = anchorX + box(0, i, 0), y = anchorY + box(0, i, 1);
    const double halfWidth = box(0, i, 2) / 2, halfHeight = box(0, i, 3) / 2;
    found.push_back({x - halfWidth, y - halfHeight, x + halfWidth, y + halfHeight, probability});
  }
}

}  // namespace

/// Outputs: scores of the fine and the coarse grid, boxes of the fine and the coarse grid.
/// Parameters: grids, threshold, overlap.
minnow::Result<std::vector<Feature>> decodeAnchorFaces(const Decoding& decoding) {
  if (auto ok = expectOutputs(decoding, {{1, -1, 1}, {1, -1, 1}, {1, -1, 16}, {1, -1, 16}}); !ok)
    return std::unexpected(ok.error());
  const std::vector<double> grids = decoding.parameters.list("grids", {16, 8});
  const double threshold = decoding.parameters.number("threshold", 0.6);
  std::vector<ScoredBox> boxes;
  for (size_t i = 0; i < 2; ++i) {
    const int grid = i < grids.size() ? static_cast<int>(grids[i]) : 0;
    const int64_t count = decoding.outputs[i].shape[1];
    if (grid < 1 || count % (int64_t{grid} * grid) != 0 ||
        decoding.outputs[i + 2].shape[1] != count)
      return std::unexpected(minnow::Error{
          minnow::ErrorCode::ShapeMismatch,
          std::to_string(count) + " anchors do not fill a grid of " + std::to_string(grid)});
    decodeGrid(decoding, i, i + 2, grid, threshold, boxes);
  }
  boxes = blendOverlapping(std::move(boxes), decoding.parameters.number("overlap", 0.3));
  return toFeatures(boxes, decoding, "face");
}

}  // namespace road
