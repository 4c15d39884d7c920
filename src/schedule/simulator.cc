#include "schedule/simulator.h"

#include <algorithm>

namespace minnow::schedule {
namespace {

class Machine {
 public:
  Machine(const std::vector<Task>& tasks, std::span<const Arrival> arrivals,
          const SimulatorOptions& options)
      : options_(options),
        policy_(tasks, options.arenas),
        arrivals_(arrivals),
        outcomes_(tasks.size()),
        progress_(tasks.size()),
        beganLast_(tasks.size()) {}

  std::vector<Outcome> run() {
    for (;;) {
      takeArrivals();
      const int task = policy_.next(now_);
      countDropped();
      if (task >= 0) {
        compute(task);
      } else if (next_ < arrivals_.size()) {
        if (options_.idle) options_.idle(policy_, now_, arrivals_[next_].at);
        now_ = arrivals_[next_].at;
      } else {
        return std::move(outcomes_);
      }
    }
  }

 private:
  /// Of a job that has begun.
  struct Progress {
    int run = 0;
    size_t piece = 0;
  };

  void takeArrivals() {
    for (; next_ < arrivals_.size() && arrivals_[next_].at <= now_; ++next_)
      release(arrivals_[next_].task, arrivals_[next_].at, 1);
  }

  void release(int task, Nanos at, int runs) {
    policy_.release({task, frames_++, at, at + policy_.tasks()[task].deadline, runs});
    ++outcomes_[task].released;
  }

  void compute(int task) {
    const Task& spec = policy_.tasks()[task];
    Progress& progress = progress_[task];
    if (progress.run == 0 && progress.piece == 0) noteBegin(task);
    if (options_.begins) options_.begins(policy_, task, now_);
    const Nanos takes =
        options_.piece ? options_.piece(task, progress.piece) : spec.pieces[progress.piece];
    now_ += takes;
    outcomes_[task].busy += takes;
    if (++progress.piece < spec.pieces.size()) return;
    progress.piece = 0;
    if (++progress.run < policy_.begun(task).runs) return;
    end(task);
  }

  void noteBegin(int task) {
    outcomes_[task].worstGap = std::max(outcomes_[task].worstGap, now_ - beganLast_[task]);
    beganLast_[task] = now_;
  }

  void end(int task) {
    takeArrivals();  // what came while its last piece was computed came before what it triggers
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
  std::span<const Arrival> arrivals_;
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
