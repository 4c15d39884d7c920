// Drawing by OpenCV, in layers from the ground up.
#include "draw.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <opencv2/imgproc.hpp>

namespace road {

namespace {

using cv::Mat;

cv::Scalar scalar(Colour c) { return {double(c[0]), double(c[1]), double(c[2])}; }

std::vector<cv::Point> toCv(const std::vector<Point>& points) {
  std::vector<cv::Point> out;
  for (const Point& p : points) out.emplace_back(cvRound(p.x), cvRound(p.y));
  return out;
}

/// Sizes of pen and letters for a picture.
struct Pen {
  int thin, thick, segment, stroke;
  double letters;
  explicit Pen(const Mat& canvas) {
    const double side = std::sqrt(canvas.total());
    thin = std::max(1, cvRound(side / 640));
    thick = std::max(2, cvRound(side / 360));
    segment = std::max(1, cvRound(side / 500));
    stroke = side > 960 ? 2 : 1;  // of letters
    letters = std::clamp(side / 1350, 0.35, 1.4);
  }
};

class Canvas {
 public:
  Canvas(Mat pixels, const ColourOf& colourOf)
      : pixels_(std::move(pixels)), colourOf_(colourOf), pen_(pixels_) {}

  void tintArea(const Feature& f) {
    Mat layer = pixels_.clone();
    const std::vector polygon{toCv(f.points)};
    cv::fillPoly(layer, polygon, colour(f), cv::LINE_AA);
    cv::addWeighted(layer, 0.3, pixels_, 0.7, 0, pixels_);
    cv::polylines(pixels_, polygon, true, colour(f), pen_.thin, cv::LINE_AA);
  }

  /// An ellipse a little larger than the box becomes unrecognisable: coarse blocks, then blurred.
  void blurFace(const Feature& f) {
    const Point a = f.points[0], b = f.points[1];
    const cv::Point middle(cvRound((a.x + b.x) / 2), cvRound((a.y + b.y) / 2));
    const cv::Size half(cvCeil((b.x - a.x) * 0.6) + 1, cvCeil((b.y - a.y) * 0.7) + 1);
    const cv::Rect around = cv::Rect(middle.x - half.width, middle.y - half.height,
                                     2 * half.width + 1, 2 * half.height + 1) &
                            cv::Rect({}, pixels_.size());
    if (around.empty()) return;
    Mat part = pixels_(around), blurred;
    cv::resize(part, blurred, cv::Size(6, 6), 0, 0, cv::INTER_AREA);
    cv::resize(blurred, blurred, part.size(), 0, 0, cv::INTER_CUBIC);
    Mat mask = Mat::zeros(part.size(), CV_8U);
    cv::ellipse(mask, middle - around.tl(), half, 0, 0, 360, cv::Scalar(255), cv::FILLED);
    blurred.copyTo(part, mask);
  }

  void lane(const Feature& f) { outline(f, toCv(f.points), false, pen_.thick + pen_.thin); }
  void segment(const Feature& f) {
    cv::polylines(pixels_, std::vector{toCv(f.points)}, false, colour(f), pen_.segment,
                  cv::LINE_AA);
  }

  void frame(const Feature& f) {
    if (f.form == Form::Polygon) return outline(f, toCv(f.points), true, pen_.thick);
    const Point a = f.points[0], b = f.points[1];
    outline(f, toCv({a, {b.x, a.y}, b, {a.x, b.y}}), true, pen_.thick);
  }

  void label(const Feature& f, const std::string& text) {
    if (text.empty()) return;
    int below = 0;
    const cv::Size size =
        cv::getTextSize(text, cv::FONT_HERSHEY_DUPLEX, pen_.letters, pen_.stroke, &below);
    const int edge = std::max(2, below / 2);
    const cv::Size plate(size.width + 2 * edge, size.height + below + 2 * edge);
    const cv::Rect place = findPlace(toCv(f.points), plate);
    cv::rectangle(pixels_, place, colour(f), cv::FILLED);
    const cv::Scalar c = colour(f);
    const bool bright = 0.299 * c[0] + 0.587 * c[1] + 0.114 * c[2] > 140;
    const cv::Point origin(place.x + edge, place.y + edge + size.height);
    cv::putText(pixels_, text, origin, cv::FONT_HERSHEY_DUPLEX, pen_.letters,
                bright ? cv::Scalar(0, 0, 0) : cv::Scalar(255, 255, 255), pen_.stroke, cv::LINE_AA);
    taken_.push_back(place);
  }

  /// Labels stay off these.
  void keepClear(const Feature& f) { clear_.push_back(cv::boundingRect(toCv(f.points))); }

