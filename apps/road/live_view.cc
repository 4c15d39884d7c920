// The picture is scaled before it is drawn on: lines and letters are as sharp as the video.
#include "live_view.h"

#include <fmt/format.h>

#include <algorithm>
#include <opencv2/imgproc.hpp>

#include "agree.h"
#include "draw.h"
#include "pipeline.h"

namespace road {

using minnow::vision::Image;

namespace {

constexpr int kPictureWidth = 960, kMargin = 16, kLine = 24;

cv::Mat matOf(Image& image) { return {image.height, image.width, CV_8UC3, image.pixels.data()}; }

/// How the frame lies in the view's left part.
struct Fit {
  double scale;
  cv::Rect place;
  explicit Fit(const Image& picture) {
    scale = std::min(double(kPictureWidth) / picture.width, double(kViewHeight) / picture.height);
    const cv::Size size(cvRound(picture.width * scale), cvRound(picture.height * scale));
    place = {{(kPictureWidth - size.width) / 2, (kViewHeight - size.height) / 2}, size};
  }
};

Image scaled(const Image& picture, const Fit& fit) {
  Image out{fit.place.width, fit.place.height, picture.format,
            std::vector<uint8_t>(static_cast<size_t>(fit.place.area()) * 3)};
  const cv::Mat from(picture.height, picture.width, CV_8UC3,
                     const_cast<uint8_t*>(picture.pixels.data()));
  cv::resize(from, matOf(out), fit.place.size(), 0, 0,
             fit.scale < 1 ? cv::INTER_AREA : cv::INTER_LINEAR);
  return out;
}

std::vector<Shown> shownIn(const LiveView& view, const LiveModels& models, double scale) {
  std::vector<Feature> features = view.features;
  dropCandidates(features, [&](const std::string& name) { return models.entryOf(name); });
  for (Feature& feature : features)
    for (Point& point : feature.points) point.x *= scale, point.y *= scale;
  std::vector<Shown> shown = mergeAgreeing(features);
  std::erase_if(shown, [&](const Shown& one) {
    return std::ranges::all_of(one.models, [&](const std::string& name) {
      const ModelEntry* entry = models.entryOf(name);
      return entry != nullptr && !entry->draw;
    });
  });
  return shown;
}

void write(cv::Mat& canvas, const std::string& text, int x, int y, const cv::Scalar& colour) {
  cv::putText(canvas, text, {x, y}, cv::FONT_HERSHEY_DUPLEX, 0.45, colour, 1, cv::LINE_AA);
}

void drawRows(cv::Mat& canvas, const LiveView& view) {
  const cv::Scalar bright(235, 235, 235), dim(150, 150, 150);
  const int left = kPictureWidth + kMargin, age = left + 156, rate = left + 222;
  int y = 2 * kLine;
  write(canvas, "age ms", age, y, dim);
  write(canvas, "a second", rate, y, dim);
  for (const LiveRow& row : view.rows) {
    y += kLine;
    const cv::Scalar colour(row.colour[0], row.colour[1], row.colour[2]);
    cv::rectangle(canvas, {left, y - 10, 10, 10}, colour, cv::FILLED);
    write(canvas, row.name, left + 18, y, bright);
    write(canvas, row.ageMs ? fmt::format("{:.0f}", *row.ageMs) : "-", age, y, bright);
    const bool keepsUp = row.reached >= 0.9 * row.rate;
    write(canvas, fmt::format("{:.1f}/{:.3g}", row.reached, row.rate), rate, y,
          keepsUp ? bright : cv::Scalar(255, 160, 60));
  }
  y += kLine;
  for (const std::string& fact : view.facts) write(canvas, fact, left, y += kLine, dim);
}

}  // namespace

Image drawLive(const LiveView& view, const LiveModels& models) {
  const Fit fit(view.picture);
  Image part = annotate(scaled(view.picture, fit), shownIn(view, models, fit.scale),
                        [&](const std::string& name) {
                          const ModelEntry* entry = models.entryOf(name);
                          return entry != nullptr ? entry->colour : Colour{255, 255, 255};
                        });
  Image out{kViewWidth, kViewHeight, minnow::vision::PixelFormat::Rgb,
            std::vector<uint8_t>(size_t{kViewWidth} * kViewHeight * 3, 24)};
  cv::Mat canvas = matOf(out);
  matOf(part).copyTo(canvas(fit.place));
  drawRows(canvas, view);
  return out;
}

}  // namespace road
