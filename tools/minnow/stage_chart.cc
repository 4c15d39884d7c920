// Two stacked bars a stage, and a mark for the largest resident size so far.
#include "stage_chart.h"

#include <fmt/format.h>

#include <algorithm>
#include <vector>

#include "svg.h"
#include "words.h"

namespace minnow::tool {
namespace {

constexpr double kWidth = 1200, kHeight = 320;
constexpr Box kFrame = {70, 44, kWidth - 70 - 20, 230};
constexpr LegendEntry kLegend[] = {
    {"static", "ledger: static", 120},   {"dynamic", "dynamic", 86},
    {"heap", "heap, model buffer", 160}, {"anonymous", "system: Anonymous", 154},
    {"file", "file-backed", 106},        {"mark", "VmHWM", 0, true}};

struct Part {
  const char* kind;  ///< class of the style sheet
  const char* name;
  size_t bytes;
};

size_t above(size_t value, size_t base) { return value - std::min(value, base); }

std::vector<Part> ledgerParts(const MemoryLedger& ledger) {
  return {{"static", "static", ledger.staticBytes},
          {"dynamic", "dynamic", ledger.dynamicBytes},
          {"heap", "heap and model buffer", ledger.heapBytes + ledger.modelBytes}};
}

std::vector<Part> systemParts(const ProcessMemory& now, const ProcessMemory& first) {
  return {{"anonymous", "Anonymous", above(now.anonymous, first.anonymous)},
          {"file", "file-backed", above(now.fileBacked, first.fileBacked)}};
}

size_t sum(const std::vector<Part>& parts) {
  size_t bytes = 0;
  for (const Part& part : parts) bytes += part.bytes;
  return bytes;
}

std::string bar(const std::vector<Part>& parts, double x, double width, double scale) {
  std::string out;
  double y = kFrame.y + kFrame.height;
  for (const Part& part : parts) {
    const double height = static_cast<double>(part.bytes) * scale;
    y -= height;
    if (part.bytes == 0) continue;
    out += fmt::format(
        "<rect class=\"box {}\" x=\"{:.1f}\" y=\"{:.2f}\" width=\"{:.1f}\" "
        "height=\"{:.2f}\"><title>{}: {}</title></rect>\n",
        part.kind, x, y, width, height, part.name, bytesInWords(part.bytes));
  }
  return out;
}

size_t largest(std::span<const Stage> stages) {
  size_t bytes = 1;
  for (const Stage& stage : stages) {
    bytes = std::max(bytes, sum(ledgerParts(stage.ledger)));
    if (!stage.system || !stages.front().system) continue;
    const ProcessMemory& first = *stages.front().system;
    bytes = std::max(bytes, sum(systemParts(*stage.system, first)));
    bytes = std::max(bytes, above(stage.system->peakResident, first.peakResident));
  }
  return bytes;
}

std::string axis(double scale, size_t bytes) {
  std::string out = "<text class=\"soft\" x=\"8\" y=\"38\">MB</text>\n";
  for (const double tick : ticks(static_cast<double>(bytes) / 1e6, 6)) {
    const double y = kFrame.y + kFrame.height - tick * 1e6 * scale;
    out += gridLine(kFrame, y, fmt::format("{:g}", tick));
  }
  return out;
}

}  // namespace

std::string drawStages(std::span<const Stage> stages) {
  if (stages.empty()) return {};
  const size_t most = largest(stages);
  const double scale = kFrame.height / static_cast<double>(most);
  const double group = kFrame.width / static_cast<double>(stages.size());
  const double width = std::min(46.0, group * 0.36);
  std::string body = legend(kLegend, kFrame.x, 22) + axis(scale, most);
  for (size_t i = 0; i < stages.size(); ++i) {
    const double centre = kFrame.x + group * (static_cast<double>(i) + 0.5);
    body += bar(ledgerParts(stages[i].ledger), centre - width - 1, width, scale);
    body += fmt::format("<text text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:g}\">{}</text>\n", centre,
                        kFrame.y + kFrame.height + 20, escaped(stages[i].name));
    if (!stages[i].system || !stages.front().system) continue;
    const ProcessMemory &now = *stages[i].system, &first = *stages.front().system;
    body += bar(systemParts(now, first), centre + 1, width, scale);
    const double y = kFrame.y + kFrame.height -
                     static_cast<double>(above(now.peakResident, first.peakResident)) * scale;
    body +=
        fmt::format("<path class=\"mark\" d=\"M{:.1f} {:.2f}h{:.1f}\"/>\n", centre + 1, y, width);
  }
  return svgDocument(kWidth, kHeight, body, false);
}

}  // namespace minnow::tool
