// A schedule's models, and the thread that computes them.
#pragma once

#include <atomic>
#include <condition_variable>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <vector>

#include "minnow/schedule.h"
#include "schedule/admission.h"
#include "schedule/latencies.h"
#include "schedule/policy.h"
#include "schedule/run.h"
#include "schedule/sampler.h"
#include "schedule/speed.h"

namespace minnow {
namespace schedule {

using Clock = std::chrono::steady_clock;
inline Nanos nanos(Clock::time_point time) {
  return std::chrono::duration_cast<std::chrono::nanoseconds>(time.time_since_epoch()).count();
}

/// A model with its weights and plans, where it is loaded.
struct Loaded {
  Interpreter interpreter;
  Session session;
};
Result<Loaded> load(Runtime& runtime, const ScheduledModel& model);

/// Times of a model that runs alone.
struct Measured {
  std::vector<Nanos> pieces;  ///< of the slowest run of a few: for admission
  Nanos typical = 0;          ///< of the middle one
  Nanos computed = 0;         ///< of that, without filling and handing over
};
Result<Measured> measure(Runtime& runtime, const ScheduledModel& model,
                         const CapturedFrame& example);

/// All that there is of a model. The computing thread alone has `loaded`, `run` and what `run` took;
/// the schedule's mutex guards the rest.
struct Member {
  Member(ScheduledModel of, double frameRate)
      : asked(std::move(of)), sampler(asked.rate, asked.every, frameRate) {}

  ScheduledModel asked;
  Sampler sampler;
  Measured measured;
  std::unique_ptr<Loaded> loaded;
  uint64_t lastUsed = 0;  // the greater the later
  Run run;
  ModelRun::Impl reach;
  Nanos computed = 0, took = 0;      // so far: by advance(), and altogether
  Nanos filled = 0, handedOver = 0;  // the longest of this job

  CapturedFrame waiting;  // of the policy's job that waits
  ModelStatus counts;
  Latencies latencies;
  Nanos busy = 0;
};

}  // namespace schedule

struct Schedule::Impl {
  explicit Impl(ScheduleOptions chosen) : options(std::move(chosen)) {}
  ~Impl() { stop(); }

  // Before it runs.
  Result<void> check(const std::vector<ScheduledModel>& models) const;
  Result<void> measureAll(std::vector<ScheduledModel> models);
  Result<void> makeTasks();
  Result<void> loadAll();
  Result<void> loadWith(int arenas);
  int indexOf(std::string_view name) const;

  /// Evicts what it may, for a model to be loaded.
  Result<void> ensureLoaded(size_t model);
  bool evictOne(size_t butNot);

  // While it runs.
  void compute();
  void feed(const CapturedFrame& frame);
  Result<void> trigger(int model, std::string_view name, int crops);
  void stop();
  void expectTypicalTimes();
  void tell(const ScheduleEvent& event);
  std::vector<schedule::Task> tasksNow() const;

  ScheduleOptions options;
  std::unique_ptr<Runtime> runtime;  // outlives what is loaded
  std::vector<schedule::Member> members;
  std::vector<schedule::Task> tasks;  // as measured
  int arenas = 1;
  uint64_t uses = 0;

  mutable std::mutex mutex;
  std::unique_ptr<schedule::Policy> policy;
  schedule::Speed speed;
  bool stopping = false;
  std::condition_variable wake, rested;
  std::atomic<unsigned> changes = 0;  // of what the policy decides by
  std::optional<schedule::Clock::time_point> started;
  std::thread thread;
  std::mutex observing;

 private:
  using Lock = std::unique_lock<std::mutex>;
  void beginIfNew(int task);
  /// Pieces, until the job is done or something has changed; true when it is done.
  Result<bool> computePieces(int task, unsigned seen);
  Result<bool> computePiece(schedule::Member& member, int task);
  void ended(int task, Result<bool> outcome);
  void noteDone(schedule::Member& member, int task);
  void noteTimes(schedule::Member& member, int task);
  void noteDrops();
  void workOnce(Lock& lock);
};

}  // namespace minnow
