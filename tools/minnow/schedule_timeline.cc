#include "schedule_timeline.h"

#include <fmt/format.h>

#include "trace_events.h"

namespace minnow::tool {
namespace {

using Json = TraceEvents::Json;
using Kind = ScheduleEvent::Kind;
using Time = TraceEvents::Time;

constexpr int kFrames = 1, kComputing = 2, kModels = 10;
constexpr std::chrono::microseconds kMark(200);  // how wide a moment is drawn

std::string frameName(const ScheduleEvent& event) { return fmt::format("frame {}", event.frame); }

}  // namespace

void ScheduleTimeline::note(const ScheduleEvent& event) {
  if (event.kind != Kind::Piece) {
    others_.push_back(event);
    return;
  }
  const bool goesOn = !stretches_.empty() && stretches_.back().event.model == event.model &&
                      stretches_.back().event.frame == event.frame;
  if (!goesOn) stretches_.push_back({event, 0});
  ++stretches_.back().pieces;
  stretches_.back().event.end = event.end;
}

std::string ScheduleTimeline::file(const std::string& schedule,
                                   const std::vector<std::string>& models) const {
  const Time start = others_.empty() ? Time() : others_.front().begin;
  TraceEvents trace(start);
  trace.nameRow(kFrames, "frames");
  trace.nameRow(kComputing, "computing");
  for (size_t m = 0; m < models.size(); ++m)
    trace.nameRow(kModels + static_cast<int>(m), models[m]);
  std::map<std::pair<int, uint64_t>, Time> begun;
  for (const auto& [event, pieces] : stretches_) {
    trace.slice(kComputing, models[event.model], "computing", event.begin, event.end,
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
      trace.instant(kComputing, fmt::format("speed {:.2f}", event.speed), "speed", event.begin);
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
