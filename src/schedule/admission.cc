#include "schedule/admission.h"

#include <cmath>
#include <tuple>

namespace minnow::schedule {
namespace {

/// Longer busy periods than this many jobs of one task count as endless.
constexpr int kMostJobs = 2000;

Nanos times(Nanos count, Nanos cost) {
  Nanos product = 0;
  return __builtin_mul_overflow(count, cost, &product) ? kNever : product;
}

Nanos plus(Nanos a, Nanos b) {
  Nanos sum = 0;
  return __builtin_add_overflow(a, b, &sum) ? kNever : sum;
}

/// The analysis of one set, with the jitters that are known so far.
class Analysis {
 public:
  Analysis(std::span<const Task> tasks, std::span<const int> classes,
           std::span<const Nanos> jitters)
      : tasks_(tasks), classes_(classes), jitters_(jitters) {}

  /// kNever if no bound was found.
  Nanos responseOf(size_t i) const {
    const Nanos longest = busyPeriod(i);
    if (longest == kNever) return kNever;
    Nanos worst = 0;
    for (const Nanos release : releases(i, longest)) {
      const Nanos end = endOf(i, release);
      if (end == kNever) return kNever;
      worst = std::max(worst, end - release);
    }
    return worst;
  }

 private:
  bool isAbove(size_t j, size_t i) const { return tasks_[j].priority > tasks_[i].priority; }
  bool isBeside(size_t j, size_t i) const { return tasks_[j].priority == tasks_[i].priority; }

  /// Jobs that are released within so long.
  Nanos released(size_t j, Nanos length) const {
    return (length + jitters_[j] + tasks_[j].period - 1) / tasks_[j].period;
  }
  /// Of those, as many as have their deadlines within.
  Nanos due(size_t j, Nanos length) const {
    const Nanos room = length - tasks_[j].deadline;
    return room < 0 ? 0 : (room + jitters_[j]) / tasks_[j].period + 1;
  }

  /// The longest that a less urgent job than those with deadlines within `length` holds the machine.
  Nanos blocking(size_t i, Nanos length) const {
    const auto isIn = [&](size_t s) {
      return isAbove(s, i) || (isBeside(s, i) && tasks_[s].deadline <= length);
    };
    Nanos longest = 0;
    for (size_t k = 0; k < tasks_.size(); ++k) {
      if (isIn(k)) continue;
      bool heldUp = false;  // one of them cannot go between its pieces
      for (size_t s = 0; s < tasks_.size(); ++s) heldUp |= isIn(s) && classes_[s] <= classes_[k];
      longest = std::max(longest, heldUp ? tasks_[k].cost() : tasks_[k].longestPiece());
    }
    return longest;
  }

  /// Of everything that is as urgent as task i can be.
  Nanos busyPeriod(size_t i) const {
    Nanos first = 0;  // what held it up
    for (size_t k = 0; k < tasks_.size(); ++k)
      if (!isAbove(k, i) && (!isBeside(k, i) || tasks_[k].deadline > tasks_[i].deadline))
        first = std::max(first, tasks_[k].cost());
    return fixedPoint(first + tasks_[i].cost(), [&](Nanos length) {
      Nanos work = first;
      for (size_t j = 0; j < tasks_.size(); ++j)
        if (isAbove(j, i) || isBeside(j, i))
          work = plus(work, times(released(j, length), tasks_[j].cost()));
      return work;
    });
  }

  template <class Work>
  Nanos fixedPoint(Nanos start, const Work& work) const {
    Nanos least = kNever;
    for (const Task& task : tasks_) least = std::min(least, task.period);
    const Nanos most = times(kMostJobs, least);
    for (Nanos length = start;;) {
      const Nanos next = work(length);
      if (next <= length) return length;
      if (next > most) return kNever;
      length = next;
    }
  }

  /// When a job of task i may be released, from the begin of the busy period, for its response to be
  /// the longest: where one more deadline comes within its own.
  std::vector<Nanos> releases(size_t i, Nanos longest) const {
    std::vector<Nanos> all{0};
    for (size_t j = 0; j < tasks_.size(); ++j) {
      if (!isBeside(j, i)) continue;
      const Nanos offset = tasks_[j].deadline - tasks_[i].deadline;
      if (offset > 0 && offset < longest) all.push_back(offset);
      Nanos release = offset - jitters_[j];
      if (release < 0) release += (-release) / tasks_[j].period * tasks_[j].period;
      for (; release < longest; release += tasks_[j].period)
        if (release > 0 && release > offset) all.push_back(release);
    }
    return all;
  }

  /// The end of what is as urgent as such a job, its own work included.
  Nanos endOf(size_t i, Nanos release) const {
    const Nanos length = release + tasks_[i].deadline;
    const Nanos own = times((release + jitters_[i]) / tasks_[i].period + 1, tasks_[i].cost());
    const Nanos first = plus(blocking(i, length), own);
    return fixedPoint(first, [&](Nanos t) {
      Nanos work = first;
      for (size_t j = 0; j < tasks_.size(); ++j) {
        if (j == i || !(isAbove(j, i) || isBeside(j, i))) continue;
        Nanos jobs = released(j, t);
        if (isBeside(j, i)) jobs = std::min(jobs, due(j, length));
        work = plus(work, times(jobs, tasks_[j].cost()));
      }
      return work;
    });
  }

