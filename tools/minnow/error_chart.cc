// Bands, decades, one line and one dot a value, a column a mouse can find.
#include "error_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "svg.h"

namespace minnow::tool {
namespace {

constexpr double kWidth = 1160, kHeight = 360, kBand = 32;
constexpr Box kFrame = {70, 48, kWidth - 70 - 14, kHeight - 48 - 44};

struct Scale {
  int low = -8, high = 0;  ///< decades
  size_t columns = 1;
  bool special = false;  ///< there is a band for what is no number

  Box decades() const {
    const double top = special ? kBand : 0;
    return {kFrame.x, kFrame.y + top, kFrame.width, kFrame.height - top - kBand};
  }
  double x(size_t column) const {
    return kFrame.x +
           kFrame.width * (static_cast<double>(column) + 0.5) / static_cast<double>(columns);
  }
  double y(double value) const {
    if (!std::isfinite(value)) return kFrame.y + kBand / 2;
    if (value == 0) return kFrame.y + kFrame.height - kBand / 2;
    const Box box = decades();
    return box.y + box.height * (high - std::log10(value)) / (high - low);
  }
};

Scale scaleOf(const ErrorChart& chart) {
  Scale scale;
  double least = INFINITY, most = 0;
  for (const ErrorSeries& series : chart.series) {
    scale.columns = std::max(scale.columns, series.values.size());
    for (const auto& value : series.values) {
      if (!value) continue;
      scale.special = scale.special || !std::isfinite(*value);
      if (!std::isfinite(*value) || *value == 0) continue;
      least = std::min(least, *value);
      most = std::max(most, *value);
    }
  }
  if (most == 0) return scale;
  scale.low = static_cast<int>(std::floor(std::log10(least)));
  scale.high = std::max(static_cast<int>(std::ceil(std::log10(most))), scale.low + 1);
  return scale;
}

std::string bandLine(const Scale& scale, double value, double border, const char* label) {
  return gridLine(kFrame, border, "") +
         fmt::format("<text class=\"soft\" text-anchor=\"end\" x=\"{:g}\" y=\"{:.1f}\">{}</text>\n",
                     kFrame.x - 6, scale.y(value) + 4, label);
}

std::string axes(const Scale& scale) {
  const Box box = scale.decades();
  std::string out = bandLine(scale, 0, box.y + box.height, "0");
  if (scale.special) out += bandLine(scale, INFINITY, box.y, "NaN, Inf");
  const int step = std::max(1, (scale.high - scale.low + 8) / 9);
  for (int decade = scale.low; decade <= scale.high; decade += step)
    out += gridLine(kFrame, box.y + box.height * (scale.high - decade) / (scale.high - scale.low),
                    fmt::format("1e{}", decade));
  for (const double tick : ticks(static_cast<double>(scale.columns - 1), 12)) {
    if (tick != std::floor(tick)) continue;
    out += fmt::format(
        "<text class=\"soft\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:g}\">{:g}</text>\n",
        scale.x(static_cast<size_t>(tick)), kFrame.y + kFrame.height + 16, tick);
  }
  return out + fmt::format(
                   "<text class=\"soft\" text-anchor=\"middle\" x=\"{:g}\" y=\"{:g}\">row of the "
                   "table, in execution order</text>\n",
                   kFrame.x + kFrame.width / 2, kFrame.y + kFrame.height + 34);
}

/// A line between neighbours on the logarithmic axis, a dot for every value.
std::string curve(const Scale& scale, const ErrorSeries& series) {
  std::string path, dots;
  bool joined = false;
  for (size_t i = 0; i < series.values.size(); ++i) {
    const auto& value = series.values[i];
    const bool onAxis = value && std::isfinite(*value) && *value > 0;
    if (onAxis)
      path += fmt::format("{}{:.1f} {:.1f}", joined ? 'L' : 'M', scale.x(i), scale.y(*value));
    joined = onAxis;
    if (value)
      dots += fmt::format("<circle class=\"dot {}\" cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"2.4\"/>\n",
                          series.kind, scale.x(i), scale.y(*value));
  }
  return fmt::format("<path class=\"curve {}\" d=\"{}\"/>\n", series.kind, path) + dots;
}

std::string columns(const Scale& scale, const ErrorChart& chart) {
  const double width = kFrame.width / static_cast<double>(scale.columns);
  std::string out;
  for (size_t i = 0; i < chart.titles.size(); ++i) {
    const std::string column = fmt::format(
        "<rect class=\"hit\" x=\"{:.2f}\" y=\"{:g}\" width=\"{:.2f}\" "
        "height=\"{:g}\"><title>{}</title></rect>",
        scale.x(i) - width / 2, kFrame.y, width, kFrame.height, escapedLines(chart.titles[i]));
    out += chart.link.empty() ? column + "\n"
                              : fmt::format("<a href=\"#{}{}\">{}</a>\n", chart.link, i, column);
  }
  return out;
}

std::string mark(const Scale& scale, const ErrorChart& chart) {
  if (chart.marked < 0) return {};
  const double x = scale.x(static_cast<size_t>(chart.marked));
  const bool left = x > kFrame.x + kFrame.width / 2;
  return fmt::format(
      "<line class=\"bound\" x1=\"{0:.1f}\" x2=\"{0:.1f}\" y1=\"{1:g}\" y2=\"{2:g}\"/>"
      "<text class=\"found\" text-anchor=\"{3}\" x=\"{4:.1f}\" y=\"{5:g}\">{6}</text>\n",
      x, kFrame.y - 12, kFrame.y + kFrame.height, left ? "end" : "start", x + (left ? -6 : 6),
      kFrame.y - 6, escaped(chart.mark));
}

}  // namespace

std::string drawErrors(const ErrorChart& chart) {
  const Scale scale = scaleOf(chart);
  std::string body;
  double x = kFrame.x;
  for (const ErrorSeries& series : chart.series) {
    const LegendEntry entry = {series.kind, series.name, 0};
    body += legend({&entry, 1}, x, 18);
    x += 50 + 6.6 * static_cast<double>(std::string_view(series.name).size());
  }
  body += axes(scale);
  for (const ErrorSeries& series : chart.series) body += curve(scale, series);
  body += mark(scale, chart) + columns(scale, chart);
  body +=
      fmt::format("<rect class=\"frame\" x=\"{:g}\" y=\"{:g}\" width=\"{:g}\" height=\"{:g}\"/>\n",
                  kFrame.x, kFrame.y, kFrame.width, kFrame.height);
  return svgDocument(kWidth, kHeight, body, false);
}

}  // namespace minnow::tool
