// M-LSD (Gu et al. 2022): a map of line centres, already thinned to its peaks, and for each centre
// the displacements to both ends, in cells of that map (half the input's size).
#include <algorithm>
#include <cmath>

#include "post/decoding.h"

namespace road {

namespace {
struct Centre {
  double score;
  int64_t row, column;
};

std::vector<Centre> bestCentres(const minnow::TensorView& scores, double threshold, size_t most) {
  const Values score(scores);
  std::vector<Centre> centres;
  for (int64_t r = 0; r < scores.shape[1]; ++r)
    for (int64_t c = 0; c < scores.shape[2]; ++c)
      if (score(0, r, c, 0) >= threshold) centres.push_back({score(0, r, c, 0), r, c});
  std::stable_sort(centres.begin(), centres.end(),
                   [](const Centre& a, const Centre& b) { return a.score > b.score; });
  if (centres.size() > most) centres.resize(most);
  return centres;
}
}  // namespace

/// Outputs: scores 1xHxWx1, offsets 1xHxWx4 (start x, y, end x, y). Parameters: threshold, most
/// (how many lines), length (the shortest, in cells).
minnow::Result<std::vector<Feature>> decodeLineSegments(const Decoding& decoding) {
  if (auto ok = expectOutputs(decoding, {{1, -1, -1, 1}, {1, -1, -1, 4}}); !ok)
    return std::unexpected(ok.error());
  const minnow::TensorView& scores = decoding.outputs[0];
  const int64_t rows = scores.shape[1], columns = scores.shape[2];
  if (auto ok = expectOutput(decoding.outputs[1], {1, rows, columns, 4}); !ok)
    return std::unexpected(ok.error());
  const Values offset(decoding.outputs[1]);
  const Parameters& p = decoding.parameters;
  const double scaleX = static_cast<double>(decoding.inputWidth) / static_cast<double>(columns);
  const double scaleY = static_cast<double>(decoding.inputHeight) / static_cast<double>(rows);
  const auto most = static_cast<size_t>(std::max(0.0, p.number("most", 200)));
  std::vector<Feature> lines;
  for (const Centre& centre : bestCentres(scores, p.number("threshold", 0.2), most)) {
    const auto at = [&](int64_t i) -> double { return offset(0, centre.row, centre.column, i); };
    if (!(std::hypot(at(0) - at(2), at(1) - at(3)) >= p.number("length", 10))) continue;
    const auto x = static_cast<double>(centre.column), y = static_cast<double>(centre.row);
    const Point a = decoding.toPicture((x + at(0)) * scaleX, (y + at(1)) * scaleY);
    const Point b = decoding.toPicture((x + at(2)) * scaleX, (y + at(3)) * scaleY);
    lines.push_back({"", "line", Form::Line, {a, b}, "", centre.score});
  }
  return lines;
}

}  // namespace road
