// The thread that computes: it asks the policy, computes pieces until something has changed, and asks
// again. It holds no lock while it computes or calls back.
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
  ++changes;
  wake.notify_one();
}

/// On the computing thread, in a callback.
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

void Schedule::Impl::compute() {
  Lock lock(mutex);
  for (;;) {
    if (stopping) policy->dropWaiting(Why::Stopped);
    noteDrops();
    workOnce(lock);
    if (!policy->isIdle()) continue;
    rested.notify_all();
    if (stopping) return;
    wake.wait(lock, [&] { return stopping || !policy->isIdle(); });
  }
}

/// Decides, and computes as long as that is what would be decided.
void Schedule::Impl::workOnce(Lock& lock) {
  const unsigned seen = changes;
  const int task = policy->next(nanos(Clock::now()));
  noteDrops();
  if (task < 0) return;
  beginIfNew(task);
  lock.unlock();
  auto outcome = guarded(members[task].asked.name, [&] { return computePieces(task, seen); });
  lock.lock();
  if (!outcome || *outcome) ended(task, std::move(outcome));
}

void Schedule::Impl::beginIfNew(int task) {
  Member& member = members[task];
  if (member.run.isBegun()) return;
  member.run.begin(std::exchange(member.waiting, {}), policy->begun(task).runs);
  member.computed = member.took = member.filled = member.handedOver = 0;
}

Result<bool> Schedule::Impl::computePieces(int task, unsigned seen) {
  Member& member = members[task];
  if (!member.loaded) {
    const auto begin = Clock::now();
    if (auto ok = ensureLoaded(static_cast<size_t>(task)); !ok)
      return std::unexpected(std::move(ok.error()));
    tell({.kind = ScheduleEvent::Kind::Load, .model = task, .begin = begin, .end = Clock::now()});
    member.took += nanos(Clock::now()) - nanos(begin);
    const std::lock_guard lock(mutex);
    ++member.counts.loads;
  }
  member.lastUsed = ++uses;
  for (;;) {
    auto last = computePiece(member, task);
    if (!last || *last || changes != seen) return last;
  }
}

Result<bool> Schedule::Impl::computePiece(Member& member, int task) {
  const bool fills = member.run.piece() == 0, handsOver = member.run.isComputed();
  ScheduleEvent event{.model = task, .frame = member.run.captured().number, .begin = Clock::now()};
  auto last = member.run.step(member.loaded->session, member.asked, &member.reach);
  event.end = Clock::now();
  const Nanos took = nanos(event.end) - nanos(event.begin);
  member.took += took;
  if (fills)
    member.filled = std::max(member.filled, took);
  else if (handsOver)
    member.handedOver = std::max(member.handedOver, took);
  else
    member.computed += took;
  tell(event);
  return last;
}

namespace {

/// What it took now, or what it took before, slowly forgotten.
void remember(Nanos& piece, Nanos took) { piece = std::max(took, piece - piece / 64); }

}  // namespace

/// `mutex` is held, or nothing runs yet. Whether a job can be in time is judged by what a run takes as a rule: admission's worst case would
/// drop what mostly arrives.
void Schedule::Impl::expectTypicalTimes() {
  for (size_t t = 0; t < tasks.size(); ++t)
    policy->setCost(
        static_cast<int>(t),
        static_cast<Nanos>(static_cast<double>(members[t].measured.typical) / speed.now()));
}

// `mutex` is held from here on -------------------------------------------------------------------

void Schedule::Impl::noteTimes(Member& member, int task) {
  remember(tasks[task].pieces.front(), member.filled);
  remember(tasks[task].pieces.back(), member.handedOver);
  speed.add(member.measured.computed * policy->begun(task).runs, member.computed);
  if (!speed.changed()) return;
  expectTypicalTimes();
  tell({.kind = ScheduleEvent::Kind::Speed, .begin = Clock::now(), .speed = speed.now()});
}

void Schedule::Impl::noteDone(Member& member, int task) {
  const Job& job = policy->begun(task);
  const auto now = Clock::now();
  const bool missed = nanos(now) > job.deadline;
  ++member.counts.done;
  member.counts.missed += missed;
  member.counts.crops += static_cast<uint64_t>(job.runs);
  member.latencies.add(nanos(now) - job.captured);
  tell({.kind = ScheduleEvent::Kind::Done,
        .model = task,
        .frame = job.frame,
        .begin = now,
        .end = now,
        .missed = missed});
}

void Schedule::Impl::ended(int task, Result<bool> outcome) {
  Member& member = members[task];
  member.busy += member.took;
  member.run.end();
  if (outcome) {
    noteTimes(member, task);
    noteDone(member, task);
    policy->end(task);
    return;
  }
  const ErrorCode code = outcome.error().code;
  policy->giveUp(task, code == ErrorCode::OutOfMemory ? Why::Memory : Why::Failed);
  noteDrops();
  member.counts.lastError = std::move(outcome.error().message);
  // A session of a device that failed is of no use any more: the next one does without the device.
  if (code == ErrorCode::DeviceFailed) member.loaded.reset();
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
    ++changes;
  }
  wake.notify_all();
  rested.notify_all();
  if (thread.joinable()) thread.join();
}

}  // namespace minnow
