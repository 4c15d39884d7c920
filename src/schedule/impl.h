// A schedule's models, and the threads that compute them, one for each unit.
#pragma once

#include <array>
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
#include "schedule/pace.h"
#include "schedule/placement.h"
#include "schedule/policy.h"
#include "schedule/run.h"
#include "schedule/sampler.h"

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
/// A kind of unit: "cpu", or a device's name.
struct Kind {
  std::string backend;
  /// What was begun there cannot be interrupted.
  bool isDevice() const { return backend != "cpu"; }
};
/// `alikeArenas`: all arenas are as large as the model needs.
Result<Loaded> load(Runtime& runtime, const ScheduledModel& model, const Kind& kind,
                    bool alikeArenas);

/// What computes one model at a time.
struct UnitThread {
  std::string name;  ///< "cpu", "cpu 2", "cl"
  size_t kind = 0;
  Nanos busy = 0;
  std::thread thread{};
};

/// Times of a model that runs alone.
struct Measured {
  std::vector<Nanos> pieces;  ///< of the slowest run of a few: for admission
  Nanos typical = 0;          ///< of the middle one
  Nanos computed = 0;         ///< of that, without filling and handing over
};
/// Of runs, each with the times of its pieces; the first one, which touches pages and caches, does not count.
using TimesOfRuns = std::vector<std::vector<Nanos>>;
inline constexpr size_t kRunsMeasured = 8;
Measured measuredOf(TimesOfRuns runs, const Kind& kind);
Result<Measured> measure(Runtime& runtime, const ScheduledModel& model, const Kind& kind,
                         const CapturedFrame& example);

/// A model on a kind of unit.
struct Place {
  std::optional<Measured> measured;  ///< none where it is not to be computed
  std::unique_ptr<Loaded> loaded{};
  std::string leftOut{};  ///< why, where it was asked for and there is no room
};

/// All that there is of a model. The thread on which its job was begun alone has `run`, what it took, and
/// what is loaded; the schedule's mutex guards the rest, and what is loaded where no job was begun.
struct Member {
  Member(ScheduledModel of, double frameRate)
      : asked(std::move(of)), sampler(asked.rate, asked.every, frameRate) {}

  ScheduledModel asked;
  Sampler sampler;
  std::vector<Place> places{};  // by kind
  uint64_t lastUsed = 0;        // the greater the later
  Run run;
  ModelRun::Impl reach;
  Nanos computed = 0, took = 0;      // so far: by advance(), and altogether
  Nanos filled = 0, handedOver = 0;  // the longest of this job
  /// Since it was resized, while its time is not known: runs on its home so far, the last one under way.
  std::optional<TimesOfRuns> learning{};

  CapturedFrame waiting;  // of the policy's job that waits
  ModelStatus counts;
  Latencies latencies;
  std::vector<Nanos> busy{};  // by unit
};

}  // namespace schedule

struct Schedule::Impl {
  explicit Impl(ScheduleOptions chosen) : options(std::move(chosen)) {}
  ~Impl() { stop(); }

  // Before it runs.
  Result<void> check(const std::vector<ScheduledModel>& models) const;
  void makeUnits(const std::vector<ScheduledModel>& models);
  Result<Runtime> runtimeAlone() const;
  Result<void> measureAll(std::vector<ScheduledModel> models);
  Result<void> measure(Runtime& runtime, schedule::Member& member);
  Result<void> measureOn(Runtime& runtime, schedule::Member& member, size_t kind);
  static void giveBackUnused();
  void makeTasks();
  void place();
  Result<void> loadAll();
  bool leaveOutDevice(const Error& shortage);
  Result<void> loadOnUnits();
  Result<void> loadFewer();
  Result<void> loadWith(const schedule::Units& each);
  /// How the runtime's arenas serve what is begun. One unit ends first what it began last, so that the largest
  /// plan finds the largest arena: as many arenas as may be begun are enough. Several units do not, and a
  /// small plan may have the arena that a large one needs: then each model has its own, or, where that
  /// is too much, all are as large as the largest.
  enum class Arenas : uint8_t { AsBegun, Own, Alike };
  Result<void> loadWhereComputed(size_t model);
  void follow();
  int indexOf(std::string_view name) const;
  /// Of all units, with those of guests.
  int arenas() const;
  int sessions() const;

  /// Evicts what it may, for a model to be loaded. `loading` is held.
  Result<void> ensureLoaded(size_t model, size_t kind);
  bool evictOne(size_t butNot);

  // While it runs.
  void compute(int unit);
  void feed(const CapturedFrame& frame);
  Result<void> trigger(int model, std::string_view name, int crops);
  Result<void> resize(std::string_view name, InputShapes shapes);
  void stop();
  void tell(const ScheduleEvent& event);
  std::vector<schedule::Task> tasksNow() const;
  size_t kindOf(int unit) const { return units[unit].kind; }

  ScheduleOptions options;
  std::unique_ptr<Runtime> runtime;  // outlives what is loaded
  std::vector<schedule::Kind> kinds;
  std::vector<schedule::UnitThread> units;
  std::vector<schedule::Member> members;
  std::vector<schedule::Task> tasks;  // as measured
  schedule::Units wanted = 1;         // for what is begun, by unit
  schedule::Units room = 1;           // of those, as many as there is memory for
  Arenas arenasAre = Arenas::AsBegun;
  bool evicts = false;  // there is not room for all that is evictable
  uint64_t uses = 0;
  std::mutex loading;  // whoever loads or evicts holds it, and then `mutex` for a moment

  mutable std::mutex mutex;
  std::unique_ptr<schedule::Policy> policy;
  std::unique_ptr<schedule::Pace> pace;
  bool stopping = false;
  std::condition_variable wake, rested;
  std::atomic<unsigned> changes = 0;  // of what the policy decides by
  std::optional<schedule::Clock::time_point> started;
  std::mutex observing;

 private:
  using Lock = std::unique_lock<std::mutex>;
  void beginIfNew(int task);
  /// Pieces, until the job is done or something has changed; true when it is done.
  Result<bool> computePieces(int unit, int task, unsigned seen);
  Result<void> loadAgain(int unit, int task);
  Result<bool> computePiece(int unit, int task);
  void ended(int unit, int task, Result<bool> outcome);
  void noteDone(int unit, int task);
  Result<void> reload(int task, std::vector<std::pair<std::string, Shape>> shapes);
  void noteTimes(int unit, int task);
  void learn(int unit, int task);
  void noteDrops();
  void changed();
  /// False where there was nothing to do.
  bool workOnce(int unit, Lock& lock);
};

}  // namespace minnow
