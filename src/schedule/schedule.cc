// What a schedule is asked for, and what it tells.
#include "minnow/schedule.h"

#include <algorithm>
#include <cmath>
#include <cstdio>

#include "base/fail.h"
#include "base/guarded.h"
#include "schedule/impl.h"

namespace minnow {

using schedule::kNever;
using schedule::kSecond;
using schedule::Member;
using schedule::Nanos;
using schedule::Task;

namespace {

constexpr double kMilli = 1e6;

double millis(Nanos time) {
  return time == kNever ? std::numeric_limits<double>::infinity()
                        : static_cast<double>(time) / kMilli;
}

std::string inWords(double number) {
  std::array<char, 32> words{};
  std::snprintf(words.data(), words.size(), "%g", number);
  return words.data();
}

Result<void> checkNumbers(const ScheduledModel& model, std::span<const double> frameRates) {
  const auto bad = [&](const auto&... what) {
    return fail(ErrorCode::InvalidArgument, "model '", model.name, "': ", what...);
  };
  if (model.stream < 0 || model.stream >= static_cast<int>(frameRates.size()))
    return bad("stream is ", model.stream, ", and there are ", frameRates.size());
  const double most = frameRates[model.stream];
  if (!(model.rate >= 0 && model.rate <= most * (1 + 1e-9)))
    return bad("rate is ", inWords(model.rate), ", expected 0 to ", inWords(most),
               ", its stream's frames a second");
  if (model.every < 1) return bad("every is ", model.every, ", expected 1 or more");
  if (!(model.deadlineMs >= 0) || !(model.deadlineFactor >= 0) || std::isinf(model.deadlineMs))
    return bad("a deadline is after the capture");
  if (model.mostCrops < 1) return bad("mostCrops is ", model.mostCrops, ", expected 1 or more");
  if (!model.of.empty() && (model.rate > 0 || model.every != 1))
    return bad("it runs on what '", model.of, "' finds, and has no rate of its own");
  return {};
}

}  // namespace

const char* dropReasonName(DropReason reason) {
  static constexpr std::array<const char*, kDropReasons> kNames{"newer",  "late",    "memory",
                                                                "failed", "stopped", "crops"};
  return kNames[static_cast<size_t>(reason)];
}

Result<void> ModelRun::trigger(std::string_view model, int crops) {
  return guarded("schedule", [&]() -> Result<void> {
    if (impl_ == nullptr) return {};  // measuring
    return impl_->schedule->trigger(impl_->model, model, crops);
  });
}

int Schedule::Impl::indexOf(std::string_view name) const {
  for (size_t m = 0; m < members.size(); ++m)
    if (members[m].asked.name == name) return static_cast<int>(m);
  return -1;
}

Result<void> Schedule::Impl::check(const std::vector<ScheduledModel>& models) const {
  if (models.empty()) return fail(ErrorCode::InvalidArgument, "a schedule has at least one model");
  if (options.cpuUnits < 1 || options.cpuUnits > 64)
    return fail(ErrorCode::InvalidArgument, "cpuUnits is ", options.cpuUnits, ", expected 1 to 64");
  for (const double rate : options.frameRates)
    if (!(rate > 0.001 && rate < 1e5))
      return fail(ErrorCode::InvalidArgument, "a stream has ", inWords(rate),
                  " frames a second, expected 0.001 to 100000");
  for (const ScheduledModel& model : models) {
    const auto named = [&](const std::string& name) {
      return std::ranges::count(models, name, &ScheduledModel::name);
    };
    if (model.name.empty() || named(model.name) > 1)
      return fail(ErrorCode::InvalidArgument, "models have names, and '", model.name,
                  model.name.empty() ? "' is none" : "' is that of two");
    if (auto ok = checkNumbers(model, options.frameRates); !ok) return ok;
    if (model.of.empty()) continue;
    const auto source = std::ranges::find(models, model.of, &ScheduledModel::name);
    if (source == models.end() || source->name == model.name || !source->of.empty())
      return fail(ErrorCode::InvalidArgument, "model '", model.name, "' is of '", model.of,
                  "', expected a model with a rate of its own");
  }
  return {};
}

namespace {

/// A deadline that is a factor of a model's time alone is one of its fastest unit's.
std::vector<Nanos> fastest(const Member& member) {
  std::vector<Nanos> best;
  const auto sum = [](const std::vector<Nanos>& pieces) {
    return std::accumulate(pieces.begin(), pieces.end(), Nanos(0));
  };
  for (const schedule::Place& place : member.places)
    if (place.measured && (best.empty() || sum(place.measured->pieces) < sum(best)))
      best = place.measured->pieces;
  return best;
}

}  // namespace

void Schedule::Impl::makeTasks() {
  tasks.clear();
  for (const Member& member : members) {
    Task task{.period = member.sampler.period(),
              .jitter = member.sampler.jitter(),
              .priority = member.asked.priority,
              .of = indexOf(member.asked.of),
              .mostRuns = member.asked.of.empty() ? 1 : member.asked.mostCrops,
              .pieces = fastest(member)};
    if (task.of >= 0) task.period = members[task.of].sampler.period(), task.jitter = 0;
    task.deadline = std::llround(member.asked.deadlineMs * kMilli);
    if (task.deadline == 0)
      task.deadline = std::llround(member.asked.deadlineFactor * static_cast<double>(task.cost()));
    if (task.deadline == 0) task.deadline = task.period;
    tasks.push_back(std::move(task));
  }
  place();
}

void Schedule::Impl::place() {
  std::vector<schedule::PiecesByUnit> pieces;
  for (const Member& member : members) {
    schedule::PiecesByUnit& own = pieces.emplace_back();
    for (const schedule::UnitThread& unit : units) {
      const auto& measured = member.places[unit.kind].measured;
      own.push_back(measured ? measured->pieces : std::vector<Nanos>());
    }
  }
  const auto count = static_cast<int>(units.size());
  schedule::place(tasks, pieces, count);
  // Of several units each model has an arena of its own: fewer runs at a time would save none.
  wanted = count == 1 ? schedule::arenasOfUse(tasks) : schedule::unitsWanted(tasks, count);
  room = wanted;
  if (options.concurrency == 0) return;
  room = std::vector<int>(units.size(), options.concurrency);
  schedule::admitVisits(tasks, room);
}

/// Policy and pace, once it is known what is loaded.
void Schedule::Impl::follow() {
  policy = std::make_unique<schedule::Policy>(tasks, room, options.rule);
  std::vector<std::vector<Nanos>> typical;
  for (const Member& member : members) {
    std::vector<Nanos>& own = typical.emplace_back();
    for (const schedule::UnitThread& unit : units) {
      const auto& measured = member.places[unit.kind].measured;
      own.push_back(measured ? measured->typical : 0);
    }
  }
  pace = std::make_unique<schedule::Pace>(*policy, std::move(typical));
}

Schedule::Schedule(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
Schedule::Schedule(Schedule&&) noexcept = default;
Schedule& Schedule::operator=(Schedule&&) noexcept = default;
Schedule::~Schedule() = default;

Result<Schedule> Schedule::create(std::vector<ScheduledModel> models,
                                  const ScheduleOptions& options) {
  return guarded("schedule", [&]() -> Result<Schedule> {
    auto impl = std::make_unique<Impl>(options);
    if (auto ok = impl->check(models); !ok) return passOn(ok);
    if (auto ok = impl->measureAll(std::move(models)); !ok) return passOn(ok);
    Impl::giveBackUnused();
    impl->makeTasks();
    if (auto ok = impl->loadAll(); !ok) return passOn(ok);
    impl->follow();
    for (size_t m = 0; m < impl->members.size(); ++m) {
      Member& member = impl->members[m];
      member.reach = {impl.get(), static_cast<int>(m)};
      member.counts.model = member.asked.name;
      member.counts.rate =
          static_cast<double>(kSecond) / static_cast<double>(impl->tasks[m].period);
    }
    return Schedule(std::move(impl));
  });
}

/// With what filling and handing over takes now, and on a machine that is slower than when it was
/// measured. `mutex` is held.
std::vector<Task> Schedule::Impl::tasksNow() const {
  std::vector<Task> now = tasks;
  const auto slowDown = [&](std::vector<Nanos>& pieces, int unit) {
    const double slower = std::max(1.0, 1 / pace->speed(unit));
    for (Nanos& piece : pieces) piece = static_cast<Nanos>(static_cast<double>(piece) * slower);
  };
  for (Task& task : now) {
    slowDown(task.pieces, task.home);
    for (schedule::Visit& visit : task.visits) slowDown(visit.pieces, visit.unit);
  }
  return now;
}

namespace {

std::vector<std::pair<std::string, std::string>> leftOutOf(const Member& member,
                                                           std::span<const schedule::Kind> kinds) {
  std::vector<std::pair<std::string, std::string>> all;
  for (size_t kind = 0; kind < kinds.size(); ++kind)
    if (const std::string& why = member.places[kind].leftOut; !why.empty())
      all.emplace_back(kinds[kind].backend, why);
  return all;
}

}  // namespace

std::vector<Admission> Schedule::admission() const {
  std::vector<Task> now;
  std::vector<bool> learning;
  {
    const std::lock_guard lock(impl_->mutex);
    now = impl_->tasksNow();
    for (const Member& member : impl_->members) learning.push_back(member.learning.has_value());
  }
  const bool isKnown = std::ranges::count(learning, true) == 0;
  const auto verdicts = schedule::admit(now, impl_->room);
  std::vector<Admission> all;
  for (size_t m = 0; m < now.size(); ++m) {
    const double rate = static_cast<double>(kSecond) / static_cast<double>(now[m].period);
    const schedule::Verdict& verdict = verdicts[m];
    const Member& member = impl_->members[m];
    const bool mayLeave = impl_->evicts && member.asked.evictable;
    const double response = millis(verdict.response);
    const double before = now[m].of < 0 ? 0 : millis(verdicts[now[m].of].response);
    all.push_back({member.asked.name, rate, millis(verdict.alone), millis(verdict.preemption),
                   millis(now[m].deadline), response, before + response,
                   verdict.holds && !mayLeave && isKnown, rate * verdict.rateThatHolds, now[m].home,
                   mayLeave, learning[m], leftOutOf(member, impl_->kinds)});
  }
  return all;
}

const Runtime& Schedule::runtime() const { return *impl_->runtime; }
int Schedule::concurrency() const {
  const std::lock_guard lock(impl_->mutex);
  return impl_->arenas();
}
int Schedule::concurrencyWanted() const {
  const std::lock_guard lock(impl_->mutex);
  const auto sum = [](const schedule::Units& units) {
    return std::accumulate(units.arenas.begin(), units.arenas.end(), 0);
  };
  return sum(impl_->wanted) + impl_->arenas() - sum(impl_->room);
}

Result<void> Schedule::start() {
  return guarded("schedule", [&]() -> Result<void> {
    const std::lock_guard lock(impl_->mutex);
    if (impl_->started || impl_->stopping)
      return fail(ErrorCode::InvalidArgument, "a schedule is started once");
    impl_->started = schedule::Clock::now();
    for (int unit = 0; unit < impl_->room.count(); ++unit)
      impl_->units[unit].thread = std::thread([impl = impl_.get(), unit] { impl->compute(unit); });
    return {};
  });
}

void Schedule::feed(const CapturedFrame& frame) { impl_->feed(frame); }

void Schedule::drain() {
  std::unique_lock lock(impl_->mutex);
  if (!impl_->started) return;
  impl_->rested.wait(lock, [&] { return impl_->policy->isIdle() || impl_->stopping; });
}

Result<void> Schedule::resize(std::string_view model, InputShapes shapes) {
  return guarded("schedule", [&] { return impl_->resize(model, shapes); });
}

void Schedule::stop() { impl_->stop(); }

ScheduleStatus Schedule::status() const {
  ScheduleStatus status;
  const std::lock_guard lock(impl_->mutex);
  const Nanos passed =
      impl_->started ? schedule::nanos(schedule::Clock::now()) - schedule::nanos(*impl_->started)
                     : 0;
  status.seconds = static_cast<double>(passed) / static_cast<double>(kSecond);
  const auto shareOf = [&](Nanos busy) {
    return passed > 0 ? static_cast<double>(busy) / static_cast<double>(passed) : 0;
  };
  for (int unit = 0; unit < impl_->room.count(); ++unit)
    status.units.push_back(
        {impl_->units[unit].name, shareOf(impl_->units[unit].busy), impl_->pace->speed(unit)});
  status.speed = std::ranges::min(status.units, {}, &UnitStatus::speed).speed;
  status.memory = impl_->runtime->ledger();
  for (const Member& member : impl_->members) {
    ModelStatus& one = status.models.emplace_back(member.counts);
    one.underWay = one.asked - one.done;
    for (size_t why = 0; why < schedule::kWhys; ++why) one.underWay -= one.dropped[why];
    one.latencyP50Ms = millis(member.latencies.quantile(0.5));
    one.latencyP99Ms = millis(member.latencies.quantile(0.99));
    for (const Nanos busy : member.busy) one.share += one.shares.emplace_back(shareOf(busy));
  }
  return status;
}

}  // namespace minnow
