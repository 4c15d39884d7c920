#include "schedule_report.h"

#include <fmt/format.h>

#include <algorithm>
#include <cmath>

#include "report_table.h"
#include "words.h"

namespace minnow::tool {
namespace {

using Json = nlohmann::ordered_json;

/// Three digits that matter.
std::string number(double value) {
  if (std::isinf(value)) return "-";
  const int decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f}", value, decimals);
}

std::string adviceOn(const Admission& model) {
  return model.rateThatHolds > 0
             ? fmt::format("would hold at {} a second", number(model.rateThatHolds))
             : std::string("holds at no rate");
}

std::string verdictOn(const Admission& model) {
  if (model.holds && model.captureMs > model.responseMs)
    return fmt::format("holds, {} ms after the capture", number(model.captureMs));
  if (model.holds) return "holds";
  if (model.mayLeave)
    return "frames may wait or be dropped for memory: it leaves for others; raise the budget";
  if (std::isinf(model.responseMs)) return "asks for more than is left; " + adviceOn(model);
  if (model.responseMs > model.deadlineMs)
    return fmt::format("may miss by {} ms; {}", number(model.responseMs - model.deadlineMs),
                       adviceOn(model));
  return fmt::format("not while others of its priority miss; {}", adviceOn(model));
}

double loadOf(const std::vector<Admission>& admission, int unit) {
  double load = 0;
  for (const Admission& model : admission)
    if (model.unit == unit) load += model.aloneMs * model.rate / 1000;
  return load;
}

std::string loadsInWords(const std::vector<UnitStatus>& units,
                         const std::vector<Admission>& admission) {
  std::string words;
  for (size_t unit = 0; unit < units.size(); ++unit)
    words += fmt::format("{}{:.2f} of {}", unit == 0 ? "" : ", ",
                         loadOf(admission, static_cast<int>(unit)), units[unit].name);
  return words;
}

/// "cpu 57 % of the time, at 0.98 of the speed that was measured"
std::string unitsInWords(const std::vector<UnitStatus>& units) {
  std::string words;
  for (const UnitStatus& unit : units)
    words += fmt::format("{}{} {:.0f} % of the time, at {:.2f} of the speed that was measured",
                         words.empty() ? "" : "; ", unit.name, unit.share * 100, unit.speed);
  return words;
}

std::string memoryInWords(const Schedule& schedule, size_t peak) {
  const size_t budget = schedule.runtime().options().memoryBudget;
  const std::string of = budget > 0 ? fmt::format(" of {}", bytesInWords(budget)) : "";
  return fmt::format("memory: {}{}{}\n", bytesInWords(schedule.runtime().predicted().total()), of,
                     peak > 0 ? fmt::format(", {} at most so far", bytesInWords(peak)) : "");
}

std::string drops(const ModelStatus& model) {
  std::string words;
  for (size_t why = 0; why < kDropReasons; ++why)
    if (model.dropped[why] > 0)
      words += fmt::format("{}{} {}", words.empty() ? "" : ", ", model.dropped[why],
                           dropReasonName(static_cast<DropReason>(why)));
  return words.empty() ? "-" : words;
}

Json finite(double value) { return std::isinf(value) ? Json() : Json(value); }

}  // namespace

std::string admissionInWords(const Schedule& schedule, const std::vector<Admission>& admission) {
  const std::vector<UnitStatus> units = schedule.status().units;
  std::string text =
      fmt::format("{:<18}{:>8}{:>10}{:>10}{:>14}{:>10}  {:<6} {}\n", "model", "a second",
                  "alone ms", "deadline", "preemption_us", "response", "unit", "verdict");
  for (const Admission& model : admission)
    text += fmt::format("{:<18}{:>8}{:>10}{:>10}{:>14.0f}{:>10}  {:<6} {}\n",
                        shortened(model.model, 17), number(model.rate), number(model.aloneMs),
                        number(model.deadlineMs), model.preemptionMs * 1000,
                        number(model.responseMs), units[model.unit].name, verdictOn(model));
  for (const Admission& model : admission)
    for (const auto& [device, why] : model.leftOut)
      text += fmt::format("{}: not on {}, which has no room for it: {}\n", model.model, device, why);
  const auto holding = std::ranges::count(admission, true, &Admission::holds);
  text += fmt::format("{} of {} hold; load {}; {} runs at a time of {} wanted\n", holding,
                      admission.size(), loadsInWords(units, admission), schedule.concurrency(),
                      schedule.concurrencyWanted());
  return text + memoryInWords(schedule, 0);
}

