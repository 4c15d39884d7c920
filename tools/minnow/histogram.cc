// Counting into bins, and stairs over them.
#include "histogram.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "error_map.h"
#include "svg.h"

namespace minnow::tool {
namespace {

using analysis::HostTensor;

constexpr size_t kBins = 40;
constexpr double kWidth = 272, kHeight = 214, kApart = 44;  // kApart: for a bar beside the axis
constexpr double kBar = 22;
constexpr Box kFrame = {38, 42, kWidth - 38 - 6, kHeight - 42 - 24};

struct Range {
  double low = INFINITY, high = -INFINITY;

  void add(double value) {
    low = std::min(low, value);
    high = std::max(high, value);
  }
  /// Halves, so that the widest range of doubles has a width.
  size_t binOf(double value) const {
    const double part = (value / 2 - low / 2) / (high / 2 - low / 2);
    return std::min(kBins - 1, static_cast<size_t>(part * kBins));
  }
  /// Something to look at where all values are one, or there are none.
  void widen() {
    if (low > high) low = 0, high = 1;
    if (low < high) return;
    const double by = low == 0 ? 1 : std::fabs(low) / 2;
    low -= by;
    high += by;
  }
};

void count(Histogram::Counts& counts, const HostTensor& tensor, const Range& range) {
  counts.bins.assign(kBins, 0);
  const int64_t elements = tensor.type.shape.elements();
  for (int64_t i = 0; i < elements; ++i) {
    const double value = elementAsDouble(tensor, i);
    if (std::isfinite(value))
      ++counts.bins[range.binOf(value)];
    else
      ++counts.special;
  }
}

std::vector<std::string> roundEnds(const Range& range) {
  return {fmt::format("{:.4g}", range.low), fmt::format("{:.4g}", range.low / 2 + range.high / 2),
          fmt::format("{:.4g}", range.high)};
}

std::vector<std::string> decadeLabels(int low, int high) {
  const int step = std::max(1, (high - low + 3) / 4);
  if ((high - low) % step != 0) return {fmt::format("1e{}", low), fmt::format("1e{}", high)};
  std::vector<std::string> labels;
  for (int decade = low; decade <= high; decade += step)
    labels.push_back(fmt::format("1e{}", decade));
  return labels;
}

double logCount(int64_t count) { return std::log10(1 + static_cast<double>(count)); }

/// Where the bins are between the bars apart, and how high a count is.
struct Layout {
  Box bins = kFrame;
  bool zero = false, special = false;
  double top = 1;

