// The format: https://docs.google.com/document/d/1CvAClvFfyA5R-PhYUmn5OOQtYMH4h6I0nSsKchNAySU
#include "trace_events.h"

#include <fmt/format.h>

#include "minnow/runtime.h"

namespace minnow::tool {

double TraceEvents::micros(Time time) const {
  return std::chrono::duration<double, std::micro>(time - start_).count();
}

TraceEvents::Json TraceEvents::event(int row, const std::string& name, const char* category,
                                     const char* kind, Time at) const {
  return {{"name", name},     {"cat", category}, {"ph", kind},
          {"ts", micros(at)}, {"pid", 1},        {"tid", row}};
}

void TraceEvents::slice(int row, const std::string& name, const char* category, Time begin,
                        Time end, Json args) {
  Json one = event(row, name, category, "X", begin);
  one["dur"] = micros(end) - micros(begin);
  one["args"] = std::move(args);
  events_.push_back(std::move(one));
}

void TraceEvents::instant(int row, const std::string& name, const char* category, Time at,
                          Json args) {
  Json one = event(row, name, category, "i", at);
  one["s"] = "t";
  one["args"] = std::move(args);
  events_.push_back(std::move(one));
}

void TraceEvents::arrow(int fromRow, Time from, int toRow, Time to) {
  Json begin = event(fromRow, "frame", "flow", "s", from);
  Json end = event(toRow, "frame", "flow", "f", to);
  begin["id"] = end["id"] = ++arrows_;
  end["bp"] = "e";
  events_.push_back(std::move(begin));
  events_.push_back(std::move(end));
}

std::string TraceEvents::file(const std::string& process, Json about) const {
  Json all = Json::array();
  const auto name = [&](const char* what, int row, const std::string& words) {
    all.push_back(
        {{"name", what}, {"ph", "M"}, {"pid", 1}, {"tid", row}, {"args", {{"name", words}}}});
  };
  name("process_name", 1, process);
  for (const auto& [row, words] : rows_) name("thread_name", row, words);
  for (const Json& one : events_) all.push_back(one);
  about["engine"] = fmt::format("minnow {}", version());
  const Json file{
      {"displayTimeUnit", "ms"}, {"otherData", std::move(about)}, {"traceEvents", std::move(all)}};
  return file.dump(1, ' ', false, Json::error_handler_t::replace);
}

}  // namespace minnow::tool
