#include "schedule/policy.h"

#include <algorithm>
#include <tuple>
#include <utility>

namespace minnow::schedule {

Policy::Policy(std::vector<Task> tasks, int arenas)
    : tasks_(std::move(tasks)), states_(tasks_.size()), begunUrgency_(tasks_.size()) {
  stack_.reserve(tasks_.size());
  dropped_.reserve(2 * tasks_.size() + 1);
  const std::vector<int> classes = preemptionClasses(tasks_, arenas);
  for (size_t t = 0; t < tasks_.size(); ++t) {
    states_[t].preemptionClass = classes[t];
    states_[t].cost = tasks_[t].costOfRun();
  }
}

bool Policy::anyWaiting() const {
  return std::ranges::any_of(states_, [](const State& s) { return s.waits; });
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
  for (State& state : states_) {
    if (!state.waits || now - kSecond >= state.lastBegin) continue;
    if (now + state.cost * state.waiting.runs > state.waiting.deadline) drop(state, Why::Late);
  }
}

int Policy::mostUrgentWaiting() const {
  const auto key = [&](int task) {
    return std::tuple(-tasks_[task].priority, states_[task].urgency, task);
  };
  int best = -1;
  for (int task = 0; task < static_cast<int>(states_.size()); ++task)
    if (states_[task].waits && (best < 0 || key(task) < key(best))) best = task;
  return best;
}

bool Policy::goesBefore(int waiting, int begun) const {
  const State& state = states_[waiting];
  if (state.preemptionClass <= states_[begun].preemptionClass) return false;
  return std::pair(-tasks_[waiting].priority, state.urgency) <
         std::pair(-tasks_[begun].priority, begunUrgency_[begun]);
}

void Policy::begin(int task, Nanos now) {
  State& state = states_[task];
  state.begun = state.waiting;
  state.waits = false;
  state.hasBegun = true;
  begunUrgency_[task] = std::exchange(state.urgency, kNever);
  state.lastBegin = now;
  stack_.push_back(task);
}

int Policy::next(Nanos now) {
  dropLate(now);
  const int waiting = mostUrgentWaiting();
  if (waiting >= 0 && (stack_.empty() || goesBefore(waiting, stack_.back()))) begin(waiting, now);
  return stack_.empty() ? -1 : stack_.back();
}

void Policy::end(int task) {
  std::erase(stack_, task);
  states_[task].hasBegun = false;
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
