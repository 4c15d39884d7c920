// Overlap, suppression, blending.
#include "post/boxes.h"

#include <algorithm>

namespace road {

namespace {

double area(const ScoredBox& box) {
  return std::max(0.0, box.right - box.left) * std::max(0.0, box.bottom - box.top);
}

void sortByScore(std::vector<ScoredBox>& boxes) {
  std::stable_sort(boxes.begin(), boxes.end(),
                   [](const ScoredBox& a, const ScoredBox& b) { return a.score > b.score; });
}

}  // namespace

double overlap(const ScoredBox& a, const ScoredBox& b) {
  const ScoredBox shared{std::max(a.left, b.left), std::max(a.top, b.top),
                         std::min(a.right, b.right), std::min(a.bottom, b.bottom)};
  const double both = area(shared), all = area(a) + area(b) - both;
  return all > 0 ? both / all : 0;
}

std::vector<ScoredBox> keepBest(std::vector<ScoredBox> boxes, double maxOverlap) {
  sortByScore(boxes);
  std::vector<ScoredBox> kept;
  for (const ScoredBox& box : boxes) {
    const bool covered = std::any_of(kept.begin(), kept.end(), [&](const ScoredBox& better) {
      return better.category == box.category && overlap(better, box) > maxOverlap;
    });
    if (!covered) kept.push_back(box);
  }
  return kept;
}

std::vector<ScoredBox> blendOverlapping(std::vector<ScoredBox> boxes, double minOverlap) {
  sortByScore(boxes);
  std::vector<ScoredBox> blended;
  while (!boxes.empty()) {
    const ScoredBox best = boxes.front();
    ScoredBox sum;
    std::erase_if(boxes, [&](const ScoredBox& box) {
      if (&box != &boxes.front() && overlap(best, box) < minOverlap) return false;
      sum.left += box.left * box.score, sum.right += box.right * box.score;
      sum.top += box.top * box.score, sum.bottom += box.bottom * box.score;
      sum.score += box.score;
      return true;
    });
    blended.push_back({sum.left / sum.score, sum.top / sum.score, sum.right / sum.score,
                       sum.bottom / sum.score, best.score, best.category});
  }
  return blended;
}

std::vector<Feature> toFeatures(const std::vector<ScoredBox>& boxes, const Decoding& decoding,
                                const std::string& kind) {
  const std::vector<std::string> wanted = decoding.parameters.words("classes");
  std::vector<Feature> features;
  for (const ScoredBox& box : boxes) {
    const std::string label =
        decoding.parameters.labels.empty() ? "" : decoding.parameters.label(box.category);
    if (!wanted.empty() && std::find(wanted.begin(), wanted.end(), label) == wanted.end()) continue;
    const Point a = decoding.toPicture(box.left, box.top);
    const Point b = decoding.toPicture(box.right, box.bottom);
    if (b.x - a.x < 1 || b.y - a.y < 1) continue;
    features.push_back({"", kind, Form::Box, {a, b}, label, box.score});
  }
  return features;
}

}  // namespace road