  double y(int64_t count) const { return kFrame.y + kFrame.height * (1 - logCount(count) / top); }
};

Layout layoutOf(const Histogram& histogram) {
  Layout layout;
  layout.zero = !histogram.zeroName.empty();
  int64_t most = 1;
  for (const auto& counts : histogram.counts) {
    layout.special = layout.special || counts.special > 0;
    most = std::max({most, counts.zero, counts.special});
    for (const int64_t bin : counts.bins) most = std::max(most, bin);
  }
  layout.top = logCount(most) * 1.04;
  if (layout.zero) layout.bins.x += kApart, layout.bins.width -= kApart;
  if (layout.special) layout.bins.width -= kApart;
  return layout;
}

std::string label(const char* anchor, double x, std::string_view text) {
  return fmt::format("<text class=\"soft\" text-anchor=\"{}\" x=\"{:.1f}\" y=\"{:g}\">{}</text>\n",
                     anchor, x, kFrame.y + kFrame.height + 16, escaped(text));
}

std::string axes(const Histogram& histogram, const Layout& layout) {
  std::string out = gridLine(kFrame, layout.y(0), "0");
  const int step = layout.top > 4 ? 2 : 1;
  for (int power = layout.top > 3 ? 1 : 0; power <= layout.top - 0.1; power += step)
    out +=
        gridLine(kFrame, layout.y(std::llround(std::pow(10, power))),
                 power < 4 ? fmt::format("{:g}", std::pow(10, power)) : fmt::format("1e{}", power));
  const size_t last = histogram.axis.size() - 1;
  for (size_t i = 0; i <= last; ++i)
    out += label(i == 0      ? "start"
                 : i == last ? "end"
                             : "middle",
                 layout.bins.x + layout.bins.width * static_cast<double>(i) /
                                     static_cast<double>(std::max<size_t>(last, 1)),
                 histogram.axis[i]);
  if (layout.zero) out += label("middle", kFrame.x + kBar / 2 + 4, histogram.zeroName);
  if (layout.special) out += label("middle", kFrame.x + kFrame.width - kBar / 2 - 4, "NaN");
  return out;
}

std::string bar(const Layout& layout, const Histogram::Counts& counts, double x, int64_t count) {
  if (count == 0) return {};
  return fmt::format(
      "<rect class=\"stairs {}\" x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:g}\" height=\"{:.1f}\">"
      "<title>{}</title></rect>\n",
      counts.kind, x, layout.y(count), kBar, layout.y(0) - layout.y(count), count);
}

std::string stairs(const Layout& layout, const Histogram::Counts& counts) {
  std::string path = fmt::format("M{:.1f} {:.1f}", layout.bins.x, layout.y(0));
  const double width = layout.bins.width / static_cast<double>(counts.bins.size());
  for (size_t i = 0; i < counts.bins.size(); ++i)
    path += fmt::format("V{:.1f}H{:.1f}", layout.y(counts.bins[i]),
                        layout.bins.x + width * static_cast<double>(i + 1));
  return fmt::format("<path class=\"stairs {}\" d=\"{}V{:.1f}Z\"/>\n", counts.kind, path,
                     layout.y(0)) +
         bar(layout, counts, kFrame.x + 4, counts.zero) +
         bar(layout, counts, kFrame.x + kFrame.width - kBar - 4, counts.special);
}

}  // namespace

Histogram valuesOf(const HostTensor& a, const HostTensor& b, const std::string& nameA,
                   const std::string& nameB) {
  Range range;
  for (const HostTensor* tensor : {&a, &b})
    for (int64_t i = 0; i < tensor->type.shape.elements(); ++i)
      if (const double value = elementAsDouble(*tensor, i); std::isfinite(value)) range.add(value);
  range.widen();
  Histogram histogram{
      .title = "values", .axis = roundEnds(range), .counts = {{"b", nameB, {}}, {"a", nameA, {}}}};
  count(histogram.counts[0], b, range);
  count(histogram.counts[1], a, range);
  return histogram;
}

Histogram errorsOf(const HostTensor& a, const HostTensor& b) {
  const int64_t elements = a.type.shape.elements();
  Histogram::Counts counts{"a", "", std::vector<int64_t>(kBins)};
  std::vector<double> logs;
  Range range;
  for (int64_t i = 0; i < elements; ++i) {
    const double error = differenceAt(a, b, i);
    if (error > 0) {
      logs.push_back(std::log10(error));
      range.add(logs.back());
    } else {
      ++(error == 0 ? counts.zero : counts.special);
    }
  }
  if (logs.empty()) range = {-8, 0};
  range.low = std::floor(range.low);
  range.high = std::max(std::ceil(range.high), range.low + 1);
  for (const double log : logs) ++counts.bins[range.binOf(log)];
  return {.title = "|a − b|",
          .axis = decadeLabels(static_cast<int>(range.low), static_cast<int>(range.high)),
          .zeroName = "equal",
          .counts = {counts}};
}

std::string drawHistogram(const Histogram& histogram) {
  const Layout layout = layoutOf(histogram);
  std::string body =
      fmt::format("<text class=\"soft\" x=\"1\" y=\"15\">{}, elements a bin</text>\n",
                  escaped(histogram.title));
  double x = kFrame.x;
  for (const auto& counts : histogram.counts) {
    if (counts.name.empty()) continue;
    const LegendEntry entry = {counts.kind, counts.name.c_str(), 0};
    body += legend({&entry, 1}, x, 34);
    x += 50 + 6.6 * static_cast<double>(counts.name.size());
  }
  body += axes(histogram, layout);
  for (const auto& counts : histogram.counts) body += stairs(layout, counts);
  return svgDocument(kWidth, kHeight, body, false);
}

}  // namespace minnow::tool
