#include "schedule/simulator.h"

#include <algorithm>
#include <utility>

#include "schedule/pace.h"

namespace minnow::schedule {
namespace {

std::vector<std::vector<Nanos>> costsOf(const std::vector<Task>& tasks, int units) {
  std::vector<std::vector<Nanos>> costs;
  for (const Task& task : tasks) {
    std::vector<Nanos>& own = costs.emplace_back(units, 0);
    for (int unit = 0; unit < units; ++unit)
      if (const auto* pieces = task.piecesOn(unit))
        own[unit] = std::accumulate(pieces->begin(), pieces->end(), Nanos(0));
  }
  return costs;
}

class Machine {
 public:
  Machine(const std::vector<Task>& tasks, std::span<const Arrival> arrivals,
          const SimulatorOptions& options)
      : options_(options),
        policy_(tasks, options.arenas, options.rule),
        pace_(policy_, costsOf(tasks, options.arenas.count())),
        arrivals_(arrivals),
        units_(options.arenas.arenas.size()),
        outcomes_(tasks.size()),
        progress_(tasks.size()),
        beganLast_(tasks.size()) {}

  std::vector<Outcome> run() {
    for (;;) {
      takeArrivals();
      endPieces();
      while (beginPieces()) {
      }
      const Nanos next = nextEvent();
      if (next == kNever) return std::move(outcomes_);
      if (options_.idle &&
          std::ranges::none_of(units_, [](const Unit& unit) { return unit.task >= 0; }))
        options_.idle(policy_, now_, next);
      now_ = next;
    }
  }

 private:
  /// Of a job that has begun.
  struct Progress {
    int run = 0;
    size_t piece = 0;
    Nanos expected = 0, took = 0;
  };
  /// What it computes, and until when.
  struct Unit {
    int task = -1;
    Nanos until = 0;
  };

  Nanos nextEvent() const {
    Nanos next = next_ < arrivals_.size() ? arrivals_[next_].at : kNever;
    for (const Unit& unit : units_)
      if (unit.task >= 0) next = std::min(next, unit.until);
    return next;
  }

  void takeArrivals() {
    for (; next_ < arrivals_.size() && arrivals_[next_].at <= now_; ++next_)
      release(arrivals_[next_].task, arrivals_[next_].at, 1);
  }

  void release(int task, Nanos at, int runs) {
    policy_.release({task, frames_++, at, at + policy_.tasks()[task].deadline, runs});
    countDropped();
    ++outcomes_[task].released;
  }

  /// Every free unit asks; true where one begins, after which the others may decide anew.
  bool beginPieces() {
    bool any = false;
    for (int unit = 0; unit < policy_.units(); ++unit) {
      if (units_[unit].task >= 0) continue;
      const uint64_t begins = policy_.begins();
      const int task = policy_.next(unit, now_);
      countDropped();
      any |= policy_.begins() != begins;
      if (task < 0) continue;
      beginPiece(unit, task);
      any = true;
    }
    return any;
  }

  void beginPiece(int unit, int task) {
    Progress& progress = progress_[task];
    if (progress.run == 0 && progress.piece == 0) noteBegin(task);
    if (options_.begins) options_.begins(policy_, task, now_);
    const Nanos expected = (*policy_.tasks()[task].piecesOn(unit))[progress.piece];
    Nanos takes = options_.piece ? options_.piece(expected) : expected;
    if (options_.slower)
      takes = static_cast<Nanos>(static_cast<double>(takes) * options_.slower(unit, now_));
    units_[unit] = {task, now_ + takes};
    outcomes_[task].busy += takes;
    progress.expected += expected;
    progress.took += takes;
  }

  /// What came while a last piece was computed came before what it triggers.
  void endPieces() {
    for (int unit = 0; unit < policy_.units(); ++unit)
      if (units_[unit].task >= 0 && units_[unit].until <= now_)
        endPiece(unit, std::exchange(units_[unit].task, -1));
  }

  void endPiece(int unit, int task) {
    Progress& progress = progress_[task];
    if (++progress.piece < policy_.tasks()[task].piecesOn(unit)->size()) return;
    progress.piece = 0;
    if (++progress.run < policy_.begun(task).runs) return;
    if (pace_.note(task, unit, progress.expected, progress.took) && options_.speed)
      options_.speed(unit, pace_.speed(unit), now_);
    outcomes_[task].visits += unit != policy_.tasks()[task].home;
    end(task);
  }

  void noteBegin(int task) {
    outcomes_[task].worstGap = std::max(outcomes_[task].worstGap, now_ - beganLast_[task]);
    beganLast_[task] = now_;
  }

  void end(int task) {
    const Job job = policy_.begun(task);
    Outcome& outcome = outcomes_[task];
    ++outcome.ended;
    outcome.missed += now_ > job.deadline;
    outcome.worstResponse = std::max(outcome.worstResponse, now_ - job.captured);
    progress_[task] = {};
    policy_.end(task);
    for (int child = 0; child < static_cast<int>(outcomes_.size()); ++child) {
      const Task& spec = policy_.tasks()[child];
      if (spec.of != task) continue;
      const int runs = options_.runs ? options_.runs(child) : spec.mostRuns;
      if (runs > 0) release(child, now_, runs);
    }
  }

  void countDropped() {
    policy_.drainDropped([&](const Dropped& one) {
      ++outcomes_[one.job.task].dropped[static_cast<size_t>(one.why)];
    });
  }

  const SimulatorOptions& options_;
  Policy policy_;
  Pace pace_;
  std::span<const Arrival> arrivals_;
  std::vector<Unit> units_;
  std::vector<Outcome> outcomes_;
  std::vector<Progress> progress_;
  std::vector<Nanos> beganLast_;
  size_t next_ = 0;
  uint64_t frames_ = 0;
  Nanos now_ = 0;
};

}  // namespace

std::vector<Outcome> simulate(const std::vector<Task>& tasks, std::span<const Arrival> arrivals,
                              const SimulatorOptions& options) {
  return Machine(tasks, arrivals, options).run();
}

std::vector<Arrival> drawArrivals(std::span<const Task> tasks, Nanos length,
                                  std::mt19937_64& random) {
  const auto below = [&](Nanos most) {
    return most <= 0 ? Nanos(0) : static_cast<Nanos>(random() % static_cast<uint64_t>(most));
  };
  const bool allAtOnce = random() % 2 == 0;  // a critical instant
  Nanos mostJitter = 0;
  for (const Task& task : tasks) mostJitter = std::max(mostJitter, task.jitter);
  std::vector<Arrival> arrivals;
  for (size_t t = 0; t < tasks.size(); ++t) {
    const Task& task = tasks[t];
    if (task.of >= 0) continue;
    const bool gaps = random() % 4 == 0;
    Nanos nominal = allAtOnce ? mostJitter - task.jitter : below(task.period);
    Nanos late = allAtOnce ? task.jitter : below(task.jitter + 1);
    for (; nominal < length; nominal += task.period) {
      arrivals.push_back({nominal + late, static_cast<int>(t)});
      late = allAtOnce ? 0 : below(task.jitter + 1);
      if (gaps) nominal += below(task.period);
    }
  }
  std::ranges::stable_sort(arrivals, {}, &Arrival::at);
  return arrivals;
}

}  // namespace minnow::schedule
