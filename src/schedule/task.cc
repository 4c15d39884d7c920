// Preemption classes: Baker's preemption levels (Stack-based scheduling of realtime processes, 1991),
// with priorities above deadlines.
#include "schedule/task.h"

#include <set>

namespace minnow::schedule {
namespace {

using Level = std::pair<int, Nanos>;  // greater is more urgent

Level levelOf(const Task& task) { return {task.priority, -task.deadline}; }

std::set<Level> levelsOf(std::span<const Task> tasks, int unit) {
  std::set<Level> levels;
  for (const Task& task : tasks)
    if (task.home == unit) levels.insert(levelOf(task));
  return levels;
}

}  // namespace

int arenasWanted(std::span<const Task> tasks, int unit) {
  return std::max(1, static_cast<int>(levelsOf(tasks, unit).size()));
}

std::vector<int> preemptionClasses(std::span<const Task> tasks, const Units& units) {
  std::vector<int> classes(tasks.size(), 0);
  for (int unit = 0; unit < units.count(); ++unit) {
    const std::set<Level> levels = levelsOf(tasks, unit);
    const int shared = std::max(0, static_cast<int>(levels.size()) - units.arenas[unit]);
    for (size_t t = 0; t < tasks.size(); ++t) {
      if (tasks[t].home != unit) continue;
      const auto rank = std::distance(levels.begin(), levels.find(levelOf(tasks[t])));
      classes[t] = std::max(0, static_cast<int>(rank) - shared);
    }
  }
  return classes;
}

}  // namespace minnow::schedule
