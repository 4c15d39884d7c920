// Trace events: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
#include "timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends.h"
#include "exit.h"

namespace minnow::tool {
namespace {

using Json = nlohmann::ordered_json;
using Micros = std::chrono::duration<double, std::micro>;

/// Rows of a picture: threads first, in the order in which they came, then queues of devices.
class Rows {
 public:
  explicit Rows(std::chrono::steady_clock::time_point start) : start_(start) {}

  int ofThread(std::thread::id thread) {
    const auto found = std::ranges::find(threads_, thread);
    if (found == threads_.end()) threads_.push_back(thread);
    return static_cast<int>(std::ranges::find(threads_, thread) - threads_.begin()) + 1;
  }
  int ofDevice(const std::string& name) {
    const auto found = std::ranges::find(devices_, name);
    if (found == devices_.end()) devices_.push_back(name);
    return kDevices + static_cast<int>(std::ranges::find(devices_, name) - devices_.begin());
  }
  void add(int row, const std::string& name, const char* category, const RunEvent& event,
           Json args = Json::object()) {
    events_.push_back({{"name", name},
                       {"cat", category},
                       {"ph", "X"},
                       {"ts", Micros(event.begin - start_).count()},
                       {"dur", Micros(event.end - event.begin).count()},
                       {"pid", 1},
                       {"tid", row},
                       {"args", std::move(args)}});
  }
  /// With the names of all rows.
  Json events(const std::string& process) const {
    Json all = Json::array();
    const auto name = [&](const char* what, int row, const std::string& words) {
      all.push_back(
          {{"name", what}, {"ph", "M"}, {"pid", 1}, {"tid", row}, {"args", {{"name", words}}}});
    };
    name("process_name", 1, process);
    for (size_t t = 0; t < threads_.size(); ++t)
      name("thread_name", static_cast<int>(t) + 1,
           t == 0 ? "caller's thread" : fmt::format("thread {}", t + 1));
    for (size_t d = 0; d < devices_.size(); ++d)
      name("thread_name", kDevices + static_cast<int>(d), devices_[d] + " queue");
    for (const Json& event : events_) all.push_back(event);
    return all;
  }

 private:
  static constexpr int kDevices = 1000;
  std::chrono::steady_clock::time_point start_;
  std::vector<std::thread::id> threads_;
  std::vector<std::string> devices_;
  std::vector<Json> events_;
};

Json argsOf(const OperatorInfo& op, const RunEvent& event) {
  Json args{{"type", op.type}, {"kernel", op.kernel}, {"backend", op.backend}, {"step", op.index}};
  if (op.multiplyAdds > 0) args["multiply_adds"] = op.multiplyAdds;
  if (event.rowEnd > 0) args["rows"] = fmt::format("{} to {}", event.rowBegin, event.rowEnd - 1);
  if (op.lane >= 0) args["lane"] = fmt::format("{}.{}", op.stage + 1, op.lane + 1);
  if (op.path >= 0) args["path"] = op.path + 1;
  return args;
}

}  // namespace

double Timeline::run(Frame& frame) {
  noted_.clear();
  noted_.reserve(1 << 16);
  all_.begin = std::chrono::steady_clock::now();
  need(frame.runObserved([&](const RunEvent& event) {
    const std::lock_guard lock(mutex_);
    noted_.push_back({event, std::this_thread::get_id()});
  }));
  all_.end = std::chrono::steady_clock::now();
  return Micros(all_.end - all_.begin).count() / 1000;
}

Json Timeline::json(const std::string& model, const Session& session) const {
  const std::vector<OperatorInfo> operators = session.operators();
  Rows rows(all_.begin);
  rows.add(rows.ofThread(std::this_thread::get_id()), "run", "run", all_);
  for (const auto& [event, thread] : noted_) {
    const int row = rows.ofThread(thread);
    const OperatorInfo& op = operators[event.step];
    if (event.kind == RunEvent::Kind::Wait) {
      rows.add(row, op.lane < 0 ? "wait for bands" : "wait for lanes", "waiting", event);
    } else if (op.crosses()) {
      const OperandInfo tensor = session.operands(op.index).outputs[0];
      const bool there = op.kernel == "to-device";
      rows.add(row, fmt::format("{} {} {}", there ? "to" : "from", op.backend, tensor.name),
               "crossing", event, argsOf(op, event));
    } else if (isOnDevice(op)) {
      rows.add(row, fmt::format("wait for {}", op.backend), "waiting", event);
      rows.add(rows.ofDevice(op.backend), op.name, "operator", event, argsOf(op, event));
    } else if (*op.backend != '\0') {
      rows.add(row, op.name, "operator", event, argsOf(op, event));
    }
  }
  return {{"displayTimeUnit", "ms"},
          {"otherData", {{"engine", fmt::format("minnow {}", version())}, {"model", model}}},
          {"traceEvents", rows.events("minnow " + model)}};
}

}  // namespace minnow::tool
