#include "schedule/admission.h"

#include <cmath>
#include <functional>
#include <set>
#include <utility>

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

  /// Of a job of so much that begins while nothing waits, and goes after all that comes.
  Nanos responseOfGuest(int unit, Nanos cost) const {
    return fixedPoint(cost, [&](Nanos length) {
      Nanos work = cost;
      for (size_t j = 0; j < tasks_.size(); ++j)
        if (tasks_[j].home == unit) work = plus(work, times(released(j, length), tasks_[j].cost()));
      return work;
    });
  }

 private:
  bool isHere(size_t j, size_t i) const { return tasks_[j].home == tasks_[i].home; }
  bool isAbove(size_t j, size_t i) const {
    return isHere(j, i) && tasks_[j].priority > tasks_[i].priority;
  }
  bool isBeside(size_t j, size_t i) const {
    return isHere(j, i) && tasks_[j].priority == tasks_[i].priority;
  }

  /// Jobs that are released within so long. Of a task whose source has no bound any number.
  Nanos released(size_t j, Nanos length) const {
    if (jitters_[j] == kNever) return kNever;
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
    Nanos longest = longestOfGuests(tasks_[i].home);
    for (size_t k = 0; k < tasks_.size(); ++k) {
      if (!isHere(k, i) || isIn(k)) continue;
      bool heldUp = false;  // one of them cannot go between its pieces
      for (size_t s = 0; s < tasks_.size(); ++s) heldUp |= isIn(s) && classes_[s] <= classes_[k];
      longest = std::max(longest, heldUp ? tasks_[k].cost() : tasks_[k].longestPiece());
    }
    return longest;
  }

  Nanos longestOfGuests(int unit) const {
    Nanos longest = 0;
    for (const Task& task : tasks_)
      if (const Visit* visit = task.visitTo(unit))
        longest = std::max(longest, visit->longestPiece());
    return longest;
  }

  /// Of everything that is as urgent as task i can be.
  Nanos busyPeriod(size_t i) const {
    Nanos first = longestOfGuests(tasks_[i].home);  // what held it up
    for (size_t k = 0; k < tasks_.size(); ++k)
      if (isHere(k, i) && !isAbove(k, i) &&
          (!isBeside(k, i) || tasks_[k].deadline > tasks_[i].deadline))
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

  bool isInTime(std::span<const Task> tasks, size_t i) const {
    return responses[i] != kNever && responses[i] <= tasks[i].deadline &&
           responses[i] <= tasks[i].period - jitters[i];
  }
  /// A priority of a unit.
  using Level = std::pair<int, int>;
  static Level levelOf(const Task& task) { return {task.home, task.priority}; }

  /// All of a priority are in time on their unit, or none of it is sure: after a drop its tasks take turns.
  /// What is above counts by how often it comes, in time or not; but of what runs on the results of another
  /// task that is known only if that one is in time.
  bool holds(std::span<const Task> tasks, const Task& one) const {
    std::vector<Level> known{levelOf(one)};  // have to hold
    for (size_t n = 0; n < known.size(); ++n) {
      const Level level = known[n];
      for (size_t i = 0; i < tasks.size(); ++i) {
        const Level other = levelOf(tasks[i]);
        if (other == level && !isInTime(tasks, i)) return false;
        if (other.first != level.first || other < level || tasks[i].of < 0) continue;
        const Level source = levelOf(tasks[tasks[i].of]);
        if (std::ranges::find(known, source) == known.end()) known.push_back(source);
      }
    }
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
    bounds.jitters = std::move(jitters);
  }
  std::ranges::fill(bounds.responses, kNever);
  return bounds;
}

/// The same work at a share of the rate. A deadline that is the period stays so.
void slowDown(std::vector<Task>& tasks, size_t i, double share) {
  Task& task = tasks[i];
  const bool implicit = task.deadline == task.period;
  task.period = static_cast<Nanos>(std::ceil(static_cast<double>(task.period) / share));
  if (implicit) task.deadline = task.period;
  for (size_t child = 0; child < tasks.size(); ++child)
    if (tasks[child].of == static_cast<int>(i)) slowDown(tasks, child, share);
}

constexpr Nanos kRarely = 1000 * kSecond;

