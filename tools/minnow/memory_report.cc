// Tables and JSON of `minnow memory`.
#include "memory_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "plan_drawing.h"
#include "words.h"

namespace minnow::tool {
namespace {

double megabytes(size_t bytes) { return static_cast<double>(bytes) / 1e6; }

double growth(size_t now, size_t before) {
  return (static_cast<double>(now) - static_cast<double>(before)) / 1e6;
}

std::string systemColumns(const Stage& stage, const Stage& first, bool absolute) {
  if (!stage.system || !first.system)
    return fmt::format("{:>10} {:>8} {:>8} {:>8}", "?", "?", "?", "?");
  const ProcessMemory now = *stage.system;
  const ProcessMemory base = absolute ? ProcessMemory{} : *first.system;
  std::string out;
  for (const auto figure : {&ProcessMemory::anonymous, &ProcessMemory::fileBacked,
                            &ProcessMemory::pss, &ProcessMemory::peakResident}) {
    const double value = growth(now.*figure, base.*figure);
    out += fmt::format(" {:>9}",
                       absolute ? fmt::format("({:.2f})", value) : fmt::format("{:.2f}", value));
  }
  return out;
}

/// With a column for devices, if anything lies there.
std::string stageTable(const std::vector<Stage>& stages) {
  const bool devices =
      std::ranges::any_of(stages, [](const Stage& stage) { return stage.ledger.deviceBytes > 0; });
  std::string out = fmt::format(
      "                      ledger, MB              {}         system, MB beyond 'before load'    "
      "  "
      "  kB\n"
      "  stage                 model  static dynamic    heap{}  anonymous     file      Pss    "
      "VmHWM"
      "    heap  stack\n",
      devices ? "        " : "", devices ? "  device" : "");
  for (const Stage& stage : stages) {
    const MemoryLedger& ledger = stage.ledger;
    out += fmt::format("  {:<19} {:>7.2f} {:>7.2f} {:>7.2f} {:>7.2f}", stage.name,
                       megabytes(ledger.modelBytes), megabytes(ledger.staticBytes),
                       megabytes(ledger.dynamicBytes), megabytes(ledger.heapBytes));
    if (devices) out += fmt::format(" {:>7.2f}", megabytes(ledger.deviceBytes));
    out += " " + systemColumns(stage, stages.front(), &stage == &stages.front());
    out += stage.heapBytes ? fmt::format(" {:>7.1f}", static_cast<double>(*stage.heapBytes) / 1e3)
                           : fmt::format(" {:>7}", "?");
    out += fmt::format(" {:>6.1f}\n", static_cast<double>(stage.stackBytes) / 1e3);
  }
  return out;
}

size_t peakOf(const Life& life) {
  size_t peak = plannedBytes(life.peak);
  for (const Stage& stage : life.stages) peak = std::max(peak, plannedBytes(stage.ledger));
  return peak;
}

std::string peaks(size_t predicted, size_t measured, bool devices) {
  return fmt::format("peak, static + dynamic{}: predicted {}, measured {}{}\n",
                     devices ? " + device" : "", bytesInWords(predicted), bytesInWords(measured),
                     predicted == measured
                         ? ", equal to the byte"
                         : fmt::format(" ({} and {} bytes)", predicted, measured));
}

/// With what devices hold.
size_t plannedPeak(const MemoryReport& memory) {
  return predictedPeak(memory) + memory.deviceBytes;
}

std::string modelText(const ModelFacts& model) {
  const MemoryReport& memory = model.memory;
  std::string out =
      fmt::format("{}\n  static {}, dynamic {}, lower bound {}, dynamic / lower bound {:.3f}\n",
                  model.name, bytesInWords(memory.staticBytes), bytesInWords(memory.dynamicBytes),
                  bytesInWords(memory.lowerBoundBytes), planRatio(memory));
  for (const DeviceMemoryReport& device : model.devices)
    out += fmt::format("  {} of {}'s own memory: {} of weights, {} for a frame\n",
                       bytesInWords(device.total()), device.backend,
                       bytesInWords(device.weightBytes), bytesInWords(device.blockBytes));
  if (model.life.stages.empty()) return out;
  return out + "  " + peaks(plannedPeak(memory), peakOf(model.life), !model.devices.empty()) +
         stageTable(model.life.stages);
}

std::string togetherText(const MemoryFindings& findings) {
  const auto needs = needsOf(findings.models);
  const size_t total = findings.predictedPeak();
  std::string out = fmt::format(
      "all {} at once, concurrency {}\n  model                         static MB    plan MB   "
      "share MB   share   saved without it MB\n",
      needs.size(), findings.concurrency);
  for (size_t i = 0; i < needs.size(); ++i) {
    auto others = needs;
    others.erase(others.begin() + static_cast<ptrdiff_t>(i));
    const auto share = static_cast<double>(shareBytes(needs, findings.concurrency, i));
    out += fmt::format("  {:<28} {:>10.2f} {:>10.2f} {:>10.2f} {:>6.1f}% {:>21.2f}\n",
                       needs[i].name, megabytes(needs[i].statics), megabytes(needs[i].plan),
                       share / 1e6, total == 0 ? 0 : 100 * share / static_cast<double>(total),
                       megabytes(total - totalBytes(others, findings.concurrency)));
  }
  out += "  concurrency   arenas MB   total MB (predicted)\n";
  const size_t weights = totalBytes(needs, 0);
  for (size_t k = 1; k <= needs.size(); ++k)
    out += fmt::format("  {:>11} {:>11.2f} {:>10.2f}\n", k,
                       megabytes(totalBytes(needs, k) - weights), megabytes(totalBytes(needs, k)));
  if (!findings.resident) return out;
  const bool devices = std::ranges::any_of(
      findings.models, [](const ModelFacts& model) { return !model.devices.empty(); });
  return out + "  every model ran twice: " + peaks(total, *findings.measuredPeak(), devices) +
         stageTable(findings.resident->stages);
}

nlohmann::json modelJson(const MemoryFindings& findings, size_t index) {
  const ModelFacts& model = findings.models[index];
  const MemoryReport& memory = model.memory;
  nlohmann::json json = {
      {"name", model.name},
      {"static_bytes", memory.staticBytes},
      {"dynamic_bytes", memory.dynamicBytes},
      {"lower_bound_bytes", memory.lowerBoundBytes},
      {"ratio", planRatio(memory)},
      {"model_bytes", memory.modelBytes},
      {"heap_bytes", memory.metadataBytes},
      {"share_bytes", shareBytes(needsOf(findings.models), findings.concurrency, index)},
      {"device_bytes", memory.deviceBytes},
      {"devices", devicesJson(model.devices)},
      {"predicted_peak_bytes", plannedPeak(memory)},
      {"measured_peak_bytes", nullptr}};
  if (!model.life.stages.empty()) json["measured_peak_bytes"] = peakOf(model.life);
  return json;
}

}  // namespace

size_t MemoryFindings::predictedPeak() const { return totalBytes(needsOf(models), concurrency); }

std::string MemoryFindings::verdictInWords() const {
  MemoryReport sum;
  for (const ModelFacts& model : models) {
    sum.modelBytes += model.memory.modelBytes;
    sum.staticBytes += model.memory.staticBytes;
    sum.metadataBytes += model.memory.metadataBytes;
  }
  auto onHost = needsOf(models);
  for (size_t i = 0; i < models.size(); ++i)
    onHost[i].statics = models[i].memory.staticBytes, onHost[i].blocks.clear();
  const size_t host = totalBytes(onHost, concurrency);
  sum.dynamicBytes = host - sum.staticBytes;
  sum.deviceBytes = predictedPeak() - host;
  std::string out =
      tool::verdictInWords(budgetNeedsOf(models), *verdict) + "  " + categoriesInWords(sum);
  if (!refusal.empty()) out += "  the runtime says: " + refusal + "\n";
  return out;
}

std::optional<size_t> MemoryFindings::measuredPeak() const {
  if (resident) return peakOf(*resident);
  if (models.size() == 1 && !models[0].life.stages.empty()) return peakOf(models[0].life);
  return std::nullopt;
}

std::string asText(const MemoryFindings& findings) {
  std::string out;
  for (const ModelFacts& model : findings.models) out += modelText(model);
  if (findings.models.size() > 1) out += togetherText(findings);
  if (findings.measuredPeak()) {
    out +=
        "MB are 10^6 bytes. In brackets: the process before load; below, what each stage added to "
        "it.\n";
  }
  if (findings.verdict) out += findings.verdictInWords();
  return out;
}

nlohmann::json asJson(const MemoryFindings& findings) {
  const auto needs = needsOf(findings.models);
  nlohmann::json models = nlohmann::json::array(), stages = nlohmann::json::array();
  for (size_t i = 0; i < needs.size(); ++i) {
    models.push_back(modelJson(findings, i));
    for (const Stage& stage : findings.models[i].life.stages) {
      stages.push_back(stageJson(stage));
      stages.back()["model"] = needs[i].name;
    }
  }
  if (findings.resident)
    for (const Stage& stage : findings.resident->stages) stages.push_back(stageJson(stage));
  nlohmann::json concurrency = nlohmann::json::array();
  for (size_t k = 1; k <= needs.size(); ++k)
    concurrency.push_back({{"concurrency", k},
                           {"predicted_peak_bytes", totalBytes(needs, k)},
                           {"dynamic_bytes", totalBytes(needs, k) - totalBytes(needs, 0)}});
  const auto measured = findings.measuredPeak();
  nlohmann::json out = {{"models", models},
                        {"predicted_peak_bytes", findings.predictedPeak()},
                        {"measured_peak_bytes", nullptr},
                        {"stages", stages},
                        {"concurrency", concurrency}};
  if (measured) out["measured_peak_bytes"] = *measured;
  if (findings.verdict) out["budget"] = toJson(*findings.verdict, budgetNeedsOf(findings.models));
  return out;
}

}  // namespace minnow::tool
