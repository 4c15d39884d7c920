// Boxes, labels where there is room for them, axes, and the curve of what is alive.
#include "plan_drawing.h"

#include <fmt/format.h>

#include <algorithm>

#include "words.h"

namespace minnow::tool {
namespace {

constexpr Box kFrame = {70, 64, kPlanWidth - 70 - 20, kPlanHeight - 64 - 48};
constexpr double kLetter = 6.3, kLine = 12.5;  // of the labels' font, in pixels

size_t stepCount(const PlanPicture& picture) {
  size_t count = std::max<size_t>(picture.steps.size(), 1);
  for (const PlannedMemory& memory : picture.plan) count = std::max(count, memory.lastStep + 1);
  return count;
}

size_t drawnBytes(const PlanPicture& picture) {
  size_t bytes = std::max<size_t>(picture.arenaBytes, 1);
  for (const PlannedMemory& memory : picture.plan)
    bytes = std::max(bytes, memory.offset + memory.bytes);
  return bytes;
}

bool isWorkspace(const PlannedMemory& memory) { return memory.name.starts_with("workspace of "); }

/// Neighbours in the list get different blues.
std::string boxClass(const PlannedMemory& memory, size_t index) {
  if (isWorkspace(memory)) return "workspace";
  if (memory.strip) return "strip";
  return fmt::format("t{}", index % 5);
}

std::string stepName(const PlanPicture& picture, size_t step) {
  return step < picture.steps.size() ? fmt::format("{} {}", step, picture.steps[step])
                                     : std::string("the end");
}

std::string hoverText(const PlanPicture& picture, const PlannedMemory& memory) {
  return fmt::format("{}{}\n{} ({} bytes) at offset {}\nsteps {} to {}", memory.name,
                     memory.strip ? " (strip)" : "", bytesInWords(memory.bytes), memory.bytes,
                     memory.offset, stepName(picture, memory.firstStep),
                     stepName(picture, memory.lastStep));
}

/// The telling part of an exporter's name, no longer than `letters`: "…conv.0/Conv". Empty where
/// too little would be left.
std::string shortName(std::string_view name, size_t letters) {
  if (name.ends_with("_output_0")) name.remove_suffix(9);
  if (name.starts_with("/")) name.remove_prefix(1);
  if (name.size() <= letters) return escaped(name);
  constexpr size_t kFewest = 4;
  if (letters <= kFewest) return {};
  name.remove_prefix(name.size() - (letters - 1));
  while (!name.empty() && (static_cast<unsigned char>(name[0]) & 0xc0u) == 0x80)
    name.remove_prefix(1);  // not in the middle of a character
  const size_t border = name.find_first_of("/.");
  if (border != std::string_view::npos && name.size() - border > kFewest)
    name.remove_prefix(border + 1);  // nor of a word, if one is left
  return "…" + escaped(name);
}

/// Name and size in a box that has room, upright where only that fits.
std::string label(const PlannedMemory& memory, const Box& box) {
  const bool upright = box.width < 60 && box.height > box.width;
  const double length = upright ? box.height : box.width;
  const double thickness = upright ? box.width : box.height;
  if (thickness < kLine) return {};
  std::vector<std::string> lines;
  const std::string size = bytesInWords(memory.bytes);
  const auto letters = static_cast<size_t>(std::max(0.0, (length - 6) / kLetter));
  if (const std::string name = shortName(memory.name, letters); !name.empty())
    lines.push_back(name);
  if (size.size() <= letters && thickness >= kLine * static_cast<double>(lines.size() + 1))
    lines.push_back(size);
  std::string out;
  const double centreX = box.x + box.width / 2, centreY = box.y + box.height / 2;
  for (size_t i = 0; i < lines.size(); ++i) {
    const double shift =
        (static_cast<double>(i) - static_cast<double>(lines.size() - 1) / 2) * kLine;
    const double x = centreX + (upright ? shift + 3.8 : 0);
    const double y = centreY + (upright ? 0 : shift + 3.8);
    out += fmt::format(
        "<text class=\"on\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:.1f}\"{}>{}</text>\n", x, y,
        upright ? fmt::format(" transform=\"rotate(-90 {:.1f} {:.1f})\"", x, y) : "", lines[i]);
  }
  return out;
}

std::string axes(size_t steps, size_t bytes) {
  std::string out;
  const bool large = bytes >= 1000000;
  const double unit = large ? 1e6 : bytes >= 1000 ? 1e3 : 1;
  const double scale = kFrame.height * unit / static_cast<double>(bytes);
  for (const double tick : ticks(static_cast<double>(bytes) / unit, 8)) {
    const double y = kFrame.y + kFrame.height - tick * scale;
    out += gridLine(kFrame, y, fmt::format("{:g}", tick));
  }
  for (const double tick : ticks(static_cast<double>(steps), 12)) {
    if (tick != static_cast<double>(static_cast<size_t>(tick))) continue;
    out += fmt::format(
        "<text class=\"soft\" text-anchor=\"middle\" x=\"{:.1f}\" y=\"{:g}\">{:g}</text>\n",
        kFrame.x + kFrame.width * tick / static_cast<double>(steps), kFrame.y + kFrame.height + 16,
        tick);
  }
  out += fmt::format("<text class=\"soft\" x=\"{:g}\" y=\"{:g}\">{}</text>\n", 8.0, kFrame.y - 8,
                     std::string("offset, ") + (large           ? "MB"
                                                : bytes >= 1000 ? "kB"
                                                                : "bytes"));
  out +=
      fmt::format("<text class=\"soft\" text-anchor=\"middle\" x=\"{:g}\" y=\"{:g}\">step</text>\n",
                  kFrame.x + kFrame.width / 2, kFrame.y + kFrame.height + 34);
  return out;
}

std::string legendAtTheRight() {
  constexpr LegendEntry kEntries[] = {{"t1", "tensor", 78},
                                      {"strip", "strip of a tensor", 138},
                                      {"workspace", "workspace", 104},
                                      {"alive", "alive at a step", 124, true},
                                      {"bound", "lower bound", 98, true}};
  return legend(kEntries, kFrame.x + kFrame.width - legendWidth(kEntries), kFrame.y - 10);
}

/// A flight of stairs: what is alive at each step; and its top, the lower bound.
std::string aliveCurve(const PlanPicture& picture) {
  const auto alive = bytesByStep(picture);
  const double column = kFrame.width / static_cast<double>(alive.size());
  const double scale = kFrame.height / static_cast<double>(drawnBytes(picture));
  const auto height = [&](size_t bytes) {
    return kFrame.y + kFrame.height - std::min(static_cast<double>(bytes) * scale, kFrame.height);
  };
  std::string path = fmt::format("M{:.2f} {:.2f}", kFrame.x, height(alive[0]));
  for (size_t i = 0; i < alive.size(); ++i)
    path += fmt::format("V{:.2f}H{:.2f}", height(alive[i]),
                        kFrame.x + column * static_cast<double>(i + 1));
  const double top = height(picture.lowerBoundBytes);
  return fmt::format(
      "<path class=\"alive\" d=\"{}\"/>\n<line class=\"bound\" x1=\"{:g}\" x2=\"{:g}\" "
      "y1=\"{:.2f}\" y2=\"{:.2f}\"/>\n",
      path, kFrame.x, kFrame.x + kFrame.width, top, top);
}

std::string heading(const PlanPicture& picture) {
  const double ratio =
      picture.lowerBoundBytes == 0
          ? 1
          : static_cast<double>(picture.arenaBytes) / static_cast<double>(picture.lowerBoundBytes);
  return fmt::format(
      "<text x=\"{0:g}\" y=\"22\" font-size=\"15\" font-weight=\"600\">{1}</text>\n"
      "<text class=\"soft\" x=\"{2:g}\" y=\"22\" text-anchor=\"end\">plan {3}, lower bound {4}, "
      "ratio {5:.3f}, {6} steps</text>\n",
      8.0, shortName(picture.title, 80), kFrame.x + kFrame.width, bytesInWords(picture.arenaBytes),
      bytesInWords(picture.lowerBoundBytes), ratio, picture.steps.size());
}

}  // namespace

std::vector<Box> planBoxes(const PlanPicture& picture, const Box& frame) {
  const double column = frame.width / static_cast<double>(stepCount(picture));
  const double scale = frame.height / static_cast<double>(drawnBytes(picture));
  std::vector<Box> boxes;
  for (const PlannedMemory& memory : picture.plan) {
    const double top = static_cast<double>(memory.offset + memory.bytes) * scale;
    boxes.push_back({frame.x + column * static_cast<double>(memory.firstStep),
                     frame.y + frame.height - top,
                     column * static_cast<double>(memory.lastStep - memory.firstStep + 1),
                     static_cast<double>(memory.bytes) * scale});
  }
  return boxes;
}

std::vector<size_t> bytesByStep(const PlanPicture& picture) {
  constexpr size_t kGrain = 64;
  std::vector<size_t> alive(stepCount(picture));
  for (const PlannedMemory& memory : picture.plan)
    for (size_t step = memory.firstStep; step <= memory.lastStep; ++step)
      alive[step] += (memory.bytes + kGrain - 1) / kGrain * kGrain;
  return alive;
}

std::string drawPlan(const PlanPicture& picture, bool style) {
  const auto boxes = planBoxes(picture, kFrame);
  std::string body =
      heading(picture) + legendAtTheRight() + axes(stepCount(picture), drawnBytes(picture));
  for (size_t i = 0; i < boxes.size(); ++i) {
    body += fmt::format(
        "<rect class=\"box {}\" x=\"{:.3f}\" y=\"{:.3f}\" width=\"{:.3f}\" "
        "height=\"{:.3f}\"><title>{}</title></rect>\n",
        boxClass(picture.plan[i], i), boxes[i].x, boxes[i].y, boxes[i].width, boxes[i].height,
        escapedLines(hoverText(picture, picture.plan[i])));
  }
  body += aliveCurve(picture);
  for (size_t i = 0; i < boxes.size(); ++i) body += label(picture.plan[i], boxes[i]);
  body +=
      fmt::format("<rect class=\"frame\" x=\"{:g}\" y=\"{:g}\" width=\"{:g}\" height=\"{:g}\"/>\n",
                  kFrame.x, kFrame.y, kFrame.width, kFrame.height);
  return svgDocument(kPlanWidth, kPlanHeight, body, style);
}

}  // namespace minnow::tool
