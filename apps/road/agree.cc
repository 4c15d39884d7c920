// Merging what several models found alike.
#include "agree.h"

#include <algorithm>
#include <cmath>

#include "post/boxes.h"

namespace road {

namespace {

ScoredBox boxOf(const Feature& f) {
  return {f.points[0].x, f.points[0].y, f.points[1].x, f.points[1].y};
}

double fromSegment(Point p, Point a, Point b) {
  const double dx = b.x - a.x, dy = b.y - a.y, squared = dx * dx + dy * dy;
  const double t =
      squared > 0 ? std::clamp(((p.x - a.x) * dx + (p.y - a.y) * dy) / squared, 0.0, 1.0) : 0;
  return std::hypot(p.x - a.x - t * dx, p.y - a.y - t * dy);
}

/// The shorter lies along the longer one, within a few pixels.
bool sameLine(const Feature& a, const Feature& b) {
  const auto length = [](const Feature& f) {
    return std::hypot(f.points[0].x - f.points[1].x, f.points[0].y - f.points[1].y);
  };
  const bool swap = length(a) < length(b);
  const Feature &longer = swap ? b : a, &shorter = swap ? a : b;
  const double near = std::max(4.0, 0.02 * length(longer));
  return fromSegment(shorter.points[0], longer.points[0], longer.points[1]) < near &&
         fromSegment(shorter.points[1], longer.points[0], longer.points[1]) < near;
}

}  // namespace

bool agree(const Feature& a, const Feature& b) {
  if (a.kind != b.kind || a.form != b.form || a.text != b.text) return false;
  if (a.form == Form::Box) return overlap(boxOf(a), boxOf(b)) >= 0.5;
  if (a.kind == "line" && a.points.size() == 2 && b.points.size() == 2) return sameLine(a, b);
  return false;
}

std::vector<Shown> mergeAgreeing(const std::vector<Feature>& features) {
  std::vector<Shown> shown;
  for (const Feature& feature : features) {
    const auto same = std::find_if(shown.begin(), shown.end(), [&](const Shown& other) {
      return agree(feature, other.feature);
    });
    if (same == shown.end()) {
      shown.push_back({feature, {feature.model}});
      continue;
    }
    auto& models = same->models;
    if (std::find(models.begin(), models.end(), feature.model) == models.end())
      models.push_back(feature.model);
    if (feature.score > same->feature.score) same->feature = feature;
  }
  return shown;
}

}  // namespace road
