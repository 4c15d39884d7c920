// On which unit each task is at home, and which others it may visit.
#pragma once

#include <span>
#include <vector>

#include "schedule/task.h"

namespace minnow::schedule {

/// What a run's pieces take, by unit; empty where it is not computed.
using PiecesByUnit = std::vector<std::vector<Nanos>>;

/// Sets home, pieces and visits of each task. Looked for is where most hold, the most urgent priorities
/// before all others; of such placements where the unit that has most to do has least. Each task is put
/// where it fits best, and then single ones are moved as long as that is better: not always the best.
/// Some milliseconds.
void place(std::vector<Task>& tasks, std::span<const PiecesByUnit> pieces, int units);
/// Arenas that let every task preempt all that are less urgent.
Units unitsWanted(std::span<const Task> tasks, int units);
/// The same for one unit, and as few as cost nothing: what holds still holds, now and where all takes a quarter
/// longer, and who waits for others of its priority waits for less than half of its deadline.
int arenasOfUse(std::span<const Task> tasks);

}  // namespace minnow::schedule
