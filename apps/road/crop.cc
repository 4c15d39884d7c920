// Cutting and straightening by OpenCV's perspective warp.
#include "crop.h"

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace road {

namespace {

double distance(Point a, Point b) { return std::hypot(a.x - b.x, a.y - b.y); }

std::vector<Point> corners(const Feature& feature) {
  if (feature.form == Form::Polygon && feature.points.size() == 4) return feature.points;
  if (feature.form != Form::Box || feature.points.size() != 2) return {};
  const Point a = feature.points[0], b = feature.points[1];
  return {a, {b.x, a.y}, b, {a.x, b.y}};
}

/// Every corner moves away from the middle by the same part of its distance.
void widen(std::vector<Point>& quad, double margin) {
  const Point middle{(quad[0].x + quad[2].x) / 2, (quad[0].y + quad[2].y) / 2};
  for (Point& p : quad) {
    p.x += (p.x - middle.x) * 2 * margin;
    p.y += (p.y - middle.y) * 2 * margin;
  }
}

}  // namespace

minnow::vision::Image cropFeature(const minnow::vision::Image& picture, const Feature& feature,
                                  double margin) {
  std::vector<Point> quad = corners(feature);
  if (quad.empty()) return {};
  widen(quad, margin);
  const int width = cvRound(std::max(distance(quad[0], quad[1]), distance(quad[3], quad[2])));
  const int height = cvRound(std::max(distance(quad[0], quad[3]), distance(quad[1], quad[2])));
  if (width < 3 || height < 3) return {};
  cv::Point2f from[4];
  for (int i = 0; i < 4; ++i)  // pixel edges to pixel centres
    from[i] = {static_cast<float>(quad[i].x - 0.5), static_cast<float>(quad[i].y - 0.5)};
  const auto right = static_cast<float>(width) - 0.5F, below = static_cast<float>(height) - 0.5F;
  const cv::Point2f to[4] = {{-0.5F, -0.5F}, {right, -0.5F}, {right, below}, {-0.5F, below}};
  auto out = minnow::vision::Image::ofSize(width, height);
  if (!out) return {};
  const cv::Mat source(picture.height, picture.width, CV_8UC3,
                       const_cast<uint8_t*>(picture.pixels.data()));
  cv::Mat target(height, width, CV_8UC3, out->pixels.data());
  cv::warpPerspective(source, target, cv::getPerspectiveTransform(from, to), target.size(),
                      cv::INTER_CUBIC, cv::BORDER_REPLICATE);
  return *out;
}

}  // namespace road