 private:
  cv::Scalar colour(const Feature& f) const { return scalar(colourOf_(f.model)); }

  /// In a dark border, to be seen on any ground.
  void outline(const Feature& f, const std::vector<cv::Point>& points, bool closed, int thickness) {
    const std::vector lines{points};
    cv::polylines(pixels_, lines, closed, cv::Scalar(20, 20, 20), thickness + 2 * pen_.thin,
                  cv::LINE_AA);
    cv::polylines(pixels_, lines, closed, colour(f), thickness, cv::LINE_AA);
  }

  int covered(const cv::Rect& place) const {
    int sum = 0;
    for (const cv::Rect& other : taken_) sum += 4 * (place & other).area();
    for (const cv::Rect& other : clear_) sum += (place & other).area();
    return sum;
  }

  /// Above, below, beside or inside the feature: the first that covers least.
  cv::Rect findPlace(const std::vector<cv::Point>& points, cv::Size plate) const {
    const cv::Rect box = cv::boundingRect(points);
    const int gap = pen_.thick + pen_.thin;
    const int left = box.x - gap, right = box.x + box.width + gap;
    const int above = box.y - gap - plate.height, below = box.y + box.height + gap;
    const int middle = box.y + (box.height - plate.height) / 2;
    const cv::Point corners[] = {{left, above},
                                 {right - plate.width, above},
                                 {right, middle},
                                 {left - plate.width, middle},
                                 {left, below},
                                 {right - plate.width, below},
                                 {box.x + gap, box.y + gap},
                                 {right + 2 * plate.height, middle},
                                 {left - plate.width - 2 * plate.height, middle}};
    cv::Rect best;
    int least = -1;
    for (const cv::Point& corner : corners) {
      const cv::Rect place(std::clamp(corner.x, 0, std::max(0, pixels_.cols - plate.width)),
                           std::clamp(corner.y, 0, std::max(0, pixels_.rows - plate.height)),
                           plate.width, plate.height);
      const int cost = covered(place);
      if (least >= 0 && cost >= least) continue;
      best = place;
      least = cost;
    }
    return best;
  }

  Mat pixels_;
  const ColourOf& colourOf_;
  const Pen pen_;
  std::vector<cv::Rect> taken_, clear_;
};

/// OpenCV's letters are ASCII; the report shows the others.
std::string drawable(const std::string& text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (byte < 128)
      out += c;
    else if ((byte & 0xc0) == 0xc0)  // first byte of a character
      out += '?';
  }
  return out;
}

std::string labelOf(const Feature& f) {
  if (f.kind == "text") return drawable(f.text);
  if (f.kind == "object" && f.score == 0) return drawable(f.text);  // who found it gives no score
  if (f.kind == "object" || f.kind == "sign")
    return fmt::format("{} {:.0f}%", drawable(f.text), 100 * f.score);
  return "";
}

}  // namespace

minnow::vision::Image annotate(const minnow::vision::Image& picture,
                               const std::vector<Shown>& features, const ColourOf& colourOf) {
  minnow::vision::Image out = picture;
  Canvas canvas(Mat(out.height, out.width, CV_8UC3, out.pixels.data()), colourOf);
  const auto each = [&](auto isMeant, auto&& draw) {
    for (const Shown& shown : features)
      if (isMeant(shown.feature)) draw(shown.feature);
  };
  const auto isText = [](const Feature& f) { return f.kind == "text"; };
  const auto isFramed = [](const Feature& f) { return f.kind == "object" || f.kind == "sign"; };
  each([](const Feature& f) { return f.kind == "face"; },
       [&](const Feature& f) { canvas.blurFace(f); });
  each([&](const Feature& f) { return f.form == Form::Polygon && !isText(f) && !isFramed(f); },
       [&](const Feature& f) { canvas.tintArea(f); });
  each([](const Feature& f) { return f.kind == "line"; },
       [&](const Feature& f) { canvas.segment(f); });
  each([](const Feature& f) { return f.form == Form::Line && f.kind != "line"; },
       [&](const Feature& f) { canvas.lane(f); });
  each(isFramed, [&](const Feature& f) { canvas.frame(f); });
  each(isText, [&](const Feature& f) { canvas.frame(f); });
  each(isText, [&](const Feature& f) { canvas.keepClear(f); });
  each(isText, [&](const Feature& f) { canvas.label(f, labelOf(f)); });
  each(isFramed, [&](const Feature& f) { canvas.label(f, labelOf(f)); });
  return out;
}

}  // namespace road
