// Elements to cells, cells to colours of a palette, and the scale below.
#include "error_map.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>
#include <cstring>

#include "png.h"
#include "svg.h"

namespace minnow::tool {
namespace {

using analysis::HostTensor;

constexpr int64_t kMostCells = 160;       // of a picture's side
constexpr int64_t kMostStripCells = 270;  // a pixel each
constexpr double kSide = 270, kTop = 24, kDecades = 4;
constexpr uint8_t kEqual = 0, kNoNumber = 1, kFirst = 2;
constexpr int kColours = 200;

/// How a tensor is seen: planes of height x width, one behind the other.
struct Planes {
  int64_t count = 1, height = 1, width = 1;
  bool strip = false;
};

Planes planesOf(const Shape& shape) {
  const int64_t elements = shape.elements();
  const int rank = shape.rank();
  const Planes strip = {1, 1, elements, true};
  if (rank < 2) return strip;
  const int64_t height = shape[rank - 2], width = shape[rank - 1];
  const int64_t small = std::min(height, width), large = std::max(height, width);
  const bool picture = small >= 8 && large <= 8 * small;
  if (!picture && (rank < 4 || large < 2)) return strip;
  return {elements / (height * width), height, width};
}

/// NaN, where it is, stays.
double larger(double a, double b) { return std::isnan(a) || a >= b ? a : b; }

ErrorMap emptyMap(const Planes& planes, std::string title) {
  const int64_t most = planes.strip ? kMostStripCells : kMostCells;
  ErrorMap map;
  map.title = std::move(title);
  map.width = planes.width;
  map.height = planes.height;
  map.columns = std::min(planes.width, most);
  map.rows = std::min(planes.height, most);
  map.cells.assign(static_cast<size_t>(map.columns * map.rows), 0);
  return map;
}

double& cellOf(ErrorMap& map, int64_t place) {
  const int64_t x = place % map.width * map.columns / map.width;
  const int64_t y = place / map.width * map.rows / map.height;
  return map.cells[static_cast<size_t>(y * map.columns + x)];
}

/// The largest of planes first to last.
ErrorMap mapOf(const HostTensor& a, const HostTensor& b, const Planes& planes, int64_t first,
               int64_t last, std::string title) {
  ErrorMap map = emptyMap(planes, std::move(title));
  const int64_t size = planes.height * planes.width;
  for (int64_t index = first * size; index < (last + 1) * size; ++index) {
    double& cell = cellOf(map, index % size);
    cell = larger(differenceAt(a, b, index), cell);
  }
  return map;
}

void markWorst(ErrorMap& map, int64_t place) {
  map.worstX = place % map.width * map.columns / map.width;
  map.worstY = place / map.width * map.rows / map.height;
}

/// Blue over green and yellow to red; never grey, as what is equal, nor pink, as what is no number.
Colour rampColour(double part) {
  constexpr double kRamp[][3] = {
      {68, 83, 196}, {63, 158, 208}, {79, 192, 141}, {216, 198, 63}, {215, 56, 45}};
  const double at = std::clamp(part, 0.0, 1.0) * 4;
  const auto left = std::min<size_t>(3, static_cast<size_t>(at));
  Colour colour{};
  for (size_t i = 0; i < 3; ++i)
    colour[i] = static_cast<uint8_t>(std::lround(
        kRamp[left][i] + (kRamp[left + 1][i] - kRamp[left][i]) * (at - static_cast<double>(left))));
  return colour;
}

std::vector<Colour> paletteOf() {
  std::vector<Colour> palette = {{255, 255, 255}, {255, 0, 200}};
  for (int i = 0; i < kColours; ++i)
    palette.push_back(rampColour(i / static_cast<double>(kColours - 1)));
  return palette;
}

/// Logarithms of both ends of the colours.
struct Range {
  double low = 0, high = 1;
};

Range rangeOf(const ErrorMap& map, double most) {
  double least = most;
  for (const double cell : map.cells)
    if (cell > 0) least = std::min(least, cell);
  const double high = std::log10(most);
  return {std::clamp(std::log10(least), high - kDecades, high - 1), high};
}

uint8_t indexOf(double cell, const Range& range) {
  if (std::isnan(cell)) return kNoNumber;
  if (cell == 0) return kEqual;
  const double part = (std::log10(cell) - range.low) / (range.high - range.low);
  return static_cast<uint8_t>(kFirst + std::lround(std::clamp(part, 0.0, 1.0) * (kColours - 1)));
}

std::string pictureOf(const ErrorMap& map, const Range& range) {
  std::vector<uint8_t> indices;
  for (const double cell : map.cells) indices.push_back(indexOf(cell, range));
  return pngAddress(encodePng(static_cast<uint32_t>(map.columns), static_cast<uint32_t>(map.rows),
                              indices, paletteOf()));
}

/// The picture's place: its own form, as large as fits, thin ones thick enough to be seen.
Box boxOf(const ErrorMap& map) {
  const auto width = static_cast<double>(map.width), height = static_cast<double>(map.height);
  const double scale = kSide / std::max(width, height);
  return {1, kTop, std::max(width * scale, 24.0), std::max(height * scale, 24.0)};
}

std::string swatch(double x, double y, const char* kind, const char* text) {
  const LegendEntry entry = {kind, text, 0};
  return legend({&entry, 1}, x, y);
}

/// The colours' scale; below it what the other two colours mean.
std::string scaleBar(const ErrorMap& map, const Range& range, double most, double y) {
  std::string out = swatch(1, y + 29, "equal", "equal");
  if (std::ranges::any_of(map.cells, [](double cell) { return std::isnan(cell); }))
    out += swatch(80, y + 29, "special", "NaN, Inf");
  if (!(most > 0)) return out;
  constexpr double kX = 52, kWidth = 166;
  constexpr int kSteps = 32;
  for (int i = 0; i < kSteps; ++i) {
    const Colour c = rampColour((i + 0.5) / kSteps);
    out += fmt::format(
        "<rect x=\"{:.2f}\" y=\"{:g}\" width=\"{:.2f}\" height=\"11\" "
        "fill=\"#{:02x}{:02x}{:02x}\"/>",
        kX + i * kWidth / kSteps, y + 1, kWidth / kSteps + 0.3, c[0], c[1], c[2]);
  }
  const auto end = [&](const char* anchor, double x, double value) {
    return fmt::format(
        "<text class=\"soft\" text-anchor=\"{}\" x=\"{:g}\" y=\"{:g}\">{:.1e}</text>\n", anchor, x,
        y + 11, value);
  };
  return out + end("end", kX - 4, std::pow(10, range.low)) + end("start", kX + kWidth + 4, most);
}

std::string ringOf(const ErrorMap& map, const Box& box) {
  if (map.worstX < 0) return {};
  const double x = box.x + box.width * (static_cast<double>(map.worstX) + 0.5) /
                               static_cast<double>(map.columns);
  const double y =
      box.y + box.height * (static_cast<double>(map.worstY) + 0.5) / static_cast<double>(map.rows);
  return fmt::format("<circle class=\"ring\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"8\"/>\n", x, y);
}

}  // namespace

double differenceAt(const HostTensor& a, const HostTensor& b, int64_t index) {
  const double x = elementAsDouble(a, index), y = elementAsDouble(b, index);
  if (std::isnan(x) && std::isnan(y)) return 0;
  const double difference = x == y ? 0 : std::fabs(x - y);
  return std::isfinite(difference) ? difference : NAN;
}

std::vector<ErrorMap> errorMapsOf(const HostTensor& a, const HostTensor& b, int64_t worst) {
  const Planes planes = planesOf(a.type.shape);
  const int64_t size = planes.height * planes.width;
  if (a.type.shape.elements() == 0) return {};
  std::vector<ErrorMap> maps;
  if (planes.strip) {
    maps.push_back(mapOf(a, b, planes, 0, 0, fmt::format("|a − b|, {} elements in order", size)));
  } else {
    maps.push_back(mapOf(a, b, planes, 0, planes.count - 1,
                         fmt::format("largest |a − b| of {} channels, {}×{}", planes.count,
                                     planes.height, planes.width)));
    if (worst >= 0 && planes.count > 1)
      maps.push_back(mapOf(a, b, planes, worst / size, worst / size,
                           fmt::format("|a − b| in channel {}, the worst", worst / size)));
  }
  if (worst >= 0)
    for (ErrorMap& map : maps) markWorst(map, worst % size);
  return maps;
}

double largestOf(const std::vector<ErrorMap>& maps) {
  double most = 0;
  for (const ErrorMap& map : maps)
    for (const double cell : map.cells)
      if (cell > most) most = cell;
  return most;
}

std::string drawErrorMap(const ErrorMap& map, double most) {
  const Box box = boxOf(map);
  const Range range = most > 0 ? rangeOf(map, most) : Range{};
  const std::string body =
      fmt::format("<text class=\"soft\" x=\"1\" y=\"15\">{}</text>\n", escaped(map.title)) +
      fmt::format(
          "<rect class=\"equal\" x=\"{0:g}\" y=\"{1:g}\" width=\"{2:.1f}\" height=\"{3:.1f}\"/>"
          "<image class=\"map\" x=\"{0:g}\" y=\"{1:g}\" width=\"{2:.1f}\" height=\"{3:.1f}\" "
          "preserveAspectRatio=\"none\" href=\"{4}\"/>\n",
          box.x, box.y, box.width, box.height, pictureOf(map, range)) +
      ringOf(map, box) + scaleBar(map, range, most, box.y + box.height + 8);
  return svgDocument(kSide + 2, box.y + box.height + 42, body, false);
}

}  // namespace minnow::tool
