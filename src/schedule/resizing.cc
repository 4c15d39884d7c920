// A model's inputs get other shapes while others compute: between two of its jobs it leaves and comes back, and what it takes
// now is measured by its next runs.
#include <utility>

#include "base/fail.h"
#include "base/guarded.h"
#include "schedule/impl.h"

namespace minnow {

using schedule::Clock;
using schedule::Member;
using schedule::Place;

namespace {

/// `shapes` in place of those of the same names.
std::vector<std::pair<std::string, Shape>> merged(std::vector<std::pair<std::string, Shape>> shapes,
                                                  InputShapes others) {
  for (const auto& [name, shape] : others) {
    const auto same = std::ranges::find(shapes, name, [](const auto& one) { return one.first; });
    if (same == shapes.end())
      shapes.emplace_back(name, shape);
    else
      same->second = shape;
  }
  return shapes;
}

}  // namespace

/// Where it is loaded, or would be. `loading` is held, and no job of the model is begun.
Result<void> Schedule::Impl::reload(int task, std::vector<std::pair<std::string, Shape>> shapes) {
  Member& member = members[task];
  std::vector<size_t> there;
  std::vector<std::unique_ptr<schedule::Loaded>> leaving;
  {
    const std::lock_guard lock(mutex);
    for (size_t kind = 0; kind < kinds.size(); ++kind) {
      if (!member.places[kind].loaded) continue;
      there.push_back(kind);
      leaving.push_back(std::move(member.places[kind].loaded));
    }
  }
  if (there.empty()) there.push_back(kindOf(tasks[task].home));
  leaving.clear();
  auto before = std::exchange(member.asked.shapes, std::move(shapes));
  const auto load = [&]() -> Result<void> {
    for (const size_t kind : there)
      if (auto ok = ensureLoaded(static_cast<size_t>(task), kind); !ok) return ok;
    return {};
  };
  auto ok = load();
  if (ok) return ok;
  for (Place& place : member.places) place.loaded.reset();
  member.asked.shapes = std::move(before);
  // There was room for it. What fails all the same is tried again by its next frame.
  static_cast<void>(load());
  return ok;
}

/// Frames that come meanwhile wait, the newest.
Result<void> Schedule::Impl::resize(std::string_view name, InputShapes shapes) {
  const int task = indexOf(name);
  if (task < 0) return fail(ErrorCode::NotFound, "there is no model '", name, "'");
  Member& member = members[task];
  {
    Lock lock(mutex);
    policy->hold(task, true);
    wake.wait(lock, [&] { return !policy->hasBegun(task); });
  }
  const auto begin = Clock::now();
  auto outcome = guarded(name, [&] {
    const std::lock_guard lock(loading);
    return reload(task, merged(member.asked.shapes, shapes));
  });
  const auto end = Clock::now();
  const Lock lock(mutex);
  if (outcome) {
    member.learning.emplace(1);
    ++member.counts.loads;
  }
  policy->hold(task, false);
  changed();
  tell({.kind = ScheduleEvent::Kind::Load,
        .model = task,
        .unit = tasks[task].home,
        .begin = begin,
        .end = end});
  if (!outcome)
    return fail(outcome.error().code, "model '", name, "' stays as it was: ",
                outcome.error().message);
  return {};
}

/// After a job on its home; an allocation that fails leaves all as it was, for the next one. Its visits of other units are
/// given up: nobody knows what they would take. `mutex` is held.
void Schedule::Impl::learn(int unit, int task) {
  Member& member = members[task];
  if (unit != tasks[task].home) return;
  if (member.learning->size() < schedule::kRunsMeasured) {
    member.learning->emplace_back();
    return;
  }
  auto measured = schedule::measuredOf(*member.learning, kinds[kindOf(unit)]);
  std::vector<schedule::Task> now = tasks;
  now[task].pieces = measured.pieces;
  now[task].visits.clear();
  schedule::admitVisits(now, room);
  policy->setTasks(now);
  for (size_t t = 0; t < tasks.size(); ++t) {  // one by one: what never changes is read without `mutex`
    tasks[t].pieces.swap(now[t].pieces);
    tasks[t].visits.swap(now[t].visits);
    tasks[t].promise = now[t].promise;
  }
  pace->setTypical(task, unit, measured.typical);
  member.places[kindOf(unit)].measured = std::move(measured);
  member.learning.reset();
}

}  // namespace minnow
