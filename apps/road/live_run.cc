// One thread feeds the schedule, its own compute, and one shows: a fixed time after it was captured a frame is drawn with
// the newest results that there are by then, of itself or of a frame before it, and how old these are. A viewer that is
// too slow shows fewer frames, and shows none later.
#include "live_run.h"

#include <fmt/format.h>

#include <cmath>
#include <condition_variable>
#include <thread>

#include "frames/source.h"
#include "frames/video.h"
#include "live_view.h"

namespace road {

using Clock = std::chrono::steady_clock;
using Seconds = std::chrono::duration<double>;
using minnow::Result;

namespace {

constexpr double kStreamRate = 25;  // of pictures, frames a second
constexpr double kOldest =
    1;  // seconds: what is older is not shown, but of models that look more seldom

Clock::duration inClock(double seconds) {
  return std::chrono::duration_cast<Clock::duration>(Seconds(seconds));
}

/// Frames on their way from the source to the video.
class Waiting {
 public:
  void put(std::shared_ptr<LiveFrame> frame) {
    const std::lock_guard lock(mutex_);
    frames_.push_back(std::move(frame));
    changed_.notify_one();
  }
  void end() {
    const std::lock_guard lock(mutex_);
    ended_ = true;
    changed_.notify_one();
  }
  /// Null when there is none any more.
  std::shared_ptr<LiveFrame> take() {
    std::unique_lock lock(mutex_);
    changed_.wait(lock, [&] { return ended_ || !frames_.empty(); });
    if (frames_.empty()) return nullptr;
    auto frame = std::move(frames_.front());
    frames_.pop_front();
    return frame;
  }

 private:
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<std::shared_ptr<LiveFrame>> frames_;
  bool ended_ = false;
};

class Live {
 public:
  Live(const LiveOptions& options, minnow::frames::Source source, LiveModels models)
      : options_(options), source_(std::move(source)), models_(std::move(models)) {}

  Result<void> run(const std::function<void(const std::string&)>& say);

 private:
  Result<void> open();
  Result<void> feed();
  Result<void> show();
  Result<void> showOne(const LiveFrame& frame, Clock::time_point first);
  LiveView viewOf(const LiveFrame& frame) const;
  double secondsToRun() const;

