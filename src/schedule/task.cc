// Preemption classes: Baker's preemption levels (Stack-based scheduling of realtime processes, 1991),
// with priorities above deadlines; and fewer of them, by joining levels that are next to each other, as preemption
// thresholds do (Wang and Saksena, 1999; for the memory of stacks Gai, Lipari and Di Natale, 2001).
#include "schedule/task.h"

#include <map>
#include <tuple>

namespace minnow::schedule {
namespace {

using Level = std::pair<int, Nanos>;  // greater is more urgent

Level levelOf(const Task& task) { return {task.priority, -task.deadline}; }

/// Tasks of one class: neighbouring levels.
struct Group {
  int least, most;     // priorities
  Nanos deadline;      // the shortest
  Nanos cost;          // of the longest job
  int levels;
};

/// One for each level of a unit, the least urgent first.
std::vector<Group> groupsOf(std::span<const Task> tasks, int unit) {
  std::map<Level, Nanos> costs;
  for (const Task& task : tasks)
    if (task.home == unit) {
      Nanos& cost = costs[levelOf(task)];
      cost = std::max(cost, task.cost());
    }
  std::vector<Group> groups;
  for (const auto& [level, cost] : costs)
    groups.push_back({level.first, level.first, -level.second, cost, 1});
  return groups;
}

/// What it costs to have two neighbours in one class: another priority's promise, of those the least; or a wait, as a
/// share of a deadline.
using Harm = std::tuple<bool, int, double>;
Harm harmOf(const Group& lower, const Group& upper) {
  const bool crosses = lower.least != upper.most;
  return {crosses, crosses ? upper.most : 0,
          static_cast<double>(lower.cost) / static_cast<double>(std::max<Nanos>(upper.deadline, 1))};
}

size_t leastHarm(const std::vector<Group>& groups) {
  size_t best = 0;
  for (size_t g = 1; g + 1 < groups.size(); ++g)
    if (harmOf(groups[g], groups[g + 1]) < harmOf(groups[best], groups[best + 1])) best = g;
  return best;
}

/// The neighbours that it harms least share a class, until there are no more classes than arenas.
std::vector<Group> joined(std::vector<Group> groups, int arenas) {
  while (static_cast<int>(groups.size()) > std::max(arenas, 1)) {
    const size_t lower = leastHarm(groups);
    Group &into = groups[lower], &from = groups[lower + 1];
    into = {into.least, from.most, std::min(into.deadline, from.deadline),
            std::max(into.cost, from.cost), into.levels + from.levels};
    groups.erase(groups.begin() + static_cast<ptrdiff_t>(lower) + 1);
  }
  return groups;
}

}  // namespace

int arenasWanted(std::span<const Task> tasks, int unit) {
  return std::max(1, static_cast<int>(groupsOf(tasks, unit).size()));
}

double waitWithFewer(std::span<const Task> tasks, int unit, int arenas) {
  const std::vector<Group> groups = joined(groupsOf(tasks, unit), arenas);
  if (groups.size() < 2) return 0;
  const size_t lower = leastHarm(groups);
  const auto& [crosses, priority, wait] = harmOf(groups[lower], groups[lower + 1]);
  return crosses ? std::numeric_limits<double>::infinity() : wait;
}

std::vector<int> preemptionClasses(std::span<const Task> tasks, const Units& units) {
  std::vector<int> classes(tasks.size(), 0);
  for (int unit = 0; unit < units.count(); ++unit) {
    std::map<Level, int> classOf;
    for (const Task& task : tasks)
      if (task.home == unit) classOf[levelOf(task)] = 0;
    auto level = classOf.begin();
    int number = 0;
    for (const Group& group : joined(groupsOf(tasks, unit), units.arenas[unit])) {
      for (int l = 0; l < group.levels; ++l) (level++)->second = number;
      ++number;
    }
    for (size_t t = 0; t < tasks.size(); ++t)
      if (tasks[t].home == unit) classes[t] = classOf.at(levelOf(tasks[t]));
  }
  return classes;
}

}  // namespace minnow::schedule
