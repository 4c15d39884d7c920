// The thread of a unit: it asks the policy, computes pieces until something has changed, and asks again.
// It holds no lock while it computes or calls back.
#include <algorithm>

#include "base/fail.h"
#include "base/guarded.h"
#include "schedule/impl.h"

namespace minnow {

using schedule::Clock;
using schedule::Job;
using schedule::Member;
using schedule::Nanos;
using schedule::nanos;
using schedule::Why;

void Schedule::Impl::tell(const ScheduleEvent& event) {
  if (!options.observer) return;
  const std::lock_guard lock(observing);
  options.observer(event);
}

void Schedule::Impl::feed(const CapturedFrame& frame) {
  tell({.kind = ScheduleEvent::Kind::Fed, .frame = frame.number, .begin = Clock::now()});
  const std::lock_guard lock(mutex);
  if (stopping) return;
  const Nanos captured = nanos(frame.captured);
  for (size_t m = 0; m < members.size(); ++m) {
    Member& member = members[m];
    if (member.asked.stream != frame.stream || !member.asked.of.empty()) continue;
    if (!member.sampler.takes(captured)) continue;
    policy->release({static_cast<int>(m), frame.number, captured, captured + tasks[m].deadline, 1});
    member.waiting = frame;
    ++member.counts.asked;
    noteDrops();
  }
  changed();
}

/// Whoever computes or has nothing to do asks again. `mutex` is held.
void Schedule::Impl::changed() {
  ++changes;
  wake.notify_all();
}

/// On the thread that computes the model, in a callback.
Result<void> Schedule::Impl::trigger(int model, std::string_view name, int crops) {
  const int triggered = indexOf(name);
  if (triggered < 0 || tasks[triggered].of != model)
    return fail(ErrorCode::NotFound, "model '", members[model].asked.name, "' triggers '", name,
                "', which is no model of it");
  if (crops <= 0) return {};
  Member& member = members[triggered];
  const int runs = std::min(crops, member.asked.mostCrops);
  const CapturedFrame& frame = members[model].run.captured();
  const auto now = Clock::now();
  const std::lock_guard lock(mutex);
  policy->release({triggered, frame.number, nanos(frame.captured),
                   nanos(now) + tasks[triggered].deadline, runs});
  member.waiting = frame;
  ++member.counts.asked;
  noteDrops();
  changed();
  if (crops == runs) return {};
  member.counts.dropped[static_cast<size_t>(DropReason::Crops)] +=
      static_cast<uint64_t>(crops - runs);
  tell({.kind = ScheduleEvent::Kind::Drop,
        .model = triggered,
        .frame = frame.number,
        .begin = now,
        .reason = DropReason::Crops,
        .count = crops - runs});
  return {};
}

void Schedule::Impl::compute(int unit) {
  Lock lock(mutex);
  for (;;) {
    if (stopping) policy->dropWaiting(Why::Stopped);
    noteDrops();
    const unsigned seen = changes;
    if (workOnce(unit, lock)) continue;
    if (policy->isIdle()) rested.notify_all();
    if (stopping) return;
    wake.wait(lock, [&] { return stopping || changes != seen; });
  }
}

/// Decides, and computes as long as that is what would be decided. What has begun may be reason for
/// another unit to decide anew.
bool Schedule::Impl::workOnce(int unit, Lock& lock) {
  const uint64_t begins = policy->begins();
  const int task = policy->next(unit, nanos(Clock::now()));
  noteDrops();
  if (policy->begins() != begins && units.size() > 1) changed();
  if (task < 0) return false;
  beginIfNew(task);
  const unsigned seen = changes;
  lock.unlock();
  auto outcome = guarded(members[task].asked.name, [&] { return computePieces(unit, task, seen); });
  lock.lock();
  if (!outcome || *outcome) ended(unit, task, std::move(outcome));
  return true;
}

void Schedule::Impl::beginIfNew(int task) {
  Member& member = members[task];
  if (member.run.isBegun()) return;
  member.run.begin(std::exchange(member.waiting, {}), policy->begun(task).runs);
  member.computed = member.took = member.filled = member.handedOver = 0;
  member.lastUsed = ++uses;
}

Result<void> Schedule::Impl::loadAgain(int unit, int task) {
  const auto begin = Clock::now();
  {
    const std::lock_guard lock(loading);
    if (auto ok = ensureLoaded(static_cast<size_t>(task), kindOf(unit)); !ok) return ok;
  }
  const auto end = Clock::now();
  tell(
      {.kind = ScheduleEvent::Kind::Load, .model = task, .unit = unit, .begin = begin, .end = end});
  members[task].took += nanos(end) - nanos(begin);
  const std::lock_guard lock(mutex);
  ++members[task].counts.loads;
  return {};
}

Result<bool> Schedule::Impl::computePieces(int unit, int task, unsigned seen) {
  Member& member = members[task];
  const size_t kind = kindOf(unit);
  if (!member.places[kind].loaded)
    if (auto ok = loadAgain(unit, task); !ok) return passOn(ok);
  for (;;) {
    auto last = computePiece(unit, task);
    if (!last || *last) return last;
    const bool mayStop = !kinds[kind].isDevice() || member.run.piece() == 0;
    if (mayStop && changes != seen) return last;
  }
}

Result<bool> Schedule::Impl::computePiece(int unit, int task) {
  Member& member = members[task];
  const size_t kind = kindOf(unit);
  const bool fills = member.run.piece() == 0, handsOver = member.run.isComputed();
  ScheduleEvent event{
      .model = task, .unit = unit, .frame = member.run.captured().number, .begin = Clock::now()};
  auto last = member.run.step(member.places[kind].loaded->session, member.asked, &member.reach,
                              kinds[kind].isDevice());
  event.end = Clock::now();
  const Nanos took = nanos(event.end) - nanos(event.begin);
  member.took += took;
  if (fills)
    member.filled = std::max(member.filled, took);
  else if (handsOver)
    member.handedOver = std::max(member.handedOver, took);
  else
    member.computed += took;
  if (member.learning) {
    std::vector<Nanos>& run = member.learning->back();
    if (fills) run.clear();
    run.push_back(took);
  }
  tell(event);
  return last;
}

namespace {

/// What it took now, or what it took before, slowly forgotten.
void remember(Nanos& piece, Nanos took) { piece = std::max(took, piece - piece / 64); }

}  // namespace

// `mutex` is held from here on -------------------------------------------------------------------

void Schedule::Impl::noteTimes(int unit, int task) {
  const Member& member = members[task];
  if (member.learning) {
    static_cast<void>(guarded(member.asked.name, [&]() -> Result<void> {
      learn(unit, task);
      return {};
    }));
    return;
  }
  if (unit == tasks[task].home && tasks[task].pieces.size() > 1) {
    remember(tasks[task].pieces.front(), member.filled);
    remember(tasks[task].pieces.back(), member.handedOver);
  }
  const Nanos expected = member.places[kindOf(unit)].measured->computed * policy->begun(task).runs;
  if (pace->note(task, unit, expected, member.computed))
    tell({.kind = ScheduleEvent::Kind::Speed,
          .unit = unit,
          .begin = Clock::now(),
          .speed = pace->speed(unit)});
}

void Schedule::Impl::noteDone(int unit, int task) {
  Member& member = members[task];
  const Job& job = policy->begun(task);
  const auto now = Clock::now();
  const bool missed = nanos(now) > job.deadline;
  ++member.counts.done;
  member.counts.missed += missed;
  member.counts.crops += static_cast<uint64_t>(job.runs);
  member.latencies.add(nanos(now) - job.captured);
  tell({.kind = ScheduleEvent::Kind::Done,
        .model = task,
        .unit = unit,
        .frame = job.frame,
        .begin = now,
        .end = now,
        .missed = missed});
}

void Schedule::Impl::ended(int unit, int task, Result<bool> outcome) {
  Member& member = members[task];
  member.busy[unit] += member.took;
  units[unit].busy += member.took;
  member.run.end();
  changed();
  if (outcome) {
    noteTimes(unit, task);
    noteDone(unit, task);
    policy->end(task);
    return;
  }
  // Busy: another model left or was resized since those below it began, and their arenas are not those that it needs.
  const ErrorCode code = outcome.error().code;
  const bool noRoom = code == ErrorCode::OutOfMemory || code == ErrorCode::Busy;
  policy->giveUp(task, noRoom ? Why::Memory : Why::Failed);
  noteDrops();
  member.counts.lastError = std::move(outcome.error().message);
  // A session of a device that failed is of no use any more: the next one does without the device.
  if (code == ErrorCode::DeviceFailed) member.places[kindOf(unit)].loaded.reset();
}

void Schedule::Impl::noteDrops() {
  policy->drainDropped([&](const schedule::Dropped& one) {
    const auto reason = static_cast<DropReason>(one.why);
    ++members[one.job.task].counts.dropped[static_cast<size_t>(reason)];
    tell({.kind = ScheduleEvent::Kind::Drop,
          .model = one.job.task,
          .frame = one.job.frame,
          .begin = Clock::now(),
          .reason = reason});
  });
}

void Schedule::Impl::stop() {
  {
    const std::lock_guard lock(mutex);
    stopping = true;
    changed();
  }
  rested.notify_all();
  for (schedule::UnitThread& unit : units)
    if (unit.thread.joinable()) unit.thread.join();
}

}  // namespace minnow
