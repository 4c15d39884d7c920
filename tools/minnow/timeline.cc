// Rows of a run's picture: threads first, in the order in which they came, then queues of devices.
#include "timeline.h"

#include <fmt/format.h>

#include <algorithm>

#include "backends.h"
#include "exit.h"
#include "trace_events.h"

namespace minnow::tool {
namespace {

using Json = nlohmann::ordered_json;

class Rows {
 public:
  int ofThread(std::thread::id thread) { return placeOf(thread, threads_) + 1; }
  int ofDevice(const std::string& name) { return kDevices + placeOf(name, devices_); }
  void name(TraceEvents& events) const {
    for (size_t t = 0; t < threads_.size(); ++t)
      events.nameRow(static_cast<int>(t) + 1,
                     t == 0 ? "caller's thread" : fmt::format("thread {}", t + 1));
    for (size_t d = 0; d < devices_.size(); ++d)
      events.nameRow(kDevices + static_cast<int>(d), devices_[d] + " queue");
  }

 private:
  static constexpr int kDevices = 1000;
  template <class T>
  static int placeOf(const T& one, std::vector<T>& all) {
    const auto found = std::ranges::find(all, one);
    const auto place = found - all.begin();
    if (found == all.end()) all.push_back(one);
    return static_cast<int>(place);
  }

  std::vector<std::thread::id> threads_;
  std::vector<std::string> devices_;
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
  return std::chrono::duration<double, std::milli>(all_.end - all_.begin).count();
}

std::string Timeline::file(const std::string& model, const Session& session) const {
  const std::vector<OperatorInfo> operators = session.operators();
  TraceEvents events(all_.begin);
  Rows rows;
  const auto add = [&](int row, const std::string& name, const char* category,
                       const RunEvent& event, Json args = Json::object()) {
    events.slice(row, name, category, event.begin, event.end, std::move(args));
  };
  add(rows.ofThread(std::this_thread::get_id()), "run", "run", all_);
  for (const auto& [event, thread] : noted_) {
    const int row = rows.ofThread(thread);
    const OperatorInfo& op = operators[event.step];
    if (event.kind == RunEvent::Kind::Wait) {
      add(row, op.lane < 0 ? "wait for bands" : "wait for lanes", "waiting", event);
    } else if (op.crosses()) {
      const OperandInfo tensor = session.operands(op.index).outputs[0];
      const bool there = op.kernel == "to-device";
      add(row, fmt::format("{} {} {}", there ? "to" : "from", op.backend, tensor.name), "crossing",
          event, argsOf(op, event));
    } else if (isOnDevice(op)) {
      add(row, fmt::format("wait for {}", op.backend), "waiting", event);
      add(rows.ofDevice(op.backend), op.name, "operator", event, argsOf(op, event));
    } else if (*op.backend != '\0') {
      add(row, op.name, "operator", event, argsOf(op, event));
    }
  }
  rows.name(events);
  return events.file("minnow " + model, {{"model", model}});
}

}  // namespace minnow::tool
