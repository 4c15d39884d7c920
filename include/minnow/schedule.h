// Many models on camera streams, each at its own rate, on a machine that may not keep up with all.
//
//   std::vector<minnow::ScheduledModel> models{
//       {.name = "signs", .file = "signs.minnow", .rate = 15, .deadlineMs = 50, .priority = 2,
//        .fill = [](minnow::ModelRun& run) { return fillFrom(run.captured(), run.frame()); },
//        .done = [](minnow::ModelRun& run) { return take(run.frame()); }},
//       {.name = "road", .file = "road.minnow", .rate = 5, ...}};
//   auto schedule = orExit(minnow::Schedule::create(std::move(models), {.memoryBudget = 64 << 20}));
//   for (const auto& admission : schedule.admission()) ...  // what will miss, and which rate would hold
//   orExit(schedule.start());
//   while (camera.next(picture)) schedule.feed({.captured = now, .picture = picture});
//
// A unit is a core or a few of them, or a device, and computes one model at a time; `cpuUnits` says how
// many there are of the first kind, and a device that a model names is one more. On cores it goes from
// one model to another between the pieces of a run (Frame::advance), so that an urgent model waits for one
// piece of another and never for a whole inference. The most urgent goes first: greatest priority, then
// earliest deadline. Each model has a unit for which its promise is made, and may be computed on another
// one that has nothing to do. Where the machine is too slow, the newest frames are kept, the lowest priority
// loses frames first, and every frame that a model loses is counted with its reason
// (docs/scheduling.md).
//
// There is no Schedule in libraries that were built with MINNOW_SCHEDULE=OFF, as those for devices are
// unless they ask for it.
#pragma once

#include <array>
#include <chrono>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <memory>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minnow/runtime.h"

#pragma GCC visibility push(default)

namespace minnow {

/// A frame of a stream.
struct CapturedFrame {
  std::chrono::steady_clock::time_point captured = {};  ///< latencies and deadlines begin here
  /// Whatever the application wants its callbacks to see; kept until no model needs the frame.
  std::shared_ptr<const void> picture = {};
  uint64_t number = 0;
  int stream = 0;
};

/// A model's inference for one frame, or for one crop of it, as callbacks see it. They run on the
/// thread that computes; the time that they take counts as the model's. With several units callbacks of
/// different models may run at a time, those of one model never.
class ModelRun {
 public:
  Frame& frame() { return *frame_; }
  /// The model's, as Session::inputs() has them.
  std::span<const TensorInfo> inputs() const { return inputs_; }
  const CapturedFrame& captured() const { return *captured_; }
  /// From 0 on, of a model with `of`; else 0.
  int crop() const { return crop_; }
  /// For `done`: a model whose `of` is this one is to run on `crops` crops of this frame; those beyond
  /// its mostCrops are counted as dropped. NotFound where there is no such model.
  Result<void> trigger(std::string_view model, int crops);

  struct Impl;