std::string statusInWords(const Schedule& schedule, const ScheduleStatus& status) {
  std::string text = fmt::format("{:<18}{:>8}{:>10}{:>9}{:>9}{:>8}{:>7}  {}\n", "model", "asked/s",
                                 "reached/s", "p50 ms", "p99 ms", "missed", "share", "dropped");
  for (const ModelStatus& model : status.models) {
    const double seconds = std::max(status.seconds, 1e-3);
    text +=
        fmt::format("{:<18}{:>8}{:>10}{:>9}{:>9}{:>8}{:>6.1f}%  {}{}\n", shortened(model.model, 17),
                    number(static_cast<double>(model.asked) / seconds),
                    number(static_cast<double>(model.done) / seconds), number(model.latencyP50Ms),
                    number(model.latencyP99Ms), model.missed, model.share * 100, drops(model),
                    model.loads > 0 ? fmt::format("; loaded {} times", model.loads) : "");
    if (!model.lastError.empty()) text += fmt::format("  {}\n", shortened(model.lastError, 98));
  }
  text += fmt::format("after {:.1f} s: {}\n", status.seconds, unitsInWords(status.units));
  return text + memoryInWords(schedule, status.memory.peak.total());
}

Json scheduleJson(const Schedule& schedule, const std::vector<Admission>& admission,
                  const ScheduleStatus& status) {
  Json models = Json::array();
  for (size_t m = 0; m < admission.size(); ++m) {
    const Admission& before = admission[m];
    const ModelStatus& now = status.models[m];
    Json dropped = Json::object();
    for (size_t why = 0; why < kDropReasons; ++why)
      dropped[dropReasonName(static_cast<DropReason>(why))] = now.dropped[why];
    Json leftOut = Json::object();
    for (const auto& [device, why] : before.leftOut) leftOut[device] = why;
    models.push_back({{"name", before.model},
                      {"rate", before.rate},
                      {"alone_ms", before.aloneMs},
                      {"deadline_ms", before.deadlineMs},
                      {"preemption_us", before.preemptionMs * 1000},
                      {"response_ms", finite(before.responseMs)},
                      {"capture_ms", finite(before.captureMs)},
                      {"holds", before.holds},
                      {"may_leave", before.mayLeave},
                      {"rate_that_holds", before.rateThatHolds},
                      {"left_out", std::move(leftOut)},
                      {"asked", now.asked},
                      {"done", now.done},
                      {"missed", now.missed},
                      {"under_way", now.underWay},
                      {"dropped", std::move(dropped)},
                      {"crops", now.crops},
                      {"loads", now.loads},
                      {"p50_ms", now.latencyP50Ms},
                      {"p99_ms", now.latencyP99Ms},
                      {"share", now.share},
                      {"shares", now.shares},
                      {"unit", status.units[before.unit].name},
                      {"error", now.lastError}});
  }
  Json units = Json::array();
  for (size_t unit = 0; unit < status.units.size(); ++unit)
    units.push_back({{"name", status.units[unit].name},
                     {"load", loadOf(admission, static_cast<int>(unit))},
                     {"share", status.units[unit].share},
                     {"speed", status.units[unit].speed}});
  const RuntimeOptions& options = schedule.runtime().options();
  return {{"seconds", status.seconds},
          {"threads", options.threads},
          {"concurrency", schedule.concurrency()},
          {"concurrency_wanted", schedule.concurrencyWanted()},
          {"units", std::move(units)},
          {"speed", status.speed},
          {"memory",
           {{"budget", options.memoryBudget},
            {"predicted", schedule.runtime().predicted().total()},
            {"peak", status.memory.peak.total()}}},
          {"models", std::move(models)}};
}

}  // namespace minnow::tool