/// What is not there, as far as the others can tell; and what runs on its results.
void leaveOut(std::vector<Task>& tasks, size_t i) {
  tasks[i].pieces = {1};
  tasks[i].mostRuns = 1;
  tasks[i].visits.clear();
  tasks[i].deadline = tasks[i].period = kRarely;
  for (size_t child = 0; child < tasks.size(); ++child)
    if (tasks[child].of == static_cast<int>(i)) leaveOut(tasks, child);
}

/// Gives tasks their rates, one priority after another: the greatest share of what all of it ask for at
/// which they, and all above, are in time. Those below only hold them up by a piece.
class Rates {
 public:
  Rates(std::span<const Task> tasks, const Units& units)
      : given_(tasks.begin(), tasks.end()),
        classes_(preemptionClasses(tasks, units)),
        shares_(tasks.size(), 0) {
    std::set<int, std::greater<>> priorities;
    for (const Task& task : tasks) priorities.insert(task.priority);
    for (const int priority : priorities) give(priority);
  }
  double of(size_t i) const { return shares_[i]; }

 private:
  static constexpr int kParts = 1000;  // a share is so many thousandths

  void give(int priority) {
    std::vector<size_t> group;
    for (size_t i = 0; i < given_.size(); ++i)
      if (given_[i].priority == priority && !isLeftOut(i)) group.push_back(i);
    while (!group.empty() && !areInTime(group, 1)) leaveOutOne(group);
    const int parts = greatestShare(group);
    slowDownAll(given_, group, parts);
    for (const size_t i : group) shares_[i] = static_cast<double>(parts) / kParts;
  }

  int greatestShare(std::span<const size_t> group) const {
    if (areInTime(group, kParts)) return kParts;
    int holds = 1, fails = kParts;
    while (fails - holds > 1) {
      const int middle = (holds + fails) / 2;
      (areInTime(group, middle) ? holds : fails) = middle;
    }
    return holds;
  }

  /// What runs on the results of another task comes as often as that one.
  size_t rootOf(size_t i) const { return given_[i].of < 0 ? i : static_cast<size_t>(given_[i].of); }

  bool isLeftOut(size_t i) const { return given_[i].deadline == kRarely; }

  void slowDownAll(std::vector<Task>& tasks, std::span<const size_t> group, int parts) const {
    std::set<size_t> roots;
    for (const size_t i : group) roots.insert(rootOf(i));
    for (const size_t root : roots) slowDown(tasks, root, static_cast<double>(parts) / kParts);
  }

  Bounds boundsAt(std::vector<Task>& tasks, std::span<const size_t> group, int parts) const {
    slowDownAll(tasks, group, parts);
    for (size_t i = 0; i < tasks.size(); ++i)
      if (tasks[i].priority < tasks[group[0]].priority && tasks[i].of < 0 &&
          std::ranges::none_of(group, [&](size_t one) { return rootOf(one) == i; }))
        tasks[i].period = std::max(tasks[i].period, kRarely);
    return boundsOf(tasks, classes_);
  }

  bool areInTime(std::span<const size_t> group, int parts) const {
    if (group.empty()) return true;
    std::vector<Task> tasks = given_;
    const Bounds bounds = boundsAt(tasks, group, parts);
    for (size_t i = 0; i < tasks.size(); ++i) {
      const bool counts = shares_[i] > 0 || std::ranges::find(group, i) != group.end();
      if (counts && !bounds.isInTime(tasks, i)) return false;
    }
    return true;
  }

  /// Of those that are in time at no rate, the one with most to do.
  void leaveOutOne(std::vector<size_t>& group) {
    std::vector<Task> tasks = given_;
    const Bounds bounds = boundsAt(tasks, group, 1);
    const auto worst = std::ranges::max_element(group, {}, [&](size_t i) {
      return std::pair(!bounds.isInTime(tasks, i), given_[i].cost());
    });
    leaveOut(given_, *worst);
    group.erase(worst);
  }

  std::vector<Task> given_;
  std::vector<int> classes_;
  std::vector<double> shares_;
};

}  // namespace