 private:
  friend struct Impl;
  Frame* frame_ = nullptr;
  std::span<const TensorInfo> inputs_;
  const CapturedFrame* captured_ = nullptr;
  int crop_ = 0;
  Impl* impl_ = nullptr;
};

struct ScheduledModel {
  std::string name;
  std::filesystem::path file = {};        ///< a .minnow file; or
  std::span<const std::byte> bytes = {};  ///< one in memory, as for Interpreter::createFromBuffer
  std::vector<std::pair<std::string, Shape>> shapes = {};  ///< as for createSession
  /// Units that may compute it: "cl,cpu" for a device or the cores, whichever is better, as measured. One
  /// that this machine does not have is left out; where nothing is left the CPU computes. What a device's
  /// session does not compute there its thread does (SessionOptions::backend).
  std::string backend = "cpu", backups = "";
  int stream = 0;
  double rate = 0;  ///< frames a second, no more than its stream has; 0:
  int every = 1;    ///< every n-th frame
  /// After capture; of a model with `of`, after it was triggered. 0: deadlineFactor times its time
  /// alone; both 0: the time between two of its frames.
  double deadlineMs = 0;
  double deadlineFactor = 0;
  int priority = 0;     ///< the greater goes first
  std::string of = {};  ///< the model on whose results it runs: instead of a rate
  int mostCrops = 1;    ///< of one frame, where there is `of`
  bool evictable =
      false;  ///< may be unloaded where memory is short, and loaded again for its frame
  std::function<Result<void>(ModelRun&)> fill = {};  ///< writes the inputs
  std::function<Result<void>(ModelRun&)> done = {};  ///< reads the outputs
};

enum class DropReason : uint8_t {
  Newer,    ///< a newer frame came before the model had begun with it
  Late,     ///< it could not have been in time any more
  Memory,   ///< the model did not fit beside those that were loaded
  Failed,   ///< a callback or the run failed: ModelStatus::lastError
  Stopped,  ///< the schedule was stopped
  Crops,    ///< more crops were found than the model may have of a frame
};
inline constexpr size_t kDropReasons = 6;
/// "newer", "late", "memory", "failed", "stopped", "crops"
const char* dropReasonName(DropReason reason);

/// For timelines. `model` is an index into the models.
struct ScheduleEvent {
  enum class Kind : uint8_t {
    Fed,    ///< a frame came, at `begin`
    Piece,  ///< of a model's run was computed
    Done,   ///< the model is done with the frame
    Drop,
    Load,   ///< the model was loaded
    Speed,  ///< the unit's speed is another: `speed`
  };
  Kind kind = Kind::Piece;
  int model = -1;
  int unit = 0;  ///< index into ScheduleStatus::units; of what a unit does
  uint64_t frame = 0;
  std::chrono::steady_clock::time_point begin = {}, end = {};
  DropReason reason = DropReason::Newer;
  int count = 1;        ///< of crops that were dropped
  bool missed = false;  ///< done after its deadline
  double speed = 1;
};

/// How the next job is chosen. All but the first are others' ways, for measuring beside them: they know
/// no priorities, and nothing goes between the pieces of a run; admission's promises are not theirs.
enum class ScheduleRule : uint8_t {
  Urgency,      ///< greatest priority, then earliest deadline
  LeastSlack,   ///< what has least time to spare; Band's, MobiSys 2022
  LongestTask,  ///< what takes longest; Band's HEFT
  RoundRobin,
};

struct ScheduleOptions {
  int threads = 1;   ///< of each unit
  int cpuUnits = 1;  ///< that compute a model each, side by side
  ScheduleRule rule = ScheduleRule::Urgency;
  size_t memoryBudget = 0;                ///< as RuntimeOptions has it
  std::string kernelCache = {};           ///< as RuntimeOptions has it
  std::vector<double> frameRates = {30};  ///< of streams, frames a second
  /// Runs that may be begun at a time on each unit: 0 for as many as are of use, so that one more would let no
  /// model keep a deadline that it does not keep anyway, or the most of these that the budget allows. With fewer,
  /// models that are about as urgent are computed one after another, those of different priorities last.
  int concurrency = 0;
  /// For measuring, before the first real one. Without a picture, inputs are 0 and `fill` is not
  /// measured before it runs.
  CapturedFrame example = {};
  /// Called on the threads that compute and feed, not on two at a time, and in a hurry: it takes notes
  /// and calls nothing of the schedule.
  std::function<void(const ScheduleEvent&)> observer = {};
};

/// What is known of a model before, and while, it runs. Milliseconds.
struct Admission {
  std::string model;
  double rate = 0;          ///< asked for, frames a second
  double aloneMs = 0;       ///< the slowest of a few runs; all crops
  double preemptionMs = 0;  ///< its longest piece: so long an urgent model waits for it
  double deadlineMs = 0;
  double responseMs =
      0;                 ///< from capture (or being triggered) to done, at most; infinity: no bound
  double captureMs = 0;  ///< the same from the capture on, of what is triggered too
  /// It, and all others of its priority, keep their deadlines, as long as the machine is as fast as
  /// measured and frames come as their stream's rate says. What is less urgent cannot change that.
  bool holds = false;
  /// Where all models of its priority ask for as much less as it does, those above have their rates, and
  /// those that hold at no rate are left out; 0: it is one of them.
  double rateThatHolds = 0;
  int unit = 0;  ///< for which all this is said: an index into ScheduleStatus::units
  /// It is evictable, and the budget has not room for all: its frames wait until it is loaded again, or
  /// are dropped (Dropped::Memory) where others compute. No time counts that, so it does not hold.
  bool mayLeave = false;
  /// It was resized, and its first runs since then are not computed: its times are those of before. As
  /// long as there is such a model, none holds.
  bool isLearning = false;
  /// Devices that it names and that have no room for it, each with the reason: others compute it.
  std::vector<std::pair<std::string, std::string>> leftOut = {};
};

struct ModelStatus {
  std::string model;
  double rate = 0;                           ///< asked for
  uint64_t asked = 0, done = 0, missed = 0;  ///< frames; missed: done after the deadline
  uint64_t crops = 0;                        ///< that were done
  std::array<uint64_t, kDropReasons> dropped{};
  uint64_t underWay = 0;                      ///< asked = done + dropped (but for crops) + underWay
  uint64_t loads = 0;                         ///< after the first
  double latencyP50Ms = 0, latencyP99Ms = 0;  ///< from capture to done, to 1 %
  double share = 0;                           ///< of the time since start(), of all units
  std::vector<double> shares;                 ///< of each unit
  std::string lastError;
};

struct UnitStatus {
  std::string name;  ///< "cpu", "cpu 2", "cl"
  double share = 0;  ///< of the time since start() in which it computed
  /// By the last few hundred milliseconds of computing: 1 as measured, 0.5 where everything takes twice
  /// as long.
  double speed = 1;
};

struct ScheduleStatus {
  double seconds = 0;  ///< since start()
  double speed = 1;    ///< of the unit that is slowest beside what was measured
  std::vector<UnitStatus> units;
  std::vector<ModelStatus> models;
  LedgerReport memory;
};

class Schedule {
 public:
  /// Loads the models, measures each alone, and finds out what will hold. Refused where a name or a rate
  /// makes no sense, and where the models do not fit into the budget: then it says which one did not.
  static Result<Schedule> create(std::vector<ScheduledModel> models,
                                 const ScheduleOptions& options = {});
  Schedule(Schedule&&) noexcept;
  Schedule& operator=(Schedule&&) noexcept;
  ~Schedule();

  /// With the speed that the machine has now.
  std::vector<Admission> admission() const;
  const Runtime& runtime() const;
  /// Runs that may be begun at a time, and as many as would be of use, of all units.
  int concurrency() const;
  int concurrencyWanted() const;

  /// Begins to compute. Once.
  Result<void> start();
  /// A frame has come; returns at once. Of several threads one at a time for each stream.
  void feed(const CapturedFrame& frame);
  /// Waits for what is under way or waits for its turn.
  void drain();
  /// Gives inputs of a model other shapes, as Session::resizeInputs has it, before the schedule starts or while it
  /// runs: the model leaves between two of its frames and comes back, which takes as long as loading; frames that
  /// come meanwhile wait, the newest. Its deadline stays; what it takes now is measured by its next eight runs.
  /// Where that cannot be, or does not fit into the budget, it stays as it was. Not to be called by callbacks.
  Result<void> resize(std::string_view model, InputShapes shapes);
  /// Drops what waits, ends what was begun, and then computes nothing any more.
  void stop();
  ScheduleStatus status() const;

  struct Impl;

 private:
  explicit Schedule(std::unique_ptr<Impl> impl);
  std::unique_ptr<Impl> impl_;
};

}  // namespace minnow

#pragma GCC visibility pop
