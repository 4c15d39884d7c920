// Paths by measuring: what can run side by side is tried, and kept if it is faster.
#include <algorithm>
#include <limits>
#include <mutex>
#include <set>

#include "base/fail.h"
#include "base/guarded.h"
#include "planning/order.h"
#include "runtime/backends.h"
#include "runtime/impl.h"

namespace minnow {
namespace {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::duration<double, std::milli>;

/// Milliseconds for lanes to begin and to meet, by estimate.
constexpr double kMeeting = 0.02;
/// Runs with a look at every step; and runs in turns, as many as there is time for.
constexpr int kLooks = 3, kLeastTurns = 5, kMostTurns = 40;
constexpr double kMsForTurns = 400;
/// What paths have to take of one path's time, so that noise alone does not choose them.
constexpr double kWorthIt = 0.98;

/// Inputs of no meaning: zeros, and numbers around one half for floats.
void fillInputs(Frame& frame, std::span<const TensorInfo> inputs) {
  for (size_t i = 0; i < inputs.size(); ++i) {
    const TensorView to = frame.input(i);
    std::vector<std::byte> elements(static_cast<size_t>(to.elements()) * elementSize(to.type) + 1);
    if (to.type == DataType::Float32) {
      auto* floats = reinterpret_cast<float*>(elements.data());
      for (int64_t e = 0; e < to.elements(); ++e) floats[e] = 0.25F + 0.0625F * (e % 9);
    }
    copyTensor({{to.type, to.shape, plainStrides(to.shape)}, elements.data()}, to);
  }
}

/// Milliseconds of one run.
Result<double> timed(Session& session, const RunObserver& observer = {}) {
  auto frame = session.begin();
  if (!frame) return passOn(frame);
  fillInputs(*frame, session.inputs());
  const auto begin = Clock::now();
  if (auto ok = observer ? frame->runObserved(observer) : frame->run(); !ok) return passOn(ok);
  return Millis(Clock::now() - begin).count();
}

/// By step, milliseconds of all its rows, one after another, in the quickest of some runs.
Result<std::vector<double>> stepTimes(Session& session, size_t steps) {
  std::vector<double> best(steps, std::numeric_limits<double>::max());
  for (int look = 0; look < kLooks; ++look) {
    std::mutex mutex;
    std::vector<double> times(steps, 0);
    const auto ran = timed(session, [&](const RunEvent& event) {
      const std::lock_guard lock(mutex);
      if (event.kind == RunEvent::Kind::Step)
        times[event.step] += Millis(event.end - event.begin).count() / event.bands;
    });
    if (!ran) return passOn(ran);
    for (size_t s = 0; s < steps; ++s) best[s] = std::min(best[s], times[s]);
  }
  return best;
}

double sumOf(const std::vector<double>& times) {
  double sum = 0;
  for (const double one : times) sum += one;
  return sum;
}

/// Nodes of a model that would be a lane.
using Part = std::vector<int>;

class Chooser {
 public:
  Chooser(const Interpreter& model, const ir::Graph& graph, const SessionOptions& options,
          InputShapes shapes, int threads)
      : model_(model), graph_(graph), shapes_(shapes), threads_(threads) {
    choice_.options = options;
    choice_.options.autoPaths = false;
  }

  Result<PathChoice> run() {
    if (!choice_.options.paths.empty())
      return fail(ErrorCode::InvalidArgument,
                  "a session either is told its paths or finds them (autoPaths); give one of both");
    const auto added = add("one path", choice_.options, 0);
    if (!added) return passOn(added);
    auto times = looked();
    if (!times) return passOn(times);
    if (auto ok = tryOthers(std::move(*times)); !ok) return passOn(ok);
    if (auto ok = measure(); !ok) return passOn(ok);
    choice_.options = candidates_[choice_.chosen].options;
    return std::move(choice_);
  }

 private:
  struct Candidate {
    SessionOptions options;
    std::optional<Session> session;
  };

  /// Of the list, with what each step took there where the rest is on the CPU.
  struct Device {
    std::string_view name;
    size_t candidate;
    std::vector<double> times;
  };

  std::vector<OperatorInfo> operatorsOf(size_t candidate) const {
    return candidates_[candidate].session->operators();
  }

  Result<void> add(std::string what, SessionOptions options, double predictedMs) {
    SessionOptions small = options;
    small.frames = 1;
    auto session = model_.createSession(small, shapes_);
    if (!session) return passOn(session);
    candidates_.push_back({std::move(options), std::move(*session)});
    choice_.tried.push_back({std::move(what), predictedMs, 0});
    return {};
  }

  /// Times of the last candidate's steps, which predict its own.
  Result<std::vector<double>> looked() {
    auto times = stepTimes(*candidates_.back().session, operatorsOf(candidates_.size() - 1).size());
    if (times) choice_.tried.back().predictedMs = sumOf(*times);
    return times;
  }

  /// False where there is no room for it: then it is not tried.
  static Result<bool> hasRoom(const Result<void>& added) {
    if (added) return true;
    if (added.error().code == ErrorCode::OutOfMemory) return false;
    return passOn(added);
  }

