#include "schedule/placement.h"

#include <functional>
#include <map>

#include "schedule/admission.h"

namespace minnow::schedule {
namespace {

double loadOf(std::span<const Task> tasks, int unit) {
  double load = 0;
  for (const Task& task : tasks)
    if (task.home == unit)
      load += static_cast<double>(task.cost()) / static_cast<double>(task.period);
  return load;
}

double greatestLoad(std::span<const Task> tasks, int units) {
  double most = 0;
  for (int unit = 0; unit < units; ++unit) most = std::max(most, loadOf(tasks, unit));
  return most;
}

/// How good a placement is; the greater the better.
struct Worth {
  std::vector<int> holding;  // the most urgent priority first
  bool allHold = true;
  double greatestLoad = 0;
  /// Whatever holds with it.
  bool isWorthLooking(double load) const { return !allHold || load < greatestLoad * (1 - 1e-9); }
  bool operator>(const Worth& other) const {
    if (holding != other.holding) return holding > other.holding;
    return greatestLoad < other.greatestLoad * (1 - 1e-9);
  }
};

class Search {
 public:
  Search(std::vector<Task>& tasks, std::span<const PiecesByUnit> pieces, int units)
      : tasks_(tasks), pieces_(pieces), units_(units) {}

  void run() {
    begin();
    Worth best = worth();
    while (improve(best)) {
    }
  }

 private:
  bool runsOn(size_t task, int unit) const { return !pieces_[task][unit].empty(); }

  void move(size_t task, int unit) {
    tasks_[task].home = unit;
    tasks_[task].pieces = pieces_[task][unit];
  }

  /// The urgent and the large ones first, each where the greatest load is least.
  void begin() {
    std::vector<size_t> order;
    for (size_t t = 0; t < tasks_.size(); ++t) {
      order.push_back(t);
      tasks_[t].home = -1;
      tasks_[t].pieces =
          *std::ranges::find_if(pieces_[t], [](const auto& p) { return !p.empty(); });
    }
    std::ranges::stable_sort(order, std::greater{}, [&](size_t t) {
      const Task& task = tasks_[t];
      return std::pair(task.priority,
                       static_cast<double>(task.cost()) / static_cast<double>(task.period));
    });
    for (const size_t task : order) putWhereLeast(task);
  }

  void putWhereLeast(size_t task) {
    std::pair<double, double> least{1e300, 0};
    int best = 0;
    for (int unit = 0; unit < units_; ++unit) {
      if (!runsOn(task, unit)) continue;
      move(task, unit);
      const std::pair load{greatestLoad(tasks_, units_), loadOf(tasks_, unit)};
      if (load < least) least = load, best = unit;
    }
    move(task, best);
  }

  Worth worth() const {
    std::map<int, int, std::greater<>> holding;
    const auto verdicts = verdictsOf(tasks_, unitsWanted(tasks_, units_));
    for (size_t t = 0; t < tasks_.size(); ++t) holding[tasks_[t].priority] += verdicts[t].holds;
    Worth worth{{}, std::ranges::all_of(verdicts, &Verdict::holds), greatestLoad(tasks_, units_)};
    for (const auto& [priority, count] : holding) worth.holding.push_back(count);
    return worth;
  }

  /// By moving one task, or changing two for each other.
  bool improve(Worth& best) {
    for (size_t one = 0; one < tasks_.size(); ++one)
      for (int unit = 0; unit < units_; ++unit) {
        if (unit == tasks_[one].home || !runsOn(one, unit)) continue;
        const int home = tasks_[one].home;
        move(one, unit);
        if (isBetter(best)) return true;
        for (size_t other = 0; other < one; ++other) {
          if (tasks_[other].home != unit || !runsOn(other, home)) continue;
          move(other, home);
          if (isBetter(best)) return true;
          move(other, unit);
        }
        move(one, home);
      }
    return false;
  }

  bool isBetter(Worth& best) const {
    if (!best.isWorthLooking(greatestLoad(tasks_, units_))) return false;
    Worth now = worth();
    if (!(now > best)) return false;
    best = std::move(now);
    return true;
  }

  std::vector<Task>& tasks_;
  std::span<const PiecesByUnit> pieces_;
  int units_;
};

}  // namespace

Units unitsWanted(std::span<const Task> tasks, int units) {
  std::vector<int> arenas;
  for (int unit = 0; unit < units; ++unit) arenas.push_back(arenasWanted(tasks, unit));
  return arenas;
}

namespace {

/// What holds, as it is and where all takes a quarter longer.
std::vector<bool> promises(std::span<const Task> tasks, const Units& units) {
  std::vector<Task> slower(tasks.begin(), tasks.end());
  for (Task& task : slower)
    for (Nanos& piece : task.pieces) piece += piece / 4;
  std::vector<bool> holding;
  for (const auto& set : {tasks, std::span<const Task>(slower)})
    for (const Verdict& verdict : verdictsOf(set, units)) holding.push_back(verdict.holds);
  return holding;
}

}  // namespace

int arenasOfUse(std::span<const Task> tasks) {
  constexpr double kMostWait = 0.5;
  int arenas = arenasWanted(tasks);
  const std::vector<bool> promised = promises(tasks, arenas);
  while (arenas > 1 && waitWithFewer(tasks, 0, arenas) < kMostWait &&
         promises(tasks, arenas - 1) == promised)
    --arenas;
  return arenas;
}

void place(std::vector<Task>& tasks, std::span<const PiecesByUnit> pieces, int units) {
  for (Task& task : tasks) task.visits.clear();
  Search(tasks, pieces, units).run();
  for (size_t t = 0; t < tasks.size(); ++t)
    for (int unit = 0; unit < units; ++unit)
      if (unit != tasks[t].home && !pieces[t][unit].empty())
        tasks[t].visits.push_back({unit, pieces[t][unit]});
  admitVisits(tasks, unitsWanted(tasks, units));
}

}  // namespace minnow::schedule