  std::span<const Task> tasks_;
  std::span<const int> classes_;
  std::span<const Nanos> jitters_;
};

/// A task that runs on results is released when they are there.
std::vector<Nanos> jittersAfter(std::span<const Task> tasks, std::span<const Nanos> responses) {
  std::vector<Nanos> jitters;
  for (const Task& task : tasks)
    jitters.push_back(task.of < 0 ? task.jitter : plus(tasks[task.of].jitter, responses[task.of]));
  return jitters;
}

bool isUseful(std::span<const Task> tasks) {
  for (const Task& task : tasks)
    if (task.period <= 0 || task.deadline <= 0 || task.cost() <= 0) return false;
  return true;
}

struct Bounds {
  std::vector<Nanos> responses, jitters;
  bool holds(std::span<const Task> tasks, size_t i) const {
    return responses[i] != kNever && responses[i] <= tasks[i].deadline &&
           responses[i] <= tasks[i].period - jitters[i];
  }
  /// Every task of such a priority and above.
  bool allHold(std::span<const Task> tasks, int leastPriority) const {
    for (size_t i = 0; i < tasks.size(); ++i)
      if (tasks[i].priority >= leastPriority && !holds(tasks, i)) return false;
    return true;
  }
};

/// From no jitter upwards: every round can only make responses longer.
Bounds boundsOf(std::span<const Task> tasks, std::span<const int> classes) {
  Bounds bounds{std::vector<Nanos>(tasks.size(), isUseful(tasks) ? 0 : kNever), {}};
  bounds.jitters = jittersAfter(tasks, bounds.responses);
  if (!isUseful(tasks)) return bounds;
  for (int round = 0; round < 64; ++round) {
    const Analysis analysis(tasks, classes, bounds.jitters);
    for (size_t i = 0; i < tasks.size(); ++i) bounds.responses[i] = analysis.responseOf(i);
    std::vector<Nanos> jitters = jittersAfter(tasks, bounds.responses);
    if (jitters == bounds.jitters) return bounds;
    if (std::ranges::find(jitters, kNever) != jitters.end()) break;
    bounds.jitters = std::move(jitters);
  }
  std::ranges::fill(bounds.responses, kNever);
  return bounds;
}

/// The share of its rate at which a task that cannot hold is as good as not there.
constexpr double kLeftOut = 1e-5;

/// The same work at a share of the rate. A deadline that is the period stays so.
void slowDown(std::vector<Task>& tasks, size_t i, double share) {
  Task& task = tasks[i];
  const bool implicit = task.deadline == task.period;
  task.period = static_cast<Nanos>(std::ceil(static_cast<double>(task.period) / share));
  if (implicit) task.deadline = task.period;
  for (size_t child = 0; child < tasks.size(); ++child)
    if (tasks[child].of == static_cast<int>(i)) slowDown(tasks, child, share);
}

/// The order in which tasks are given their rates: what triggers before what it triggers.
std::vector<size_t> byUrgency(std::span<const Task> tasks) {
  std::vector<size_t> order(tasks.size());
  std::iota(order.begin(), order.end(), size_t(0));
  std::ranges::stable_sort(
      order, {}, [&](size_t i) { return std::tuple(-tasks[i].priority, tasks[i].deadline); });
  return order;
}

/// The tasks of greater urgency as they are, one at a share of its rate; the others only hold others
/// up by a piece, as if they came once in a very long time.
bool holdsAt(std::vector<Task> tasks, std::span<const size_t> order, size_t place, double share,
             std::span<const int> classes) {
  constexpr Nanos kRarely = 1000 * kSecond;
  slowDown(tasks, order[place], share);
  for (size_t later = place + 1; later < order.size(); ++later) {
    Task& task = tasks[order[later]];
    if (task.of < 0) task.period = std::max(task.period, kRarely);
  }
  const Bounds bounds = boundsOf(tasks, classes);
  for (size_t p = 0; p <= place; ++p)
    if (!bounds.holds(tasks, order[p])) return false;
  return true;
}

/// Least fixed share to a thousandth, 0 for none.
double rateThatHolds(const std::vector<Task>& tasks, std::span<const size_t> order, size_t place,
                     std::span<const int> classes) {
  if (holdsAt(tasks, order, place, 1, classes)) return 1;
  int holds = 0, fails = 1000;
  while (fails - holds > 1) {
    const int middle = (holds + fails) / 2;
    (holdsAt(tasks, order, place, middle / 1000.0, classes) ? holds : fails) = middle;
  }
  return holds / 1000.0;
}

}  // namespace

std::vector<Verdict> verdictsOf(std::span<const Task> tasks, int arenas) {
  const Bounds bounds = boundsOf(tasks, preemptionClasses(tasks, arenas));
  std::vector<Verdict> verdicts;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const bool holds = bounds.allHold(tasks, tasks[i].priority);
    verdicts.push_back(
        {tasks[i].cost(), tasks[i].longestPiece(), bounds.responses[i], holds, holds ? 1.0 : 0.0});
  }
  return verdicts;
}

bool allHold(std::span<const Task> tasks, int arenas) {
  return std::ranges::all_of(verdictsOf(tasks, arenas), &Verdict::holds);
}

std::vector<Verdict> admit(std::span<const Task> tasks, int arenas) {
  std::vector<Verdict> verdicts = verdictsOf(tasks, arenas);
  if (std::ranges::all_of(verdicts, &Verdict::holds)) return verdicts;
  const std::vector<int> classes = preemptionClasses(tasks, arenas);
  std::vector<Task> given(tasks.begin(), tasks.end());
  const std::vector<size_t> order = byUrgency(tasks);
  for (size_t place = 0; place < order.size(); ++place) {
    const double share = rateThatHolds(given, order, place, classes);
    verdicts[order[place]].rateThatHolds = share;
    slowDown(given, order[place], share > 0 ? share : kLeftOut);
  }
  return verdicts;
}

}  // namespace minnow::schedule