std::vector<Verdict> verdictsOf(std::span<const Task> tasks, const Units& units) {
  const Bounds bounds = boundsOf(tasks, preemptionClasses(tasks, units));
  std::vector<Verdict> verdicts;
  for (size_t i = 0; i < tasks.size(); ++i) {
    const bool holds = bounds.holds(tasks, tasks[i]);
    verdicts.push_back(
        {tasks[i].cost(), tasks[i].longestPiece(), bounds.responses[i], holds, holds ? 1.0 : 0.0});
  }
  return verdicts;
}

bool allHold(std::span<const Task> tasks, const Units& units) {
  return std::ranges::all_of(verdictsOf(tasks, units), &Verdict::holds);
}

std::vector<Verdict> admit(std::span<const Task> tasks, const Units& units) {
  std::vector<Verdict> verdicts = verdictsOf(tasks, units);
  if (std::ranges::all_of(verdicts, &Verdict::holds)) return verdicts;
  const Rates rates(tasks, units);
  for (size_t i = 0; i < tasks.size(); ++i) verdicts[i].rateThatHolds = rates.of(i);
  return verdicts;
}

namespace {

/// For guests of a unit it is known what comes there if what triggers it is in time.
bool isKnown(std::span<const Task> tasks, const Bounds& bounds, int unit) {
  return std::ranges::all_of(tasks, [&](const Task& task) {
    return task.home != unit || task.of < 0 || bounds.holds(tasks, tasks[task.of]);
  });
}

bool isSource(std::span<const Task> tasks, size_t i) {
  return std::ranges::any_of(tasks, [&](const Task& t) { return t.of == static_cast<int>(i); });
}

Nanos promiseOf(std::span<const Task> tasks, const Bounds& bounds, size_t i) {
  const Nanos next = bounds.jitters[i] == kNever ? 0 : tasks[i].period - bounds.jitters[i];
  const Nanos latest = std::min(tasks[i].deadline, next);
  return isSource(tasks, i) ? std::min(latest, bounds.responses[i]) : latest;
}

int holding(std::span<const Task> tasks, const Units& units) {
  return static_cast<int>(
      std::ranges::count(verdictsOf(tasks, units), true, [](const Verdict& v) { return v.holds; }));
}

void leaveOutVisits(std::vector<Task>& tasks, int unit, Nanos longest) {
  for (Task& task : tasks)
    std::erase_if(task.visits, [&](const Visit& visit) {
      return visit.unit == unit && visit.longestPiece() >= longest;
    });
}

Nanos longestVisit(std::span<const Task> tasks, int unit) {
  Nanos longest = 0;
  for (const Task& task : tasks)
    if (const Visit* visit = task.visitTo(unit)) longest = std::max(longest, visit->longestPiece());
  return longest;
}

}  // namespace

void admitVisits(std::vector<Task>& tasks, const Units& units) {
  std::vector<Task> alone = tasks;
  for (Task& task : alone) task.visits.clear();
  const int most = holding(alone, units);
  // The longest pieces cost most: they go first.
  for (int unit = 0; unit < units.count(); ++unit) {
    std::vector<Task> others = tasks;  // guests of this unit alone
    for (Task& task : others)
      std::erase_if(task.visits, [&](const Visit& visit) { return visit.unit != unit; });
    for (Nanos longest = longestVisit(others, unit); longest > 0 && holding(others, units) < most;
         longest = longestVisit(others, unit)) {
      leaveOutVisits(others, unit, longest);
      leaveOutVisits(tasks, unit, longest);
    }
  }
  if (holding(tasks, units) < most)  // where two units' guests together are too many
    for (Task& task : tasks) task.visits.clear();
  const std::vector<int> classes = preemptionClasses(tasks, units);
  const Bounds bounds = boundsOf(tasks, classes);
  const Analysis analysis(tasks, classes, bounds.jitters);
  for (size_t i = 0; i < tasks.size(); ++i) {
    tasks[i].promise = promiseOf(tasks, bounds, i);
    for (Visit& visit : tasks[i].visits) {
      const Nanos run = std::accumulate(visit.pieces.begin(), visit.pieces.end(), Nanos(0));
      visit.bound = kNever;
      if (isKnown(tasks, bounds, visit.unit))
        visit.bound = analysis.responseOfGuest(visit.unit, run * tasks[i].mostRuns);
    }
    std::erase_if(tasks[i].visits, [&](const Visit& v) { return v.bound > tasks[i].promise; });
  }
}

}  // namespace minnow::schedule
