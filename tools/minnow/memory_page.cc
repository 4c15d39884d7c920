// The drawings as one SVG, and everything together as one HTML page.
#include <fmt/format.h>
#include <fmt/ranges.h>

#include <algorithm>
#include <iterator>

#include "memory_report.h"
#include "page.h"
#include "plan_drawing.h"
#include "stage_chart.h"
#include "svg.h"
#include "words.h"

namespace minnow::tool {
namespace {

/// The drawings of a model: of its arena, and of its block in each device's memory.
std::vector<std::string> drawingsOf(const ModelFacts& model, bool style) {
  const auto draw = [&](const std::string& title, std::string_view device, size_t bytes,
                        size_t lowerBound) {
    std::vector<PlannedMemory> plan;
    std::ranges::copy_if(model.plan, std::back_inserter(plan),
                         [&](const PlannedMemory& one) { return one.device == device; });
    return drawPlan({title, plan, model.steps, bytes, lowerBound}, style);
  };
  std::vector<std::string> all{
      draw(model.name, "", model.memory.dynamicBytes, model.memory.lowerBoundBytes)};
  for (const DeviceMemoryReport& device : model.devices)
    all.push_back(draw(fmt::format("{}, a frame's block of {}", model.name, device.backend),
                       device.backend, device.blockBytes, device.blockBytes));
  return all;
}

std::string mb(size_t bytes) { return fmt::format("{:.2f}", static_cast<double>(bytes) / 1e6); }

std::string more(size_t now, size_t before) {
  return fmt::format("{:.2f}", (static_cast<double>(now) - static_cast<double>(before)) / 1e6);
}

std::string kilobytes(size_t bytes) {
  return fmt::format("{:.1f}", static_cast<double>(bytes) / 1e3);
}

/// With a figure for devices, if anything lies there in any stage.
std::vector<std::string> stageRow(const Stage& stage, const Stage& first, bool devices) {
  std::vector<std::string> cells = {stage.name, mb(stage.ledger.modelBytes),
                                    mb(stage.ledger.staticBytes), mb(stage.ledger.dynamicBytes),
                                    mb(stage.ledger.heapBytes)};
  if (devices) cells.push_back(mb(stage.ledger.deviceBytes));
  for (const auto figure : {&ProcessMemory::anonymous, &ProcessMemory::fileBacked,
                            &ProcessMemory::pss, &ProcessMemory::peakResident}) {
    if (!stage.system || !first.system)
      cells.emplace_back("?");
    else if (&stage == &first)
      cells.push_back("(" + mb(first.system.value().*figure) + ")");
    else
      cells.push_back(more(stage.system.value().*figure, first.system.value().*figure));
  }
  cells.push_back(stage.heapBytes ? kilobytes(*stage.heapBytes) : "?");
  cells.push_back(kilobytes(stage.stackBytes));
  return cells;
}

std::string lifeSection(const Life& life) {
  if (life.stages.empty()) return {};
  const bool devices = std::ranges::any_of(
      life.stages, [](const Stage& stage) { return stage.ledger.deviceBytes > 0; });
  std::vector<std::string> titles = {"stage", "model buffer", "static", "dynamic", "heap"};
  if (devices) titles.emplace_back("device");
  for (const char* one : {"Anonymous", "file-backed", "Pss", "VmHWM", "heap kB", "stack kB"})
    titles.emplace_back(one);
  std::vector<std::vector<std::string>> rows;
  for (const Stage& stage : life.stages)
    rows.push_back(stageRow(stage, life.stages.front(), devices));
  return drawStages(life.stages) + htmlTable(titles, rows);
}

std::string modelSection(const ModelFacts& model) {
  const MemoryReport& memory = model.memory;
  return fmt::format("<h2>{}</h2>\n<p>Static {}, dynamic {}; lower bound {}, ratio {:.3f}.</p>\n",
                     escaped(model.name), bytesInWords(memory.staticBytes),
                     bytesInWords(memory.dynamicBytes), bytesInWords(memory.lowerBoundBytes),
                     planRatio(memory)) +
         fmt::format("{}", fmt::join(drawingsOf(model, false), "")) + lifeSection(model.life);
}

std::string sharesTable(const MemoryFindings& findings) {
  const auto needs = needsOf(findings.models);
  std::vector<std::vector<std::string>> rows;
  for (size_t i = 0; i < needs.size(); ++i) {
    const auto share = static_cast<double>(shareBytes(needs, findings.concurrency, i));
    const auto total = static_cast<double>(std::max<size_t>(findings.predictedPeak(), 1));
    rows.push_back({needs[i].name, mb(needs[i].statics), mb(needs[i].plan),
                    mb(findings.models[i].memory.lowerBoundBytes),
                    fmt::format("{:.2f}", share / 1e6),
                    fmt::format("{:.1f} %", 100 * share / total)});
  }
  return htmlTable({"model", "static", "plan", "lower bound", "share", "of the total"}, rows);
}

std::string concurrencyTable(const MemoryFindings& findings) {
  const auto needs = needsOf(findings.models);
  std::vector<std::vector<std::string>> rows;
  for (size_t k = 1; k <= needs.size(); ++k)
    rows.push_back({std::to_string(k), mb(totalBytes(needs, k) - totalBytes(needs, 0)),
                    mb(totalBytes(needs, k))});
  return htmlTable({"models running at a time", "arenas", "total, predicted"}, rows);
}

std::string overview(const MemoryFindings& findings) {
  const auto measured = findings.measuredPeak();
  std::string out =
      fmt::format("<p>Peak of static and dynamic memory at concurrency {}: predicted {}{}.</p>\n",
                  findings.concurrency, bytesInWords(findings.predictedPeak()),
                  measured ? fmt::format(", measured {}", bytesInWords(*measured)) : "");
  if (findings.verdict)
    out += fmt::format("<pre>{}</pre>\n", escapedLines(findings.verdictInWords()));
  out += sharesTable(findings);
  if (findings.models.size() > 1) out += concurrencyTable(findings);
  if (findings.resident)
    out += "<h2>All at once</h2>\n<p>Every model resident, each run twice.</p>\n" +
           lifeSection(*findings.resident);
  return out;
}

constexpr const char* kReading =
    "<p class=\"soft\">All figures in MB (10^6 bytes) unless they say kB. The ledger counts what "
    "the library holds. "
    "Anonymous, file-backed (Rss less Anonymous), Pss and VmHWM are the system's, of the whole "
    "process: in brackets before load, then what each stage added. File-backed pages are the "
    "model's weights and the program's own code. Heap: what malloc has handed out beyond "
    "the first stage, arenas excepted. Stack: pages that the calling thread has touched.</p>\n";

}  // namespace

std::string asSvg(const MemoryFindings& findings) {
  std::vector<std::string> all;
  for (const ModelFacts& model : findings.models)
    for (std::string& drawing : drawingsOf(model, false)) all.push_back(std::move(drawing));
  if (all.size() == 1) return drawingsOf(findings.models[0], true)[0];
  std::string body;
  for (size_t i = 0; i < all.size(); ++i)
    body += fmt::format("<g transform=\"translate(0 {:g})\">{}</g>\n",
                        kPlanHeight * static_cast<double>(i), all[i]);
  return svgDocument(kPlanWidth, kPlanHeight * static_cast<double>(all.size()), body, true);
}

std::string asPage(const MemoryFindings& findings) {
  std::string body = overview(findings);
  for (const ModelFacts& model : findings.models) body += modelSection(model);
  return htmlPage("Memory", "<h1>Memory</h1>\n" + (kReading + body));
}

}  // namespace minnow::tool