  /// One path on a single unit; none where there is no room.
  Result<std::vector<double>> tryAlone(std::string_view backend) {
    SessionOptions alone = choice_.options;
    alone.backend = backend, alone.backups = "";
    const std::string_view where = isOnDevice(backend) ? backend : "the CPU";
    const auto room = hasRoom(add(text("one path on ", where), alone, 0));
    if (!room) return passOn(room);
    return *room ? looked() : Result<std::vector<double>>();
  }

  /// Every device of the list by itself. `first` are times of the first candidate's steps.
  Result<void> tryDevices(const std::vector<double>& first) {
    auto list = devicesNamed(choice_.options.backend, choice_.options.backups);
    std::erase_if(list, [](const backend::Backend* device) { return !isHere(*device); });
    for (const backend::Backend* device : list) {
      auto times = list.size() == 1 ? first : tryAlone(device->name());
      if (!times) return passOn(times);
      if (!times->empty())
        devices_.push_back({device->name(), candidates_.size() - 1, std::move(*times)});
    }
    return {};
  }

  Result<void> tryOthers(std::vector<double> alone) {
    if (auto ok = tryDevices(alone); !ok) return ok;
    if (isOnDevice(choice_.options.backend)) {
      auto onCpu = tryAlone("cpu");
      if (!onCpu) return passOn(onCpu);
      alone = std::move(*onCpu);
    }
    if (threads_ < 2 || alone.size() != graph_.nodes.size()) return {};
    SessionOptions cpu = choice_.options;
    cpu.backend = "cpu", cpu.backups = "";
    const auto beside = timesOnOneThread(cpu);
    if (!beside) return passOn(beside);
    if (beside->empty()) return {};
    const planning::Order order =
        planning::orderInLanes(graph_, alone, *beside, kMeeting, threads_);
    return order.stages.empty() ? Result<void>() : tryParts(cpu, order, alone, *beside);
  }

  /// By node; none where there is no room.
  Result<std::vector<double>> timesOnOneThread(SessionOptions options) const {
    PathOptions all{.to = graph_.outputNames, .threads = 1};
    options.paths = {std::move(all)};
    options.frames = 1;
    auto session = model_.createSession(options, shapes_);
    if (!session && session.error().code == ErrorCode::OutOfMemory) return std::vector<double>();
    if (!session) return passOn(session);
    const auto times = stepTimes(*session, graph_.nodes.size());
    if (!times) return passOn(times);
    return *times;
  }

  /// Lanes on the CPU; and the largest of them in turn on each device.
  Result<void> tryParts(const SessionOptions& cpu, const planning::Order& order,
                        const std::vector<double>& alone, const std::vector<double>& beside) {
    const std::vector<std::vector<Part>> stages = partsOf(order);
    double rest = 0;
    for (size_t n = 0; n < alone.size(); ++n) rest += order.stageOf[n] < 0 ? alone[n] : 0;
    const auto tried = [&](const Part* there, const Device* device) {
      double predicted = rest;
      SessionOptions options = cpu;
      for (const auto& stage : stages) {
        double longest = 0;
        for (const Part& part : stage) {
          const bool isThere = &part == there;
          options.paths.push_back(pathOf(part, isThere ? device->name : "cpu"));
          longest = std::max(longest, isThere ? timeOn(*device, part) : timeOf(part, beside));
        }
        predicted += longest + kMeeting;
      }
      return addPaths(std::move(options), predicted, there, device);
    };
    if (auto ok = tried(nullptr, nullptr); !ok) return ok;
    for (const Part* part : largestOf(stages, beside))
      for (const Device& device : devices_)
        if (auto ok = tried(part, &device); !ok) return ok;
    return {};
  }

  /// That are tried on devices: those with most to do.
  static std::vector<const Part*> largestOf(const std::vector<std::vector<Part>>& stages,
                                            const std::vector<double>& times) {
    constexpr size_t kMostParts = 3;
    std::vector<const Part*> largest;
    for (const auto& stage : stages)
      for (const Part& part : stage) largest.push_back(&part);
    std::ranges::sort(largest, std::greater<>(),
                      [&](const Part* part) { return timeOf(*part, times); });
    largest.resize(std::min(largest.size(), kMostParts));
    return largest;
  }

  /// Unless there is no room, or the device computes nothing of the part.
  Result<void> addPaths(SessionOptions options, double predictedMs, const Part* there,
                        const Device* device) {
    const std::string what =
        there ? text("paths, '", graph_.nodes[there->back()].name, "' on ", device->name)
              : "paths on the CPU";
    const auto room = hasRoom(add(what, std::move(options), predictedMs));
    if (!room) return passOn(room);
    if (!*room || there == nullptr) return {};
    const auto isThere = [&](const OperatorInfo& op) { return op.backend == device->name; };
    if (std::ranges::none_of(operatorsOf(candidates_.size() - 1), isThere))
      candidates_.pop_back(), choice_.tried.pop_back();
    return {};
  }