  LiveOptions options_;
  minnow::frames::Source source_;
  LiveModels models_;
  Board board_;
  std::optional<minnow::Schedule> schedule_;
  std::unique_ptr<minnow::frames::VideoWriter> writer_;
  Waiting waiting_;
  uint64_t shown_ = 0, notShown_ = 0;
};

std::shared_ptr<LiveFrame> frameFrom(const minnow::frames::SourceFrame& from) {
  auto frame = std::make_shared<LiveFrame>();
  frame->picture = from.picture;
  frame->captured = from.captured;
  frame->number = from.number;
  frame->scene = from.scene;
  return frame;
}

double Live::secondsToRun() const {
  return options_.seconds > 0 ? options_.seconds : source_.length() > 0 ? source_.length() : 10;
}

Result<void> Live::open() {
  auto example = std::make_shared<LiveFrame>();
  example->picture = source_.example();
  const minnow::ScheduleOptions options{.threads = options_.threads,
                                        .memoryBudget = options_.memoryBudget,
                                        .frameRates = {source_.rate()},
                                        .example = {.picture = example}};
  auto schedule = minnow::Schedule::create(
      models_.scheduled(example->picture->width, example->picture->height, board_), options);
  if (!schedule) return std::unexpected(std::move(schedule.error()));
  schedule_ = std::move(*schedule);
  auto writer =
      minnow::frames::writeVideo(options_.video.string(), kViewWidth, kViewHeight, source_.rate());
  if (!writer) return std::unexpected(std::move(writer.error()));
  writer_ = std::move(*writer);
  return {};
}

Result<void> Live::feed() {
  const auto end = Clock::now() + inClock(secondsToRun());
  for (;;) {
    auto given = source_.next();
    if (!given) return std::unexpected(std::move(given.error()));
    if (given->captured >= end) return {};
    auto frame = frameFrom(*given);
    schedule_->feed({.captured = frame->captured, .picture = frame, .number = frame->number});
    waiting_.put(std::move(frame));
  }
}

LiveView Live::viewOf(const LiveFrame& frame) const {
  LiveView view{*frame.picture, {}, {}, {}};
  const minnow::ScheduleStatus status = schedule_->status();
  uint64_t asked = 0, done = 0, missed = 0;
  for (size_t m = 0; m < models_.all().size(); ++m) {
    const LiveModel& model = models_.all()[m];
    const minnow::ModelStatus& now = status.models[m];
    asked += now.asked, done += now.done, missed += now.missed;
    LiveRow row{
        .name = model.entry.name,
        .colour = model.entry.colour,
        .rate = model.entry.live->of.empty() ? model.rate : double(now.asked) / status.seconds,
        .reached = double(now.done) / status.seconds};
    const auto finding =
        board_.newest(model.entry.name, frame, Seconds(std::max(kOldest, 2.5 / model.rate)));
    if (finding) {
      row.ageMs = Seconds(frame.captured - finding->captured).count() * 1000;
      view.features.insert(view.features.end(), finding->features.begin(), finding->features.end());
    }
    view.rows.push_back(std::move(row));
  }
  const double budget = double(options_.memoryBudget) / 1e6;
  view.facts = {
      fmt::format("{:.1f} s, shown {:.0f} ms after capture", status.seconds, options_.delay * 1000),
      fmt::format("{} of {} frames done, {} late", done, asked, missed),
      fmt::format("memory {:.1f}{} MB", double(status.memory.now.total()) / 1e6,
                  budget > 0 ? fmt::format(" of {:.0f}", budget) : ""),
      fmt::format("speed {:.2f} of what was measured", status.speed)};
  return view;
}

Result<void> Live::showOne(const LiveFrame& frame, Clock::time_point first) {
  const auto due = frame.captured + inClock(options_.delay);
  if (Clock::now() > due + inClock(2 / source_.rate())) {
    ++notShown_;
    return {};
  }
  std::this_thread::sleep_until(due);
  const auto view = drawLive(viewOf(frame), models_);
  ++shown_;
  return writer_->write(view.view(), Seconds(frame.captured - first).count());
}

Result<void> Live::show() {
  std::optional<Clock::time_point> first;
  Result<void> outcome;
  while (const auto frame = waiting_.take()) {
    if (!first) first = frame->captured;
    if (outcome) outcome = showOne(*frame, *first);
  }
  return outcome ? writer_->finish() : outcome;
}

std::string rowOf(const minnow::ModelStatus& model, double seconds) {
  std::string drops;
  for (size_t why = 0; why < minnow::kDropReasons; ++why)
    if (model.dropped[why] > 0)
      drops += fmt::format(", {} {}", model.dropped[why],
                           minnow::dropReasonName(static_cast<minnow::DropReason>(why)));
  return fmt::format(
      "{:<18}{:>7.2f} of {:>5.2f} a second, p50 {:>6.1f} ms, p99 {:>6.1f} ms, {} late{}{}",
      model.model, double(model.done) / seconds, double(model.asked) / seconds, model.latencyP50Ms,
      model.latencyP99Ms, model.missed, drops,
      model.lastError.empty() ? "" : "; " + model.lastError);
}

Result<void> Live::run(const std::function<void(const std::string&)>& say) {
  if (auto ok = open(); !ok) return ok;
  for (const minnow::Admission& admission : schedule_->admission())
    say(fmt::format("{:<18}{:>6.1f} ms alone, {:>5.2f} a second {}", admission.model,
                    admission.aloneMs, admission.rate,
                    admission.holds
                        ? "hold"
                        : fmt::format("may not hold, {:.2f} would", admission.rateThatHolds)));
  say(fmt::format("{} models, {:g} frames a second, {:.1f} MB", models_.all().size(),
                  source_.rate(), double(schedule_->runtime().predicted().total()) / 1e6));
  if (auto ok = schedule_->start(); !ok) return ok;
  Result<void> shown;
  std::thread viewer([&] { shown = show(); });
  const Result<void> fed = feed();
  waiting_.end();
  viewer.join();
  schedule_->stop();
  const minnow::ScheduleStatus status = schedule_->status();
  for (const minnow::ModelStatus& model : status.models) say(rowOf(model, status.seconds));
  say(fmt::format(
      "{} frames shown, {} that the viewer had no time for, {} that the source lost; {} in {}",
      shown_, notShown_, source_.lost(), writer_->coding(), options_.video.string()));
  return fed ? shown : fed;
}

}  // namespace

Result<void> runLive(const std::vector<ModelEntry>& table,
                     std::span<const std::filesystem::path> folders, const LiveOptions& options,
                     const std::function<void(const std::string&)>& say) {
  auto source = minnow::frames::Source::open(options.input, kStreamRate, options.hold);
  if (!source) return std::unexpected(std::move(source.error()));
  auto models = LiveModels::open(table, folders, source->rate(), say);
  if (!models) return std::unexpected(std::move(models.error()));
  return Live(options, std::move(*source), std::move(*models)).run(say);
}

}  // namespace road
