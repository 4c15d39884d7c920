// What `minnow memory` finds out about models, and its way as JSON through the pipe of the process
// that found it.
#pragma once

#include <cstddef>
#include <nlohmann/json.hpp>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "budget.h"
#include "minnow/runtime.h"
#include "process_memory.h"

namespace minnow::tool {

/// A moment in the life of a session. What the system says is of the whole process.
struct Stage {
  std::string name;
  MemoryLedger ledger;
  std::optional<ProcessMemory> system{};
  std::optional<size_t> heapBytes{};  ///< in use beyond the first stage, arenas excepted
  size_t stackBytes = 0;              ///< pages the thread that does it all has touched so far
};

struct Life {
  std::vector<Stage> stages;
  MemoryLedger peak;
};

struct ModelFacts {
  std::string name;
  MemoryReport memory;
  std::vector<std::string> steps;
  std::vector<PlannedMemory> plan;
  std::vector<DeviceMemoryReport> devices{};
  Life life;  ///< empty if nothing was run
};

/// Static and dynamic bytes, and devices': what the prediction is about.
size_t plannedBytes(const MemoryLedger& ledger);
std::vector<ModelNeeds> needsOf(const std::vector<ModelFacts>& facts);
std::vector<ModelNeeds> budgetNeedsOf(const std::vector<ModelFacts>& facts);

nlohmann::json ledgerJson(const MemoryLedger& ledger);
nlohmann::json devicesJson(std::span<const DeviceMemoryReport> devices);
/// The keys of a stage in the report; unknown figures are null.
nlohmann::json stageJson(const Stage& stage);
nlohmann::json toJson(const Life& life);
nlohmann::json toJson(const ModelFacts& facts);
Life lifeFrom(const nlohmann::json& json);
ModelFacts factsFrom(const nlohmann::json& json);

}  // namespace minnow::tool
