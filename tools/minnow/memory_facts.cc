// There and back again; the two directions stand next to each other.
#include "memory_facts.h"

#include <set>

namespace minnow::tool {
namespace {

template <class T>
nlohmann::json orNull(const std::optional<T>& value) {
  return value ? nlohmann::json(*value) : nlohmann::json();
}

std::optional<size_t> orNothing(const nlohmann::json& json) {
  return json.is_null() ? std::nullopt : std::optional(json.get<size_t>());
}

MemoryLedger ledgerFrom(const nlohmann::json& json) {
  return {.modelBytes = json["model_bytes"],
          .staticBytes = json["static_bytes"],
          .dynamicBytes = json["dynamic_bytes"],
          .heapBytes = json["heap_bytes"],
          .deviceBytes = json["device_bytes"]};
}

Stage stageFrom(const nlohmann::json& json) {
  Stage stage{.name = json["stage"], .ledger = ledgerFrom(json["ledger"])};
  if (!json["anonymous_bytes"].is_null())
    stage.system = ProcessMemory{json["anonymous_bytes"], json["file_bytes"], json["pss_bytes"],
                                 json["vm_hwm_bytes"]};
  stage.heapBytes = orNothing(json["heap_bytes"]);
  stage.stackBytes = json["stack_bytes"];
  return stage;
}

nlohmann::json toJson(const MemoryReport& memory) {
  return {{"model", memory.modelBytes},       {"static", memory.staticBytes},
          {"dynamic", memory.dynamicBytes},   {"bound", memory.lowerBoundBytes},
          {"metadata", memory.metadataBytes}, {"device", memory.deviceBytes}};
}

MemoryReport reportFrom(const nlohmann::json& json) {
  MemoryReport memory;
  memory.modelBytes = json["model"];
  memory.staticBytes = json["static"];
  memory.dynamicBytes = json["dynamic"];
  memory.lowerBoundBytes = json["bound"];
  memory.metadataBytes = json["metadata"];
  memory.deviceBytes = json["device"];
  return memory;
}

nlohmann::json toJson(const PlannedMemory& memory) {
  return {memory.name,     memory.offset, memory.bytes, memory.firstStep,
          memory.lastStep, memory.strip,  memory.device};
}

/// Names of back-ends live as long as the process.
const char* backendFrom(const nlohmann::json& json) {
  static std::set<std::string> names;
  return names.insert(json.get<std::string>()).first->c_str();
}

PlannedMemory plannedFrom(const nlohmann::json& json) {
  return {json[0], json[1], json[2], json[3], json[4], json[5], backendFrom(json[6])};
}

DeviceMemoryReport deviceFrom(const nlohmann::json& json) {
  return {backendFrom(json["backend"]), json["weight_bytes"], json["block_bytes"]};
}

}  // namespace

size_t plannedBytes(const MemoryLedger& ledger) {
  return ledger.staticBytes + ledger.dynamicBytes + ledger.deviceBytes;
}

std::vector<ModelNeeds> needsOf(const std::vector<ModelFacts>& facts) {
  std::vector<ModelNeeds> needs;
  for (const ModelFacts& model : facts) {
    needs.push_back({model.name, model.memory.staticBytes, model.memory.dynamicBytes});
    addDevices(needs.back(), model.devices);
  }
  return needs;
}

std::vector<ModelNeeds> budgetNeedsOf(const std::vector<ModelFacts>& facts) {
  std::vector<ModelNeeds> needs;
  for (const ModelFacts& model : facts)
    needs.push_back(budgetNeedsOf(model.name, model.memory, model.devices));
  return needs;
}

nlohmann::json ledgerJson(const MemoryLedger& ledger) {
  return {{"model_bytes", ledger.modelBytes},
          {"static_bytes", ledger.staticBytes},
          {"dynamic_bytes", ledger.dynamicBytes},
          {"heap_bytes", ledger.heapBytes},
          {"device_bytes", ledger.deviceBytes}};
}

nlohmann::json devicesJson(std::span<const DeviceMemoryReport> devices) {
  nlohmann::json out = nlohmann::json::array();
  for (const DeviceMemoryReport& device : devices)
    out.push_back({{"backend", device.backend},
                   {"weight_bytes", device.weightBytes},
                   {"block_bytes", device.blockBytes}});
  return out;
}

nlohmann::json stageJson(const Stage& stage) {
  nlohmann::json json = {{"stage", stage.name},
                         {"ledger", ledgerJson(stage.ledger)},
                         {"heap_bytes", orNull(stage.heapBytes)},
                         {"stack_bytes", stage.stackBytes}};
  const auto system = [&](const char* key, size_t ProcessMemory::* figure) {
    json[key] = stage.system ? nlohmann::json((*stage.system).*figure) : nlohmann::json();
  };
  system("anonymous_bytes", &ProcessMemory::anonymous);
  system("file_bytes", &ProcessMemory::fileBacked);
  system("pss_bytes", &ProcessMemory::pss);
  system("vm_hwm_bytes", &ProcessMemory::peakResident);
  return json;
}

nlohmann::json toJson(const Life& life) {
  nlohmann::json stages = nlohmann::json::array();
  for (const Stage& stage : life.stages) stages.push_back(stageJson(stage));
  return {{"stages", stages}, {"peak", ledgerJson(life.peak)}};
}

Life lifeFrom(const nlohmann::json& json) {
  Life life{.stages = {}, .peak = ledgerFrom(json["peak"])};
  for (const nlohmann::json& stage : json["stages"]) life.stages.push_back(stageFrom(stage));
  return life;
}

nlohmann::json toJson(const ModelFacts& facts) {
  nlohmann::json plan = nlohmann::json::array();
  for (const PlannedMemory& memory : facts.plan) plan.push_back(toJson(memory));
  return {
      {"name", facts.name}, {"memory", toJson(facts.memory)},        {"steps", facts.steps},
      {"plan", plan},       {"devices", devicesJson(facts.devices)}, {"life", toJson(facts.life)}};
}

ModelFacts factsFrom(const nlohmann::json& json) {
  ModelFacts facts{.name = json["name"],
                   .memory = reportFrom(json["memory"]),
                   .steps = json["steps"],
                   .plan = {},
                   .life = lifeFrom(json["life"])};
  for (const nlohmann::json& memory : json["plan"]) facts.plan.push_back(plannedFrom(memory));
  for (const nlohmann::json& device : json["devices"]) facts.devices.push_back(deviceFrom(device));
  return facts;
}

}  // namespace minnow::tool
