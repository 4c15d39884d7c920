// DB text detection (Liao et al. 2020): a map of how probably each pixel belongs to the shrunken
// core of a text; cores become rectangles, are judged by their mean probability, and grown again.
#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

#include "post/decoding.h"

namespace road {

namespace {

cv::Mat readMap(const minnow::TensorView& view) {
  const Values value(view);
  cv::Mat map(static_cast<int>(view.shape[2]), static_cast<int>(view.shape[3]), CV_32F);
  for (int y = 0; y < map.rows; ++y)
    for (int x = 0; x < map.cols; ++x) map.at<float>(y, x) = value(0, 0, y, x);
  return map;
}

/// Mean probability inside the rectangle.
double meanInside(const cv::Mat& map, const cv::RotatedRect& rectangle) {
  const cv::Rect bounds = rectangle.boundingRect() & cv::Rect(0, 0, map.cols, map.rows);
  if (bounds.empty()) return 0;
  cv::Point2f corners[4];
  rectangle.points(corners);
  std::vector<cv::Point> polygon;
  for (const cv::Point2f& c : corners)
    polygon.emplace_back(cvRound(c.x) - bounds.x, cvRound(c.y) - bounds.y);
  cv::Mat mask = cv::Mat::zeros(bounds.size(), CV_8U);
  cv::fillPoly(mask, std::vector{polygon}, cv::Scalar(255));
  return cv::mean(map(bounds), mask)[0];
}

/// The core was shrunk by area * ratio / perimeter on each side; a rectangle grows back by as much.
cv::RotatedRect grow(cv::RotatedRect rectangle, double ratio) {
  const cv::Size2f s = rectangle.size;
  const float distance = static_cast<float>(s.area() * ratio / (2 * (s.width + s.height)));
  rectangle.size = {s.width + 2 * distance, s.height + 2 * distance};
  return rectangle;
}

/// Corners from the upper left of the text, clockwise. A box much higher than wide holds a line
/// that runs downwards from its upper right corner; if it runs upwards, the direction model turns
/// it.
std::vector<Point> orderCorners(std::vector<Point> p) {
  std::stable_sort(p.begin(), p.end(), [](Point a, Point b) { return a.x < b.x; });
  if (p[0].y > p[1].y) std::swap(p[0], p[1]);
  if (p[2].y > p[3].y) std::swap(p[2], p[3]);
  std::vector<Point> ordered{p[0], p[2], p[3], p[1]};
  const double width = std::hypot(p[2].x - p[0].x, p[2].y - p[0].y);
  const double height = std::hypot(p[1].x - p[0].x, p[1].y - p[0].y);
  if (height >= 1.5 * width) std::rotate(ordered.begin(), ordered.begin() + 1, ordered.end());
  return ordered;
}

std::vector<Point> cornersInPicture(const cv::RotatedRect& rectangle, const Decoding& decoding) {
  cv::Point2f corners[4];
  rectangle.points(corners);
  std::vector<Point> points;
  // contours run through pixel centres
  for (const cv::Point2f& c : corners) points.push_back(decoding.toPicture(c.x + 0.5, c.y + 0.5));
  return orderCorners(std::move(points));
}

}  // namespace

/// Output: 1x1xHxW of the input's size. Parameters: threshold (a pixel's), box_threshold, unclip,
/// shortest (side of a core, in pixels).
minnow::Result<std::vector<Feature>> decodeTextBoxes(const Decoding& decoding) {
  const int64_t height = decoding.inputHeight, width = decoding.inputWidth;
  if (auto ok = expectOutputs(decoding, {{1, 1, height, width}}); !ok)
    return std::unexpected(ok.error());
  const Parameters& p = decoding.parameters;
  const cv::Mat map = readMap(decoding.outputs[0]);
  const cv::Mat core = map > p.number("threshold", 0.3);
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(core, contours, cv::RETR_LIST, cv::CHAIN_APPROX_SIMPLE);
  std::vector<Feature> features;
  for (const std::vector<cv::Point>& contour : contours) {
    const cv::RotatedRect rectangle = cv::minAreaRect(contour);
    const double side = std::min(rectangle.size.width, rectangle.size.height);
    if (side < p.number("shortest", 3)) continue;
    const double score = meanInside(map, rectangle);
    if (score < p.number("box_threshold", 0.6)) continue;
    const cv::RotatedRect grown = grow(rectangle, p.number("unclip", 1.5));
    features.push_back({"", "text", Form::Polygon, cornersInPicture(grown, decoding), "", score});
  }
  std::reverse(features.begin(), features.end());  // contours come from the bottom upwards
  return features;
}

}  // namespace road
