// Escaping by a small UTF-8 reader; the style sheet.
#include "svg.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

namespace minnow::tool {
namespace {

/// Bytes of the UTF-8 character at the front; 0 if it is none, or one that XML does not allow.
size_t characterLength(std::string_view text) {
  const auto byte = [&](size_t i) { return static_cast<unsigned char>(text[i]); };
  const unsigned lead = byte(0);
  if (lead < 0x80) return lead >= 0x20 && lead != 0x7f ? 1 : 0;
  const size_t length = lead >= 0xf0 ? 4 : lead >= 0xe0 ? 3 : 2;
  if (lead < 0xc2 || lead > 0xf4 || text.size() < length) return 0;
  uint32_t code = lead & (0x7fu >> length);
  for (size_t i = 1; i < length; ++i) {
    if ((byte(i) & 0xc0u) != 0x80) return 0;
    code = code << 6 | (byte(i) & 0x3fu);
  }
  constexpr uint32_t kSmallest[] = {0, 0, 0x80, 0x800, 0x10000};
  const bool surrogate = code >= 0xd800 && code < 0xe000;
  const bool control = code < 0xa0 || code == 0xfffe || code == 0xffff;
  return code < kSmallest[length] || code > 0x10ffff || surrogate || control ? 0 : length;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t length = characterLength(text);
    const char c = text[0];
    if (length == 0) {
      out += "\xef\xbf\xbd";
    } else if (c == '&') {
      out += "&amp;";
    } else if (c == '<') {
      out += "&lt;";
    } else if (c == '>') {
      out += "&gt;";
    } else if (c == '"') {
      out += "&quot;";
    } else {
      out += text.substr(0, length);
    }
    text.remove_prefix(std::max<size_t>(length, 1));
  }
  return out;
}

std::string escapedLines(std::string_view text) {
  std::string out;
  while (!text.empty()) {
    const size_t end = text.find('\n');
    out += escaped(text.substr(0, end));
    if (end == std::string_view::npos) break;
    out += '\n';
    text.remove_prefix(end + 1);
  }
  return out;
}

std::string_view drawingStyle() {
  return R"(
:root { --page: #ffffff; --ink: #1c2430; --soft: #66707d; --line: #d5dae1; --bound: #b3123f; }
@media (prefers-color-scheme: dark) {
  :root { --page: #14181e; --ink: #e6eaf0; --soft: #98a3b1; --line: #343c47; --bound: #f0406a; }
}
svg { font-family: system-ui, "DejaVu Sans", sans-serif; font-size: 12px; }
svg text { fill: var(--ink); }
svg .soft { fill: var(--soft); }
svg .page { fill: var(--page); }
svg .grid { stroke: var(--line); stroke-width: 1; }
svg .frame { fill: none; stroke: var(--soft); stroke-width: 1; }
svg .box { stroke: var(--page); stroke-width: 0.6; }
svg .box:hover { stroke: var(--ink); stroke-width: 1.6; }
svg .on { fill: #0d1a26; font-size: 10.5px; pointer-events: none; }
svg .t0 { fill: #8fbfe8; } svg .t1 { fill: #6fa9dc; } svg .t2 { fill: #a9d0ef; }
svg .t3 { fill: #7fb4c9; } svg .t4 { fill: #9cc3d8; }
svg .workspace { fill: #f2a65a; }
svg .strip { fill: #7cc48b; }
svg .static { fill: #b09be0; }
svg .dynamic { fill: #7fb4e3; }
svg .heap { fill: #f2a65a; }
svg .anonymous { fill: #8d99a6; }
svg .file { fill: #c7ced6; }
svg .alive { fill: none; stroke: var(--bound); stroke-width: 1.6; stroke-linejoin: round; pointer-events: none; }
svg .bound { stroke: var(--bound); stroke-width: 1; stroke-dasharray: 5 4; pointer-events: none; }
svg .mark { stroke: var(--bound); stroke-width: 2; }
)";
}

std::string svgDocument(double width, double height, std::string_view content, bool style) {
  const std::string sheet = style ? fmt::format("<style>{}</style>", drawingStyle()) : "";
  return fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {0:g} {1:g}\" width=\"{0:g}\" "
      "height=\"{1:g}\" style=\"max-width:100%;height:auto\">{2}\n"
      "<rect class=\"page\" width=\"{0:g}\" height=\"{1:g}\"/>\n{3}</svg>\n",
      width, height, sheet, content);
}

std::string gridLine(const Box& frame, double y, std::string_view label) {
  return fmt::format(
      "<line class=\"grid\" x1=\"{0:g}\" x2=\"{1:g}\" y1=\"{2:.2f}\" y2=\"{2:.2f}\"/>"
      "<text class=\"soft\" text-anchor=\"end\" x=\"{3:g}\" y=\"{4:.1f}\">{5}</text>\n",
      frame.x, frame.x + frame.width, y, frame.x - 6, y + 4, escaped(label));
}

double legendWidth(std::span<const LegendEntry> entries) {
  double width = 0;
  for (const LegendEntry& entry : entries) width += entry.width;
  return width;
}

std::string legend(std::span<const LegendEntry> entries, double x, double baseline) {
  std::string out;
  for (const LegendEntry& entry : entries) {
    out += entry.line ? fmt::format("<path class=\"{}\" d=\"M{:g} {:g}h14\"/>", entry.kind, x,
                                    baseline - 4)
                      : fmt::format(
                            "<rect class=\"{}\" x=\"{:g}\" y=\"{:g}\" width=\"14\" "
                            "height=\"11\"/>",
                            entry.kind, x, baseline - 10);
    out += fmt::format("<text x=\"{:g}\" y=\"{:g}\">{}</text>\n", x + 20, baseline, entry.text);
    x += entry.width;
  }
  return out;
}

std::vector<double> ticks(double end, int most) {
  if (!(end > 0)) return {0};
  const double rough = end / most;
  const double power = std::pow(10.0, std::floor(std::log10(rough)));
  double step = 10 * power;
  for (const double times : {5.0, 2.0, 1.0})
    if (times * power >= rough * (1 - 1e-9)) step = times * power;
  std::vector<double> out;
  for (int i = 0; i * step <= end * (1 + 1e-9); ++i) out.push_back(i * step);
  return out;
}

}  // namespace minnow::tool
