// Parts of a model on the command line, and what a session makes of them.
#include "paths.h"

#include <fmt/format.h>

#include <map>
#include <set>
#include <sstream>

#include "backends.h"
#include "exit.h"
#include "words.h"

namespace minnow::tool {
namespace {

std::vector<std::string> splitAt(const std::string& text, char separator) {
  std::vector<std::string> parts;
  std::istringstream stream(text);
  for (std::string part; std::getline(stream, part, separator);)
    if (!part.empty()) parts.push_back(part);
  return parts;
}

[[noreturn]] void refuse(const std::string& argument, const std::string& why) {
  throw Failure(Exit::Usage, fmt::format("--path '{}': {}; it is to look like 'to=NAME[,NAME...] "
                                         "from=NAME backend=cl,cpu threads=1'",
                                         argument, why));
}

int threadsOf(const std::string& argument, const std::string& number) {
  char* end = nullptr;
  const long threads = std::strtol(number.c_str(), &end, 10);
  if (*end != '\0' || threads < 1 || threads > 256)
    refuse(argument, fmt::format("threads is '{}', expected 1 to 256", number));
  return static_cast<int>(threads);
}

PathOptions parsePath(const std::string& argument) {
  PathOptions path;
  std::set<std::string> seen;
  for (const std::string& word : splitAt(argument, ' ')) {
    const size_t equals = std::min(word.find('='), word.size());
    const std::string key = word.substr(0, equals),
                      value = word.substr(std::min(equals + 1, word.size()));
    if (value.empty()) refuse(argument, fmt::format("'{}' gives no value", word));
    if (!seen.insert(key).second) refuse(argument, fmt::format("'{}' comes twice", key));
    if (key == "to") {
      path.to = splitAt(value, ',');
    } else if (key == "from") {
      path.from = splitAt(value, ',');
    } else if (key == "threads") {
      path.threads = threadsOf(argument, value);
    } else if (key == "backend") {
      const size_t end = std::min(value.find(','), value.size());
      path.backend = value.substr(0, end);
      path.backups = value.substr(std::min(end + 1, value.size()));
    } else {
      refuse(argument, fmt::format("there is no '{}'", key));
    }
  }
  if (path.to.empty()) refuse(argument, "`to` is missing");
  return path;
}

/// One lane of a stage.
struct LaneFacts {
  int path = -1;
  std::map<std::string, int> operators;  ///< by back-end
  int64_t multiplyAdds = 0;
  std::string first, last;
};

/// By stage and lane.
std::map<std::pair<int, int>, LaneFacts> lanesOf(const Session& session) {
  std::map<std::pair<int, int>, LaneFacts> lanes;
  for (const OperatorInfo& op : session.operators()) {
    if (op.lane < 0) continue;
    LaneFacts& lane = lanes[{op.stage, op.lane}];
    lane.path = op.path;
    lane.multiplyAdds += op.multiplyAdds;
    if (*op.backend != '\0' && !op.crosses()) ++lane.operators[op.backend];
    if (lane.first.empty()) lane.first = op.name;
    lane.last = op.name;
  }
  return lanes;
}

}  // namespace

void addPathOption(CLI::App* verb, std::vector<std::string>& arguments) {
  verb->add_option(
          "--path", arguments,
          "'to=NAME backend=cl,cpu threads=1' (repeatable): what leads to these operators or "
          "tensors and nowhere else runs there, and beside other paths; "
          "from=NAME says where it begins instead")
      ->allow_extra_args(false);
}

std::vector<PathOptions> parsePaths(const std::vector<std::string>& arguments) {
  std::vector<PathOptions> paths;
  for (const std::string& argument : arguments) paths.push_back(parsePath(argument));
  return paths;
}

std::string choiceInWords(const PathChoice& choice) {
  std::string words;
  for (size_t t = 0; t < choice.tried.size(); ++t) {
    const PathChoice::Tried& tried = choice.tried[t];
    words += fmt::format("{:<14} {}: {:.3f} ms predicted, {:.3f} ms measured\n",
                         t == choice.chosen ? "chosen" : "tried", tried.what, tried.predictedMs,
                         tried.measuredMs);
  }
  return words;
}

nlohmann::json choiceJson(const PathChoice& choice) {
  nlohmann::json tried = nlohmann::json::array();
  for (const PathChoice::Tried& one : choice.tried)
    tried.push_back(
        {{"what", one.what}, {"predicted_ms", one.predictedMs}, {"measured_ms", one.measuredMs}});
  return {{"chosen", choice.chosen}, {"tried", tried}};
}

std::string lanesInWords(const Session& session) {
  std::string words;
  for (const auto& [at, lane] : lanesOf(session)) {
    std::string where;
    for (const auto& [name, count] : lane.operators)
      where += fmt::format("{}{} on {}", where.empty() ? "" : ", ", count, name);
    words += fmt::format(
        "lane           {}.{}: {}, {} multiply-adds, '{}' to '{}'{}\n", at.first + 1, at.second + 1,
        where, countInWords(static_cast<double>(lane.multiplyAdds)), lane.first, lane.last,
        lane.path < 0 ? ", in no path" : fmt::format(", path {}", lane.path + 1));
  }
  return words;
}

nlohmann::json lanesJson(const Session& session) {
  nlohmann::json lanes = nlohmann::json::array();
  for (const auto& [at, lane] : lanesOf(session))
    lanes.push_back({{"stage", at.first},
                     {"lane", at.second},
                     {"path", lane.path},
                     {"operators", lane.operators},
                     {"multiply_adds", lane.multiplyAdds},
                     {"first", lane.first},
                     {"last", lane.last}});
  return lanes;
}

}  // namespace minnow::tool
