// Measuring models, and having as many of them in memory as the budget allows.
#include <cstdlib>  // says which C library it is
#ifdef __GLIBC__
#include <malloc.h>
#endif

#include <algorithm>

#include "base/fail.h"
#include "schedule/impl.h"

namespace minnow {
namespace schedule {

Result<Loaded> load(Runtime& runtime, const ScheduledModel& model, const Kind& kind,
                    bool alikeArenas) {
  auto interpreter = model.bytes.empty() ? Interpreter::createFromFile(runtime, model.file)
                                         : Interpreter::createFromBuffer(runtime, model.bytes);
  if (!interpreter) return passOn(interpreter);
  auto session = interpreter->createSession(
      {.waitForArena = false, .frames = alikeArenas ? 0 : 1, .backend = kind.backend},
      model.shapes);
  if (!session) return passOn(session);
  return Loaded{std::move(*interpreter), std::move(*session)};
}

namespace {

/// One run, a piece after another.
Result<std::vector<Nanos>> timesOfRun(Session& session, const ScheduledModel& model,
                                      const Kind& kind, const CapturedFrame& example) {
  std::vector<Nanos> times;
  Run run;
  run.begin(example, 1);
  for (bool ended = false; !ended;) {
    const auto begin = Clock::now();
    auto last = run.step(session, model, nullptr, kind.isDevice());
    if (!last) return passOn(last);
    times.push_back(std::max<Nanos>(nanos(Clock::now()) - nanos(begin), 1));
    ended = *last;
  }
  return times;
}

Nanos sumOf(std::span<const Nanos> times) {
  return std::accumulate(times.begin(), times.end(), Nanos(0));
}

}  // namespace

Measured measuredOf(TimesOfRuns runs, const Kind& kind) {
  runs.erase(runs.begin());
  std::ranges::sort(runs, {}, [](const auto& times) { return sumOf(times); });
  const std::vector<Nanos>& middle = runs[runs.size() / 2];
  const Nanos typical = sumOf(middle);
  const Nanos computed = typical - middle.front() - middle.back();
  std::vector<Nanos>& slowest = runs.back();
  return {kind.isDevice() ? std::vector{sumOf(slowest)} : slowest, typical, computed};
}

Result<Measured> measure(Runtime& runtime, const ScheduledModel& model, const Kind& kind,
                         const CapturedFrame& example) {
  auto loaded = load(runtime, model, kind, false);
  if (!loaded) return passOn(loaded);
  TimesOfRuns runs;
  while (runs.size() < kRunsMeasured) {
    auto times = timesOfRun(loaded->session, model, kind, example);
    if (!times) return passOn(times);
    runs.push_back(std::move(*times));
  }
  return measuredOf(std::move(runs), kind);
}

}  // namespace schedule

using schedule::Member;

namespace {

/// "cl,cpu" and what else there is, one by one.
std::vector<std::string> alternativesOf(const ScheduledModel& model) {
  std::vector<std::string> names(1);
  for (const char letter :
       model.backups.empty() ? model.backend : model.backend + "," + model.backups)
    letter == ',' ? static_cast<void>(names.emplace_back()) : names.back().push_back(letter);
  return names;
}

bool isMissing(const std::string& name, std::span<const BackendInfo> here) {
  return std::ranges::any_of(
      here, [&](const BackendInfo& one) { return one.name == name && *one.missing != '\0'; });
}

/// A device that this machine does not have is left out, and where nothing is left there is the CPU. An
/// unknown name stays, to be refused where the model is loaded.
std::vector<std::string> backendsOf(const ScheduledModel& model) {
  std::vector<std::string> names = alternativesOf(model);
  if (names != std::vector<std::string>{"cpu"})
    std::erase_if(names,
                  [here = backendsHere()](const auto& name) { return isMissing(name, here); });
  if (names.empty()) names.emplace_back("cpu");
  return names;
}

}  // namespace

/// Cores come first. A device is a unit where a model wants it.
void Schedule::Impl::makeUnits(const std::vector<ScheduledModel>& models) {
  kinds.push_back({"cpu"});
  for (int unit = 0; unit < options.cpuUnits; ++unit)
    units.push_back({options.cpuUnits == 1 ? "cpu" : "cpu " + std::to_string(unit + 1)});
  for (const ScheduledModel& model : models)
    for (const std::string& name : backendsOf(model)) {
      if (std::ranges::find(kinds, name, &schedule::Kind::backend) != kinds.end()) continue;
      units.push_back({name, kinds.size()});
      kinds.push_back({name});
    }
}

Result<void> Schedule::Impl::measureOn(Runtime& alone, Member& member, size_t kind) {
  auto measured = schedule::measure(alone, member.asked, kinds[kind], options.example);
  if (!measured)
    return fail(measured.error().code, "model '", member.asked.name,
                "', alone: ", measured.error().message);
  member.places[kind].measured = std::move(*measured);
  return {};
}

/// On each kind of unit that it names. A device on which there is no room is left out, and where nothing
/// is left there is the CPU.
Result<void> Schedule::Impl::measure(Runtime& alone, Member& member) {
  const std::vector<std::string> names = backendsOf(member.asked);
  member.places.resize(kinds.size());
  for (size_t kind = 0; kind < kinds.size(); ++kind) {
    if (std::ranges::find(names, kinds[kind].backend) == names.end()) continue;
    auto ok = measureOn(alone, member, kind);
    if (ok) continue;
    if (!kinds[kind].isDevice() || ok.error().code != ErrorCode::OutOfMemory) return ok;
    member.places[kind].leftOut = std::move(ok.error().message);
  }
  const bool any = std::ranges::any_of(
      member.places, [](const schedule::Place& place) { return place.measured.has_value(); });
  return any ? Result<void>() : measureOn(alone, member, 0);
}

Result<Runtime> Schedule::Impl::runtimeAlone() const {
  return Runtime::create({.threads = options.threads,
                          .memoryBudget = options.memoryBudget,
                          .kernelCache = options.kernelCache});
}

Result<void> Schedule::Impl::measureAll(std::vector<ScheduledModel> models) {
  makeUnits(models);
  auto alone = runtimeAlone();
  if (!alone) return passOn(alone);
  for (ScheduledModel& model : models) {
    Member member(std::move(model), options.frameRates[model.stream]);
    if (auto ok = measure(*alone, member); !ok) return ok;
    member.busy.resize(units.size());
    members.push_back(std::move(member));
  }
  return {};
}

/// What measuring took and gave back glibc keeps: 2 MB of ten models.
void Schedule::Impl::giveBackUnused() {
#ifdef __GLIBC__
  malloc_trim(0);
#endif
}

/// The one used longest ago of those that no job has begun with. It goes without `mutex`.
bool Schedule::Impl::evictOne(size_t butNot) {
  std::vector<std::unique_ptr<schedule::Loaded>> leaving;
  const std::lock_guard lock(mutex);
  const auto isLoaded = [](const schedule::Place& place) { return place.loaded != nullptr; };
  Member* oldest = nullptr;
  for (size_t m = 0; m < members.size(); ++m) {
    Member& member = members[m];
    if (m == butNot || !member.asked.evictable) continue;
    if (policy && policy->hasBegun(static_cast<int>(m))) continue;
    if (std::ranges::none_of(member.places, isLoaded)) continue;
    if (oldest == nullptr || member.lastUsed < oldest->lastUsed) oldest = &member;
  }
  if (oldest == nullptr) return false;
  for (schedule::Place& place : oldest->places) leaving.push_back(std::move(place.loaded));
  return true;
}

Result<void> Schedule::Impl::ensureLoaded(size_t model, size_t kind) {
  std::unique_ptr<schedule::Loaded>& place = members[model].places[kind].loaded;
  while (!place) {
    auto loaded =
        schedule::load(*runtime, members[model].asked, kinds[kind], arenasAre == Arenas::Alike);
    if (loaded) {
      place = std::make_unique<schedule::Loaded>(std::move(*loaded));
    } else if (loaded.error().code != ErrorCode::OutOfMemory || !evicts || !evictOne(model)) {
      return passOn(loaded);
    }
  }
  return {};
}

int Schedule::Impl::arenas() const {
  int all = std::accumulate(room.arenas.begin(), room.arenas.end(), 0);
  for (int unit = 0; unit < room.count(); ++unit)
    all += std::ranges::any_of(tasks, [&](const auto& task) { return task.visitTo(unit); });
  return all;
}

namespace {

/// Kinds of units on which a task may be computed.
std::vector<size_t> kindsOf(const schedule::Task& task,
                            std::span<const schedule::UnitThread> units) {
  std::vector<size_t> kinds;
  for (size_t unit = 0; unit < units.size(); ++unit)
    if (task.piecesOn(static_cast<int>(unit)) != nullptr &&
        std::ranges::find(kinds, units[unit].kind) == kinds.end())
      kinds.push_back(units[unit].kind);
  return kinds;
}

}  // namespace

int Schedule::Impl::sessions() const {
  size_t all = 0;
  for (const schedule::Task& task : tasks) all += kindsOf(task, units).size();
  return static_cast<int>(all);
}

Result<void> Schedule::Impl::loadWhereComputed(size_t model) {
  members[model].lastUsed = ++uses;
  for (const size_t kind : kindsOf(tasks[model], units))
    if (auto ok = ensureLoaded(model, kind); !ok) return ok;
  return {};
}

/// What may not be evicted first: the others have what is left.
Result<void> Schedule::Impl::loadWith(const schedule::Units& each) {
  for (Member& member : members)
    for (schedule::Place& place : member.places) place.loaded.reset();
  runtime.reset();
  room = each;
  const std::lock_guard lock(loading);
  // Of one thread each, units have no helpers to share. Else there are as many threads as give each unit
  // its own where all compute.
  const int threads = options.threads == 1 ? 1 : options.threads * static_cast<int>(units.size());
  auto made = Runtime::create({.threads = threads,
                               .concurrency = arenasAre == Arenas::Own ? sessions() : arenas(),
                               .memoryBudget = options.memoryBudget,
                               .kernelCache = options.kernelCache});
  if (!made) return passOn(made);
  runtime = std::make_unique<Runtime>(std::move(*made));
  for (const bool evictable : {false, true})
    for (size_t m = 0; m < members.size(); ++m) {
      if (members[m].asked.evictable != evictable) continue;
      if (auto ok = loadWhereComputed(m); !ok)
        return fail(ok.error().code, "model '", members[m].asked.name,
                    "' with the others before it: ", ok.error().message);
    }
  return {};
}

/// All at once, if that can be; else some do without their devices; else what is evictable comes and goes.
Result<void> Schedule::Impl::loadAll() {
  const bool mayEvict =
      std::ranges::any_of(members, [](const Member& member) { return member.asked.evictable; });
  for (;;) {
    const schedule::Units wanted = room;
    auto ok = loadOnUnits();
    if (ok || ok.error().code != ErrorCode::OutOfMemory) return ok;
    if (leaveOutDevice(ok.error())) continue;
    if (!mayEvict || evicts) return ok;
    evicts = true;
    if (units.size() > 1) room = wanted;
  }
}

/// The least urgent model that a device computes, or may compute, goes to the CPU. False where there is none.
bool Schedule::Impl::leaveOutDevice(const Error& shortage) {
  Member* least = nullptr;
  size_t device = 0;
  for (Member& member : members)
    for (size_t kind = 1; kind < kinds.size(); ++kind)
      if (member.places[kind].measured &&
          (least == nullptr || member.asked.priority <= least->asked.priority))
        least = &member, device = kind;
  if (least == nullptr) return false;
  schedule::Place& place = least->places[device];
  if (!least->places[0].measured) {
    auto alone = runtimeAlone();
    if (!alone || !measureOn(*alone, *least, 0)) return false;
  }
  place.measured.reset();
  place.leftOut = shortage.message;
  makeTasks();
  return true;
}

/// With as many runs at a time as the budget allows: guests leave first, and then each model's own arena.
Result<void> Schedule::Impl::loadOnUnits() {
  const auto fits = [&](const Result<void>& ok) {
    return ok || ok.error().code != ErrorCode::OutOfMemory;
  };
  if (units.size() == 1) return loadFewer();
  arenasAre = Arenas::Own;
  auto ok = loadWith(room);
  if (fits(ok)) return ok;
  for (schedule::Task& task : tasks) task.visits.clear();
  ok = loadWith(room);
  if (fits(ok)) return ok;
  arenasAre = Arenas::Alike;
  return loadFewer();
}

/// And then the unit that has most arenas has one less.
Result<void> Schedule::Impl::loadFewer() {
  for (;;) {
    auto ok = loadWith(room);
    if (ok || ok.error().code != ErrorCode::OutOfMemory) return ok;
    schedule::Units fewer = room;
    int& most = *std::ranges::max_element(fewer.arenas);
    if (most == 1 || options.concurrency > 0)
      return fail(ErrorCode::OutOfMemory, ok.error().message,
                  "; leave it out, raise the budget, or let models be evictable");
    --most;
    room = fewer;
  }
}

}  // namespace minnow
