// Direction and reading of one text line. Recognition is CTC, decoded greedily: the best class of
// each step, repeats merged, blanks (class 0) dropped; classes 1 … are the lines of the key file
// and the last one is the space.
#include <algorithm>

#include "post/decoding.h"

namespace road {

/// Output: 1x2, upright and upside down. Parameter: threshold. Turns the box's corners round.
minnow::Result<void> readTextDirection(const Reading& reading, Feature& feature,
                                       std::vector<Feature>&) {
  if (reading.outputs.size() != 1) return expectOutput({}, {1, 2});
  if (auto ok = expectOutput(reading.outputs[0], {1, 2}); !ok) return ok;
  const Values probability(reading.outputs[0]);
  if (probability(0, 1) >= reading.parameters.number("threshold", 0.9) &&
      feature.points.size() == 4)
    std::rotate(feature.points.begin(), feature.points.begin() + 2, feature.points.end());
  return {};
}

/// Output: 1 x steps x classes. Labels: the key file. Sets text and score; an unreadable line gets
/// no text.
minnow::Result<void> readTextLine(const Reading& reading, Feature& feature, std::vector<Feature>&) {
  if (reading.outputs.size() != 1) return expectOutput({}, {1, -1, -1});
  if (auto ok = expectOutput(reading.outputs[0], {1, -1, -1}); !ok) return ok;
  const Values probability(reading.outputs[0]);
  const int64_t steps = reading.outputs[0].shape[1], classes = reading.outputs[0].shape[2];
  std::string text;
  double sum = 0;
  int characters = 0;
  int64_t previous = 0;
  for (int64_t step = 0; step < steps; ++step) {
    int64_t best = 0;
    for (int64_t c = 1; c < classes; ++c)
      if (probability(0, step, c) > probability(0, step, best)) best = c;
    if (best != 0 && best != previous) {
      const auto key = static_cast<size_t>(best) - 1;
      text += key < reading.parameters.labels.size() ? reading.parameters.labels[key] : " ";
      sum += probability(0, step, best);
      ++characters;
    }
    previous = best;
  }
  const auto first = text.find_first_not_of(' ');
  feature.text =
      first == text.npos ? "" : text.substr(first, text.find_last_not_of(' ') + 1 - first);
  feature.score = characters ? sum / characters : 0;
  if (feature.score < reading.parameters.number("threshold", 0.5)) feature.text.clear();
  return {};
}

}  // namespace road
