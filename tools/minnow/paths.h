// --path: parts of a model with back-ends and threads of their own.
#pragma once

#include <CLI/CLI.hpp>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

#include "minnow/runtime.h"

namespace minnow::tool {

/// 'to=NAME backend=cl,cpu threads=1', repeatable.
void addPathOption(CLI::App* verb, std::vector<std::string>& arguments);
/// Failure (usage) for what is no path.
std::vector<PathOptions> parsePaths(const std::vector<std::string>& arguments);

/// What was tried, with the time predicted and measured, and what was chosen.
std::string choiceInWords(const PathChoice& choice);
nlohmann::json choiceJson(const PathChoice& choice);

/// Which steps run side by side, a line to a lane; "" where there are none.
std::string lanesInWords(const Session& session);
nlohmann::json lanesJson(const Session& session);

}  // namespace minnow::tool
