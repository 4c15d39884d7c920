// Measuring models, and having as many of them in memory as the budget allows.
#include <algorithm>

#include "base/fail.h"
#include "schedule/impl.h"

namespace minnow {
namespace schedule {

Result<Loaded> load(Runtime& runtime, const ScheduledModel& model) {
  auto interpreter = model.bytes.empty() ? Interpreter::createFromFile(runtime, model.file)
                                         : Interpreter::createFromBuffer(runtime, model.bytes);
  if (!interpreter) return std::unexpected(std::move(interpreter.error()));
  auto session = interpreter->createSession(
      {.waitForArena = false, .backend = model.backend, .backups = model.backups}, model.shapes);
  if (!session) return std::unexpected(std::move(session.error()));
  return Loaded{std::move(*interpreter), std::move(*session)};
}

namespace {

/// One run, a piece after another.
Result<std::vector<Nanos>> timesOfRun(Session& session, const ScheduledModel& model,
                                      const CapturedFrame& example) {
  std::vector<Nanos> times;
  Run run;
  run.begin(example, 1);
  for (bool ended = false; !ended;) {
    const auto begin = Clock::now();
    auto last = run.step(session, model, nullptr);
    if (!last) return std::unexpected(std::move(last.error()));
    times.push_back(std::max<Nanos>(nanos(Clock::now()) - nanos(begin), 1));
    ended = *last;
  }
  return times;
}

Nanos sumOf(std::span<const Nanos> times) {
  return std::accumulate(times.begin(), times.end(), Nanos(0));
}

}  // namespace

Result<Measured> measure(Runtime& runtime, const ScheduledModel& model,
                         const CapturedFrame& example) {
  constexpr int kRuns = 7;
  auto loaded = load(runtime, model);
  if (!loaded) return std::unexpected(std::move(loaded.error()));
  std::vector<std::vector<Nanos>> runs;
  for (int run = 0; run <= kRuns; ++run) {
    auto times = timesOfRun(loaded->session, model, example);
    if (!times) return std::unexpected(std::move(times.error()));
    if (run > 0) runs.push_back(std::move(*times));  // the first one touches pages and caches
  }
  std::ranges::sort(runs, {}, [](const auto& times) { return sumOf(times); });
  const std::vector<Nanos>& middle = runs[kRuns / 2];
  const Nanos typical = sumOf(middle);
  return Measured{runs.back(), typical, typical - middle.front() - middle.back()};
}

}  // namespace schedule

using schedule::Member;

Result<void> Schedule::Impl::measureAll(std::vector<ScheduledModel> models) {
  auto alone = Runtime::create({.threads = options.threads,
                                .memoryBudget = options.memoryBudget,
                                .kernelCache = options.kernelCache});
  if (!alone) return std::unexpected(std::move(alone.error()));
  for (ScheduledModel& model : models) {
    Member member(std::move(model), options.frameRates[model.stream]);
    auto measured = schedule::measure(*alone, member.asked, options.example);
    if (!measured)
      return fail(measured.error().code, "model '", member.asked.name,
                  "', alone: ", measured.error().message);
    member.measured = std::move(*measured);
    members.push_back(std::move(member));
  }
  return {};
}

bool Schedule::Impl::evictOne(size_t butNot) {
  Member* oldest = nullptr;
  for (Member& member : members) {
    if (!member.loaded || !member.asked.evictable || member.run.hasFrame()) continue;
    if (&member == &members[butNot]) continue;
    if (oldest == nullptr || member.lastUsed < oldest->lastUsed) oldest = &member;
  }
  if (oldest == nullptr) return false;
  oldest->loaded.reset();
  return true;
}

Result<void> Schedule::Impl::ensureLoaded(size_t model) {
  Member& member = members[model];
  member.lastUsed = ++uses;
  while (!member.loaded) {
    auto loaded = schedule::load(*runtime, member.asked);
    if (loaded) {
      member.loaded = std::make_unique<schedule::Loaded>(std::move(*loaded));
    } else if (loaded.error().code != ErrorCode::OutOfMemory || !evictOne(model)) {
      return std::unexpected(std::move(loaded.error()));
    }
  }
  return {};
}

/// What may not be evicted first: the others have what is left.
Result<void> Schedule::Impl::loadWith(int count) {
  for (Member& member : members) member.loaded.reset();
  runtime.reset();
  auto made = Runtime::create({.threads = options.threads,
                               .concurrency = count,
                               .memoryBudget = options.memoryBudget,
                               .kernelCache = options.kernelCache});
  if (!made) return std::unexpected(std::move(made.error()));
  runtime = std::make_unique<Runtime>(std::move(*made));
  arenas = count;
  for (const bool evictable : {false, true})
    for (size_t m = 0; m < members.size(); ++m) {
      if (members[m].asked.evictable != evictable) continue;
      if (auto ok = ensureLoaded(m); !ok)
        return fail(ok.error().code, "model '", members[m].asked.name,
                    "' with the others before it: ", ok.error().message);
    }
  return {};
}

/// With as many runs at a time as the budget allows.
Result<void> Schedule::Impl::loadAll() {
  const int wanted = options.concurrency > 0 ? options.concurrency : schedule::arenasWanted(tasks);
  for (int count = wanted;; --count) {
    auto ok = loadWith(count);
    if (ok || ok.error().code != ErrorCode::OutOfMemory) return ok;
    if (count > 1 && options.concurrency == 0) continue;
    return fail(ErrorCode::OutOfMemory, ok.error().message,
                "; leave it out, raise the budget, or let models be evictable");
  }
}

}  // namespace minnow
