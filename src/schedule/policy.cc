#include "schedule/policy.h"

#include <algorithm>
#include <utility>

namespace minnow::schedule {

Policy::Policy(std::vector<Task> tasks, const Units& units, Rule rule)
    : tasks_(std::move(tasks)), rule_(rule), states_(tasks_.size()), units_(units.arenas.size()) {
  dropped_.reserve(2 * tasks_.size() + 1);
  for (UnitState& unit : units_) unit.stack.reserve(tasks_.size());
  const std::vector<int> classes = preemptionClasses(tasks_, units);
  for (size_t t = 0; t < tasks_.size(); ++t) {
    states_[t].preemptionClass = classes[t];
    for (int unit = 0; unit < units.count(); ++unit) {
      const std::vector<Nanos>* pieces = tasks_[t].piecesOn(unit);
      states_[t].cost.push_back(
          pieces == nullptr ? kNever : std::accumulate(pieces->begin(), pieces->end(), Nanos(0)));
    }
  }
}

bool Policy::isIdle() const {
  return std::ranges::none_of(states_, [](const State& s) { return s.waits || s.unit >= 0; });
}

void Policy::release(const Job& job) {
  State& state = states_[job.task];
  if (state.waits) drop(state, Why::Newer);
  state.waits = true;
  state.waiting = job;
  state.urgency = std::min(state.urgency, job.deadline);
}

/// What comes after it is as urgent.
void Policy::drop(State& state, Why why) {
  dropped_.push_back({state.waiting, why});
  state.waits = false;
}

void Policy::dropLate(Nanos now) {
  for (int task = 0; task < static_cast<int>(states_.size()); ++task) {
    if (!states_[task].waits || !isLate(task, tasks_[task].home, now)) continue;
    const auto late = [&](const Visit& visit) { return isLate(task, visit.unit, now); };
    if (std::ranges::all_of(tasks_[task].visits, late)) drop(states_[task], Why::Late);
  }
}

bool Policy::isLate(int task, int unit, Nanos now) const {
  const State& state = states_[task];
  if (now - kSecond >= state.lastBegin) return false;
  return now + state.cost[unit] * state.waiting.runs > state.waiting.deadline;
}

Policy::Key Policy::keyOf(int task, Nanos now) const {
  const State& state = states_[task];
  const Nanos cost = state.cost[tasks_[task].home] * state.waiting.runs;
  const auto count = static_cast<int>(tasks_.size());
  switch (rule_) {
    case Rule::LeastSlack:
      return {state.waiting.deadline - now - cost, 0, task};
    case Rule::LongestTask:
      return {-cost, state.waiting.deadline, task};
    case Rule::RoundRobin:
      return {(task - lastBegun_ - 1 + count) % count, 0, task};
    case Rule::Urgency:
      break;
  }
  return {-tasks_[task].priority, state.urgency, task};
}

template <class May>
int Policy::first(Nanos now, const May& may) const {
  int best = -1;
  for (int task = 0; task < static_cast<int>(states_.size()); ++task)
    if (canBegin(task) && may(task) && (best < 0 || keyOf(task, now) < keyOf(best, now)))
      best = task;
  return best;
}

/// Who is a guest there goes after all that are at home.
bool Policy::goesBefore(int waiting, int begun) const {
  const State &state = states_[waiting], &other = states_[begun];
  if (tasks_[begun].home != tasks_[waiting].home) return true;
  if (state.preemptionClass <= other.preemptionClass) return false;
  return std::pair(-tasks_[waiting].priority, state.urgency) <
         std::pair(-tasks_[begun].priority, other.begunUrgency);
}

void Policy::begin(int task, int unit, Nanos now) {
  State& state = states_[task];
  state.begun = state.waiting;
  state.waits = false;
  state.unit = unit;
  state.spent = 0;
  state.begunUrgency = std::exchange(state.urgency, kNever);
  state.lastBegin = now;
  lastBegun_ = task;
  ++begins_;
  units_[unit].stack.push_back(task);
}

Nanos Policy::left(int task) const {
  const State& state = states_[task];
  return std::max<Nanos>(state.cost[state.unit] * state.begun.runs - state.spent, 0);
}

/// As a rule, not at most: when its home would be done with it.
Nanos Policy::endAtHome(int task, Nanos now) const {
  const int home = tasks_[task].home;
  Nanos end = now + states_[task].cost[home] * states_[task].waiting.runs;
  for (const int begun : units_[home].stack)
    end += goesBefore(task, begun)
               ? std::min(left(begun), std::ranges::max(*tasks_[begun].piecesOn(home)))
               : left(begun);
  for (int other = 0; other < static_cast<int>(tasks_.size()); ++other)
    if (tasks_[other].home == home && canBegin(other) && keyOf(other, now) < keyOf(task, now))
      end += states_[other].cost[home] * states_[other].waiting.runs;
  return end;
}

bool Policy::mayVisit(int task, int unit, Nanos now) const {
  const Visit* visit = tasks_[task].visitTo(unit);
  if (visit == nullptr || visit->bound == kNever) return false;
  const State& state = states_[task];
  const Nanos latest = state.waiting.deadline - tasks_[task].deadline + tasks_[task].promise;
  const double bound = static_cast<double>(visit->bound) * units_[unit].slowness;
  if (static_cast<double>(now) + bound > static_cast<double>(latest)) return false;
  return now + state.cost[unit] * state.waiting.runs < endAtHome(task, now);
}

int Policy::firstOf(int home, Nanos now) const {
  return first(now,
               [&](int task) { return tasks_[task].home == home && !isLate(task, home, now); });
}

/// Its home, or an idle unit that is done with it before.
int Policy::bestUnitFor(int task, Nanos now) const {
  for (const Visit& visit : tasks_[task].visits)
    if (units_[visit.unit].stack.empty() && firstOf(visit.unit, now) < 0 &&
        mayVisit(task, visit.unit, now))
      return visit.unit;
  return tasks_[task].home;
}

void Policy::beginByUrgency(int unit, Nanos now) {
  const std::vector<int>& stack = units_[unit].stack;
  for (int own = firstOf(unit, now); own >= 0; own = firstOf(unit, now)) {
    if (!stack.empty() && !goesBefore(own, stack.back())) return;
    const int where = bestUnitFor(own, now);
    begin(own, where, now);
    if (where == unit) return;
  }
  if (!stack.empty()) return;
  const int guest = first(now, [&](int task) { return mayVisit(task, unit, now); });
  if (guest >= 0) begin(guest, unit, now);
}

void Policy::beginByRule(int unit, Nanos now) {
  if (!units_[unit].stack.empty()) return;
  const int task = first(now, [&](int t) { return states_[t].cost[unit] != kNever; });
  if (task >= 0) begin(task, unit, now);
}

void Policy::noteSpent(UnitState& unit, Nanos now) {
  if (unit.computes >= 0) states_[unit.computes].spent += now - unit.since;
  unit.since = now;
}

int Policy::next(int unit, Nanos now) {
  UnitState& state = units_[unit];
  noteSpent(state, now);
  dropLate(now);
  rule_ == Rule::Urgency ? beginByUrgency(unit, now) : beginByRule(unit, now);
  return state.computes = state.stack.empty() ? -1 : state.stack.back();
}

void Policy::end(int task) {
  UnitState& unit = units_[std::exchange(states_[task].unit, -1)];
  std::erase(unit.stack, task);
  if (unit.computes == task) unit.computes = -1;
}

void Policy::giveUp(int task, Why why) {
  dropped_.push_back({states_[task].begun, why});
  end(task);
}

void Policy::dropWaiting(Why why) {
  for (State& state : states_)
    if (state.waits) drop(state, why);
}

}  // namespace minnow::schedule
