// Segmentation by two channels, background and foreground: areas become polygons; lane markings,
// which are long and thin, become the line through their middles.
#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "post/decoding.h"

namespace road {

namespace {

cv::Mat readMask(const minnow::TensorView& view) {
  const Values value(view);
  cv::Mat mask(static_cast<int>(view.shape[2]), static_cast<int>(view.shape[3]), CV_8U);
  for (int y = 0; y < mask.rows; ++y)
    for (int x = 0; x < mask.cols; ++x)
      mask.at<uint8_t>(y, x) = value(0, 1, y, x) > value(0, 0, y, x) ? 255 : 0;
  return mask;
}

/// The middle of each row's (or column's) foreground, along the longer side of the component.
std::vector<cv::Point> middleLine(const cv::Mat& component, cv::Point corner) {
  const bool upright = 2 * component.rows >= component.cols;
  const int steps = upright ? component.rows : component.cols;
  const int every = std::max(1, steps / 24);
  std::vector<cv::Point> line;
  for (int i = 0; i < steps; i += every) {
    std::vector<cv::Point> across;
    cv::findNonZero(upright ? component.row(i) : component.col(i), across);
    if (across.empty()) continue;
    double sum = 0;
    for (const cv::Point& p : across) sum += upright ? p.x : p.y;
    const int middle = cvRound(sum / static_cast<double>(across.size()));
    line.push_back(corner + (upright ? cv::Point(middle, i) : cv::Point(i, middle)));
  }
  return line;
}

std::vector<Point> toPicture(const std::vector<cv::Point>& points, const Decoding& decoding) {
  std::vector<Point> out;
  for (const cv::Point& p : points) out.push_back(decoding.toPicture(p.x + 0.5, p.y + 0.5));
  return out;
}

void findAreas(const cv::Mat& mask, double smallest, const Decoding& decoding,
               const std::string& kind, std::vector<Feature>& found) {
  std::vector<std::vector<cv::Point>> contours;
  cv::findContours(mask, contours, cv::RETR_EXTERNAL, cv::CHAIN_APPROX_SIMPLE);
  for (const std::vector<cv::Point>& contour : contours) {
    if (cv::contourArea(contour) < smallest) continue;
    std::vector<cv::Point> polygon;
    cv::approxPolyDP(contour, polygon, 1.5, true);
    if (polygon.size() < 3) continue;
    found.push_back({"", kind, Form::Polygon, toPicture(polygon, decoding), "", 1});
  }
}

void findLines(const cv::Mat& mask, double smallest, const Decoding& decoding,
               const std::string& kind, std::vector<Feature>& found) {
  cv::Mat labels, stats, centres;
  const int count = cv::connectedComponentsWithStats(mask, labels, stats, centres, 8, CV_32S);
  for (int i = 1; i < count; ++i) {
    if (stats.at<int>(i, cv::CC_STAT_AREA) < smallest) continue;
    const cv::Rect bounds(stats.at<int>(i, cv::CC_STAT_LEFT), stats.at<int>(i, cv::CC_STAT_TOP),
                          stats.at<int>(i, cv::CC_STAT_WIDTH),
                          stats.at<int>(i, cv::CC_STAT_HEIGHT));
    const cv::Mat component = labels(bounds) == i;
    std::vector<cv::Point> line;
    cv::approxPolyDP(middleLine(component, bounds.tl()), line, 1.5, false);
    if (line.size() < 2) continue;
    found.push_back({"", kind, Form::Line, toPicture(line, decoding), "", 1});
  }
}

}  // namespace

/// Outputs: any number of 1x2xHxW. Parameters, one for each output: kinds, forms ("polygon",
/// "line"), smallest (area in mask pixels).
minnow::Result<std::vector<Feature>> decodeMasks(const Decoding& decoding) {
  const std::vector<std::string> kinds = decoding.parameters.words("kinds");
  const std::vector<std::string> forms = decoding.parameters.words("forms");
  const std::vector<double> smallest = decoding.parameters.list("smallest", {});
  std::vector<Feature> found;
  for (size_t i = 0; i < decoding.outputs.size(); ++i) {
    const minnow::Shape wanted{1, 2, decoding.inputHeight, decoding.inputWidth};
    if (auto ok = expectOutput(decoding.outputs[i], wanted); !ok)
      return std::unexpected(ok.error());
    const cv::Mat mask = readMask(decoding.outputs[i]);
    const std::string kind = i < kinds.size() ? kinds[i] : "area";
    const double least = i < smallest.size() ? smallest[i] : 100;
    const bool lines = i < forms.size() && forms[i] == "line";
    (lines ? findLines : findAreas)(mask, least, decoding, kind, found);
  }
  return found;
}

}  // namespace road
