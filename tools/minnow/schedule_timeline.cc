#include "schedule_timeline.h"

#include <fmt/format.h>

#include "trace_events.h"

namespace minnow::tool {
namespace {

using Json = TraceEvents::Json;
using Kind = ScheduleEvent::Kind;
using Time = TraceEvents::Time;

constexpr int kFrames = 1, kUnits = 2, kModels = 100;
constexpr std::chrono::microseconds kMark(200);  // how wide a moment is drawn

std::string frameName(const ScheduleEvent& event) { return fmt::format("frame {}", event.frame); }

}  // namespace

void ScheduleTimeline::note(const ScheduleEvent& event) {
  if (event.kind != Kind::Piece) {
    others_.push_back(event);
    return;
  }
  const auto last = last_.find(event.unit);
  const bool goesOn = last != last_.end() && stretches_[last->second].event.model == event.model &&
                      stretches_[last->second].event.frame == event.frame;
  if (!goesOn) {
    last_[event.unit] = stretches_.size();
    stretches_.push_back({event, 0});
  }
  Stretch& stretch = stretches_[last_[event.unit]];
  ++stretch.pieces;
  stretch.event.end = event.end;
}

std::string ScheduleTimeline::file(const std::string& schedule,
                                   const std::vector<std::string>& models,
                                   const std::vector<std::string>& units) const {
  const Time start = others_.empty() ? Time() : others_.front().begin;
  TraceEvents trace(start);
  trace.nameRow(kFrames, "frames");
  for (size_t unit = 0; unit < units.size(); ++unit)
    trace.nameRow(kUnits + static_cast<int>(unit), units[unit]);
  for (size_t m = 0; m < models.size(); ++m)
    trace.nameRow(kModels + static_cast<int>(m), models[m]);
  std::map<std::pair<int, uint64_t>, Time> begun;
  for (const auto& [event, pieces] : stretches_) {
    trace.slice(kUnits + event.unit, models[event.model], "computing", event.begin, event.end,
                {{"frame", event.frame}, {"pieces", pieces}});
    begun.try_emplace({event.model, event.frame}, event.begin);
  }
  std::map<uint64_t, Time> fed;
  for (const ScheduleEvent& event : others_) {
    const int row = kModels + event.model;
    if (event.kind == Kind::Fed) {
      fed[event.frame] = event.begin;
      trace.slice(kFrames, frameName(event), "frame", event.begin, event.begin + kMark);
    } else if (event.kind == Kind::Drop) {
      trace.instant(row, fmt::format("dropped: {}", dropReasonName(event.reason)), "drop",
                    event.begin, {{"frame", event.frame}, {"count", event.count}});
    } else if (event.kind == Kind::Load) {
      trace.slice(row, "load", "load", event.begin, event.end);
    } else if (event.kind == Kind::Speed) {
      trace.instant(kUnits + event.unit, fmt::format("speed {:.2f}", event.speed), "speed",
                    event.begin);
    } else if (const auto from = begun.find({event.model, event.frame}); from != begun.end()) {
      trace.slice(row, frameName(event), event.missed ? "missed" : "in time", from->second,
                  event.end, {{"missed", event.missed}});
      if (const auto frame = fed.find(event.frame); frame != fed.end())
        trace.arrow(kFrames, frame->second, row, from->second);
    }
  }
  return trace.file("minnow schedule", {{"schedule", schedule}});
}

}  // namespace minnow::tool
