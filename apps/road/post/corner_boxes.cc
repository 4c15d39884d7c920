// UltraFace: boxes come decoded, as corners in fractions of the input; scores are background, face.
#include "post/boxes.h"

namespace road {

/// Outputs: scores 1xNx2, boxes 1xNx4. Parameters: threshold, overlap.
minnow::Result<std::vector<Feature>> decodeCornerBoxes(const Decoding& decoding) {
  if (auto ok = expectOutputs(decoding, {{1, -1, 2}, {1, -1, 4}}); !ok)
    return std::unexpected(ok.error());
  const int64_t count = decoding.outputs[0].shape[1];
  if (auto ok = expectOutput(decoding.outputs[1], {1, count, 4}); !ok)
    return std::unexpected(ok.error());
  const Values score(decoding.outputs[0]), box(decoding.outputs[1]);
  const double threshold = decoding.parameters.number("threshold", 0.7);
  const double w = decoding.inputWidth, h = decoding.inputHeight;
  std::vector<ScoredBox> boxes;
  for (int64_t i = 0; i < count; ++i)
    if (score(0, i, 1) >= threshold)
      boxes.push_back(
          {box(0, i, 0) * w, box(0, i, 1) * h, box(0, i, 2) * w, box(0, i, 3) * h, score(0, i, 1)});
  boxes = keepBest(std::move(boxes), decoding.parameters.number("overlap", 0.3));
  return toFeatures(boxes, decoding, "face");
}

}  // namespace road
