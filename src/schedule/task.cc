// Preemption classes: Baker's preemption levels (Stack-based scheduling of realtime processes, 1991),
// with priorities above deadlines.
#include "schedule/task.h"

#include <set>
#include <utility>

namespace minnow::schedule {
namespace {

using Level = std::pair<int, Nanos>;  // greater is more urgent

Level levelOf(const Task& task) { return {task.priority, -task.deadline}; }

std::set<Level> levelsOf(std::span<const Task> tasks) {
  std::set<Level> levels;
  for (const Task& task : tasks) levels.insert(levelOf(task));
  return levels;
}

}  // namespace

int arenasWanted(std::span<const Task> tasks) {
  return std::max(1, static_cast<int>(levelsOf(tasks).size()));
}

std::vector<int> preemptionClasses(std::span<const Task> tasks, int arenas) {
  const std::set<Level> levels = levelsOf(tasks);
  const int shared = std::max(0, static_cast<int>(levels.size()) - arenas);
  std::vector<int> classes;
  for (const Task& task : tasks) {
    const auto rank = std::distance(levels.begin(), levels.find(levelOf(task)));
    classes.push_back(std::max(0, static_cast<int>(rank) - shared));
  }
  return classes;
}

}  // namespace minnow::schedule
