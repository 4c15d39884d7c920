// Trace events for Perfetto (ui.perfetto.dev) and chrome://tracing: rows, and what is on them when.
#pragma once

#include <chrono>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

namespace minnow::tool {

class TraceEvents {
 public:
  using Json = nlohmann::ordered_json;
  using Time = std::chrono::steady_clock::time_point;

  /// Times are told from `start` on.
  explicit TraceEvents(Time start) : start_(start) {}

  /// Rows are shown by their numbers.
  void nameRow(int row, std::string name) { rows_.emplace_back(row, std::move(name)); }
  void slice(int row, const std::string& name, const char* category, Time begin, Time end,
             Json args = Json::object());
  void instant(int row, const std::string& name, const char* category, Time at,
               Json args = Json::object());
  /// An arrow from the slice around a time on one row to that around another's.
  void arrow(int fromRow, Time from, int toRow, Time to);

  /// The file's content. `about` says what was traced.
  std::string file(const std::string& process, Json about) const;

 private:
  double micros(Time time) const;
  Json event(int row, const std::string& name, const char* category, const char* kind,
             Time at) const;

  Time start_;
  std::vector<std::pair<int, std::string>> rows_;
  std::vector<Json> events_;
  int arrows_ = 0;
};

}  // namespace minnow::tool
