// --backend: where operators are computed, and how that is told.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>

#include "minnow/runtime.h"

namespace minnow::tool {

/// "cl,cpu": back-ends in their order; and where devices keep what they compiled.
void addBackendOptions(CLI::App* verb, std::string& list, std::string& kernelCache);
/// --precision low: how devices store float32.
void addPrecisionOption(CLI::App* verb, Precision& precision);
/// The options with the back-ends of such a list, which lives as long; "" leaves them.
SessionOptions withBackends(SessionOptions options, std::string_view list);

/// True for a step that a device computes.
bool isOnDevice(const OperatorInfo& op);

/// Every operator with the back-end that computes it, why not one before it, and every crossing.
std::string placementInWords(const Session& session);
nlohmann::json placementJson(const Session& session);
/// One line to the error output for each back-end of the list that has no device on this machine, or
/// with which something is wrong.
void warnOfDevices(const std::string& list);

}  // namespace minnow::tool
