// Whether models fit a memory budget together, and what to change if they do not. Pure arithmetic:
// nothing is loaded or run.
#pragma once

#include <cstddef>
#include <map>
#include <nlohmann/json_fwd.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "minnow/memory.h"

namespace minnow::tool {

/// What a model adds to a runtime, in bytes.
struct ModelNeeds {
  std::string name;
  size_t statics = 0;                      ///< always: its weights, and what else is counted
  size_t plan = 0;                         ///< its feature maps and workspace: while it runs
  std::map<std::string, size_t> blocks{};  ///< likewise, by device, of that one's memory
};

/// All that RuntimeOptions::memoryBudget counts: model buffers (of interpreters that were not
/// released) and metadata too.
ModelNeeds budgetNeedsOf(const std::string& name, const MemoryReport& memory,
                         std::span<const DeviceMemoryReport> devices = {});
/// Adds a session's share of devices' memory.
void addDevices(ModelNeeds& needs, std::span<const DeviceMemoryReport> devices);

/// Bytes that models resident at once take when `concurrency` of them run at a time: all weights,
/// and arenas and blocks for the largest plans.
size_t totalBytes(std::span<const ModelNeeds> models, size_t concurrency);
/// A model's part of that: its weights and, of the arenas, a part in proportion to its plan.
size_t shareBytes(std::span<const ModelNeeds> models, size_t concurrency, size_t model);

struct Verdict {
  size_t total = 0, budget = 0, concurrency = 1;
  bool fits() const { return total <= budget; }
  size_t excess() const { return fits() ? 0 : total - budget; }

  // Ways out; all empty if it fits.
  std::vector<size_t>
      drop{};              ///< the fewest models without which the rest fits; empty: none is left
  size_t afterDrop = 0;    ///< the total without them
  size_t largestPlan = 0;  ///< the model with it
  /// The total would fit if that plan took no more than this; nothing if no plan of it helps.
  std::optional<size_t> planThatFits{};
  std::optional<size_t> concurrencyThatFits{};  ///< the largest lower one that fits
};
/// Names in place of indices; ways out only where it does not fit.
nlohmann::json toJson(const Verdict& verdict, std::span<const ModelNeeds> models);
Verdict judge(std::span<const ModelNeeds> models, size_t concurrency, size_t budget);

/// "fits: 17.3 of 24 MB"; "does not fit: 30.1 of 24 MB, 6.1 too many", then one line a way out.
std::string verdictInWords(std::span<const ModelNeeds> models, const Verdict& verdict);

}  // namespace minnow::tool
