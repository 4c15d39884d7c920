// The class of a cropped traffic sign; says nothing unless it is sure.
#include "post/decoding.h"

namespace road {

/// Output: 1 x classes, probabilities. Parameter: threshold. Appends a feature "sign".
minnow::Result<void> readSignClass(const Reading& reading, Feature& feature,
                                   std::vector<Feature>& found) {
  if (reading.outputs.size() != 1) return expectOutput({}, {1, -1});
  if (auto ok = expectOutput(reading.outputs[0], {1, -1}); !ok) return ok;
  const Values probability(reading.outputs[0]);
  int64_t best = 0;
  for (int64_t c = 1; c < reading.outputs[0].shape[1]; ++c)
    if (probability(0, c) > probability(0, best)) best = c;
  const double score = probability(0, best);
  if (score >= reading.parameters.number("threshold", 0.95))
    found.push_back({"", "sign", feature.form, feature.points,
                     reading.parameters.label(static_cast<size_t>(best)), score});
  return {};
}

}  // namespace road
