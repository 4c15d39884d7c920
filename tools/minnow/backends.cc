// --backend: where operators are computed, and how that is told.
#include "backends.h"

#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "words.h"

namespace minnow::tool {
namespace {

std::vector<std::string> split(const std::string& list) {
  std::vector<std::string> names;
  for (size_t begin = 0; begin <= list.size();) {
    const size_t end = std::min(list.find(',', begin), list.size());
    names.push_back(list.substr(begin, end - begin));
    begin = end + 1;
  }
  return names;
}

/// The tensor that a step takes across, as the device has it.
OperandInfo crossing(const Session& session, const OperatorInfo& op) {
  const Operands operands = session.operands(op.index);
  return {operands.outputs[0].name, operands.outputs[0].type, operands.outputs[0].shape, false,
          op.kernel == "to-device" ? operands.outputs[0].stored : operands.inputs[0].stored};
}

size_t bytesOf(const OperandInfo& operand) {
  return static_cast<size_t>(operand.shape.elements()) * elementSize(operand.stored);
}

/// Back-ends that compute something, with how many operators; and what crosses.
struct Sum {
  std::map<std::string, int> operators;
  int crossings = 0;
  size_t bytes = 0, launches = 0;
};

Sum sumOf(const Session& session) {
  Sum sum;
  for (const OperatorInfo& op : session.operators()) {
    sum.launches += op.launches;
    if (op.crosses()) {
      ++sum.crossings;
      sum.bytes += bytesOf(crossing(session, op));
    } else if (*op.backend != '\0') {
      ++sum.operators[op.backend];
    }
  }
  return sum;
}

std::string sumInWords(const Sum& sum) {
  std::string words;
  for (const auto& [name, count] : sum.operators)
    words += fmt::format("{}{} on {}", words.empty() ? "" : ", ", count, name);
  const std::string launches =
      sum.launches > 0 ? fmt::format(", {} kernels started", sum.launches) : "";
  return fmt::format("{}; {} crossings of {} in all{}", words, sum.crossings,
                     bytesInWords(sum.bytes), launches);
}

std::string lineOf(const Session& session, const OperatorInfo& op) {
  if (op.crosses()) {
    const OperandInfo tensor = crossing(session, op);
    return fmt::format("  {:<9} {} {} bytes, '{}'\n", "", op.kernel == "to-device" ? "->" : "<-",
                       bytesOf(tensor), tensor.name);
  }
  const char* where = *op.backend != '\0' ? op.backend : "view";
  return fmt::format("  {:<9} {} '{}'{}{}\n", where, op.type, op.name,
                     op.refused.empty() ? "" : "; not ", op.refused);
}

}  // namespace

bool isOnDevice(const OperatorInfo& op) {
  const std::string_view name = op.backend;
  return !name.empty() && name != "cpu" && name != "reference" && !op.crosses();
}

void addBackendOptions(CLI::App* verb, std::string& list, std::string& kernelCache) {
  verb->add_option("--backend", list,
                   "cl,gl,cpu: back-ends in their order; an operator that a device does not "
                   "support, or that is not "
                   "there, falls to the next");
  verb->add_option("--kernel-cache", kernelCache,
                   "A folder in which devices keep what they compiled, tested and measured");
}

void addPrecisionOption(CLI::App* verb, Precision& precision) {
  verb->add_option_function<std::string>(
          "--precision",
          [&precision](const std::string& word) {
            precision = word == "low" ? Precision::Low : Precision::High;
          },
          "low: on a device float32 is stored as float16, in half the memory; high: as it is")
      ->check(CLI::IsMember({"high", "low"}));
}

SessionOptions withBackends(SessionOptions options, std::string_view list) {
  if (list.empty()) return options;
  const size_t end = std::min(list.find(','), list.size());
  options.backend = list.substr(0, end);
  options.backups = list.substr(std::min(end + 1, list.size()));
  return options;
}

std::string placementInWords(const Session& session) {
  std::string words;
  for (const BackendInfo& one : backendsHere())
    if (const char* what = *one.missing == '\0' ? one.device : one.missing; *what != '\0')
      words += fmt::format("back-end       {}: {}{}{}\n", one.name, what,
                           one.trouble.empty() ? "" : "; ", one.trouble);
  words += fmt::format("placement      {}\n", sumInWords(sumOf(session)));
  for (const OperatorInfo& op : session.operators()) words += lineOf(session, op);
  return words;
}

nlohmann::json placementJson(const Session& session) {
  nlohmann::json steps = nlohmann::json::array();
  for (const OperatorInfo& op : session.operators()) {
    steps.push_back({{"name", op.name},
                     {"type", op.type},
                     {"kernel", op.kernel},
                     {"backend", op.backend},
                     {"refused", op.refused}});
    if (op.crosses()) steps.back()["bytes"] = bytesOf(crossing(session, op));
  }
  const Sum sum = sumOf(session);
  nlohmann::json here = nlohmann::json::array();
  for (const BackendInfo& one : backendsHere())
    here.push_back({{"name", one.name},
                    {"device", one.device},
                    {"missing", one.missing},
                    {"trouble", one.trouble},
                    {"work_groups", one.workGroups}});
  return {{"backends", here},
          {"operators", sum.operators},
          {"crossings", sum.crossings},
          {"crossing_bytes", sum.bytes},
          {"kernels_started", sum.launches},
          {"steps", steps}};
}

void warnOfDevices(const std::string& list, std::span<const PathOptions> paths) {
  std::string asked = list;
  for (const PathOptions& path : paths) asked += "," + path.backend + "," + path.backups;
  const std::vector<std::string> names = split(asked);
  if (std::ranges::all_of(names, [](const auto& name) { return name.empty() || name == "cpu"; }))
    return;  // without opening any
  for (const BackendInfo& one : backendsHere())
    if (const std::string what = one.missing + one.trouble;
        !what.empty() && std::ranges::find(names, one.name) != names.end())
      fmt::print(stderr, "minnow: {}: {}\n", one.name, what);
}

}  // namespace minnow::tool