  std::vector<std::vector<Part>> partsOf(const planning::Order& order) const {
    std::vector<std::vector<Part>> stages(order.stages.size());
    for (size_t n = 0; n < order.stageOf.size(); ++n) {
      if (order.stageOf[n] < 0) continue;
      std::vector<Part>& lanes = stages[static_cast<size_t>(order.stageOf[n])];
      const auto lane = static_cast<size_t>(order.laneOf[n]);
      if (lanes.size() <= lane) lanes.resize(lane + 1);
      lanes[lane].push_back(static_cast<int>(n));
    }
    for (auto& lanes : stages) std::erase_if(lanes, [](const Part& part) { return part.empty(); });
    return stages;
  }

  static double timeOf(const Part& part, const std::vector<double>& times) {
    double sum = 0;
    for (const int n : part) sum += times[static_cast<size_t>(n)];
    return sum;
  }

  /// As the device took for it, with what crosses at its ends.
  double timeOn(const Device& device, const Part& part) const {
    std::set<std::string_view> written, touched;
    for (const int n : part) {
      for (const ir::ValueId id : graph_.nodes[n].outputs)
        if (id != ir::kNoValue) written.insert(graph_.values[id].name);
      for (const ir::ValueId id : graph_.nodes[n].inputs)
        if (id != ir::kNoValue) touched.insert(graph_.values[id].name);
    }
    touched.insert(written.begin(), written.end());
    double sum = 0;
    for (const OperatorInfo& op : operatorsOf(device.candidate)) {
      const auto outputs = candidates_[device.candidate].session->operands(op.index).outputs;
      if (!outputs.empty() && (op.crosses() ? touched : written).contains(outputs[0].name))
        sum += device.times[op.index];
    }
    return sum;
  }

  /// From the operators that read nothing of the part to those of which it reads nothing, by names
  /// of what they write.
  PathOptions pathOf(const Part& part, std::string_view backend) const {
    const std::vector<int> producers = graph_.producers();
    const auto isOwn = [&](int n) { return std::ranges::binary_search(part, n); };
    std::set<int> begins(part.begin(), part.end()), ends = begins;
    for (const int n : part)
      for (const ir::ValueId id : graph_.nodes[n].inputs)
        if (id != ir::kNoValue && producers[id] >= 0 && isOwn(producers[id]))
          begins.erase(n), ends.erase(producers[id]);
    PathOptions path{.to = {}, .from = {}, .backend = std::string(backend)};
    for (const int n : begins) path.from.push_back(nameOf(n));
    for (const int n : ends) path.to.push_back(nameOf(n));
    return path;
  }

  std::string nameOf(int node) const {
    for (const ir::ValueId id : graph_.nodes[node].outputs)
      if (id != ir::kNoValue) return graph_.values[id].name.str();
    return graph_.nodes[node].name.str();
  }

  const PathChoice::Tried& best() const {
    return *std::ranges::min_element(choice_.tried, {}, &PathChoice::Tried::measuredMs);
  }

  /// In turns, so that what else the machine does falls on all. What takes a multiple of the best's
  /// time has no more of them.
  Result<void> measure() {
    constexpr double kMost = std::numeric_limits<double>::max(), kHopeless = 2;
    for (auto& tried : choice_.tried) tried.measuredMs = kMost;
    const auto begin = Clock::now();
    const double most = kMsForTurns * static_cast<double>(candidates_.size());
    for (int turn = -1; turn < kMostTurns; ++turn) {
      if (turn > kLeastTurns && Millis(Clock::now() - begin).count() > most) break;
      const double limit = turn > 1 ? kHopeless * best().measuredMs : kMost;
      for (size_t c = 0; c < candidates_.size(); ++c) {
        if (choice_.tried[c].measuredMs > limit) continue;
        const auto ms = timed(*candidates_[c].session);
        if (!ms) return passOn(ms);
        if (turn >= 0) choice_.tried[c].measuredMs = std::min(choice_.tried[c].measuredMs, *ms);
      }
    }
    for (size_t c = 1; c < choice_.tried.size(); ++c)  // one path before several
      if (choice_.tried[c].measuredMs <= kWorthIt * choice_.tried[choice_.chosen].measuredMs)
        choice_.chosen = c;
    return {};
  }

  const Interpreter& model_;
  const ir::Graph& graph_;
  InputShapes shapes_;
  int threads_;
  std::vector<Candidate> candidates_;  // beside PathChoice::tried
  std::vector<Device> devices_;
  PathChoice choice_;
};

}  // namespace

Result<PathChoice> Interpreter::choosePaths(const SessionOptions& options,
                                            InputShapes shapes) const {
  return guarded(impl_->source, [&]() -> Result<PathChoice> {
    if (!program::kHasPaths)
      return fail(ErrorCode::Unsupported,
                  "this build computes a model as one path; -DMINNOW_PATHS=ON builds for more");
    const RuntimeOptions& of = impl_->runtime->options;
    const auto list = backendsAsked(options.backend, options.backups, of.kernelCache);
    if (!list) return passOn(list);
    SessionOptions asked = options;
    asked.backend = list->front()->name();  // which stays: the caller's words may go
    asked.backups = namesBehind(*list);
    return Chooser(*this, impl_->graph, asked, shapes, of.threads).run();
  });
}

}  // namespace minnow
