// One run of a session, and the tensors that it reads and writes.
#include <algorithm>

#include "base/fail.h"
#include "base/guarded.h"
#include "runtime/impl.h"

namespace minnow {

void Frame::Impl::use(Session::Impl& of, std::shared_ptr<const program::Program> program) {
  session = &of;
  const size_t count =
      std::max(static_cast<size_t>(program->strips.mostBands()), program->mostLanes());
  const bool inWays = count > 1 || !program->lanes.empty();
  bindings.emplace(std::move(program));
  runner.emplace(*bindings);
  if (inWays) ways.assign(count, {*runner, {}});
}

size_t Frame::Impl::heapBytes() const {
  size_t bytes = bindings->heapBytes() + runner->heapBytes() + ways.capacity() * sizeof(Way);
  for (const Way& way : ways) bytes += way.runner.heapBytes();
  return bytes;
}

Frame::Frame(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Frame::Frame(Frame&&) noexcept = default;

Frame& Frame::operator=(Frame&& other) noexcept {
  Frame ended(std::move(*this));
  impl_ = std::move(other.impl_);
  return *this;
}

Frame::~Frame() {
  if (impl_) impl_->session->giveBack(*impl_);
}

namespace {

std::string listed(std::span<const TensorInfo> infos) {
  std::string names;
  for (const TensorInfo& info : infos) names += (names.empty() ? "" : ", ") + info.name;
  return names;
}

/// A view that tests false; `words` keeps what it says. Asked for was a name or an index.
TensorView none(const char* kind, std::span<const TensorInfo> infos, const auto& asked,
                std::string& words) {
  auto why = guarded(kind, [&]() -> Result<void> {
    return fail(ErrorCode::NotFound, "the model has no ", kind, " '", asked,
                "'; it has: ", listed(infos));
  });
  words = std::move(why.error().message);
  TensorView view;
  view.missing = words.c_str();
  return view;
}

/// The number of infos where there is none of that name.
size_t indexOf(std::span<const TensorInfo> infos, std::string_view name) {
  return static_cast<size_t>(std::ranges::find(infos, name, &TensorInfo::name) - infos.begin());
}

}  // namespace

TensorView Frame::input(std::string_view name) const {
  const auto& infos = impl_->session->program().inputs;
  const size_t index = indexOf(infos, name);
  return index < infos.size() ? input(index) : none("input", infos, name, impl_->missing);
}
TensorView Frame::input(size_t index) const {
  const auto& infos = impl_->session->program().inputs;
  return index < infos.size() ? impl_->bindings->input(index)
                              : none("input", infos, index, impl_->missing);
}
TensorView Frame::output(std::string_view name) const {
  const auto& infos = impl_->session->program().outputs;
  const size_t index = indexOf(infos, name);
  return index < infos.size() ? output(index) : none("output", infos, name, impl_->missing);
}
TensorView Frame::output(size_t index) const {
  const auto& infos = impl_->session->program().outputs;
  return index < infos.size() ? impl_->bindings->output(index)
                              : none("output", infos, index, impl_->missing);
}

namespace {

using Clock = std::chrono::steady_clock;

/// Who wants to know of a run: callbacks, or an observer, or nobody.
struct Watch {
  const OpCallback &before, &after;
  const RunObserver& observer;
  bool callsBack() const { return before || after; }
  bool observes() const { return program::kHasPaths && observer; }
  void tell(const RunEvent& event) const {
    if (observes()) observer(event);
  }
};

/// In the engine's floating-point mode; callbacks run in the caller's.
Result<void> compute(runtime::Runner& runner, base::Team& team) {
  const base::DenormalsFlushed flushed;
  return runner.run(team);
}

/// The step that is open. Who observes it waits for it.
Result<void> runStep(runtime::Runner& runner, base::Team& team, const Watch& watch) {
  if (!watch.observes()) return compute(runner, team);
  if (auto ok = runner.finish(); !ok) return ok;
  RunEvent event;
  event.begin = Clock::now();
  if (auto ok = compute(runner, team); !ok) return ok;
  if (auto ok = runner.finish(); !ok) return ok;
  event.end = Clock::now();
  const ops::Rows rows = runner.rows();
  if (rows.axis != ops::Rows::kWhole) event.rowBegin = rows.begin, event.rowEnd = rows.end;
  event.step = runner.step();
  event.bands = runner.program().strips.bandsAt(static_cast<int>(event.step));
  watch.tell(event);
  return {};
}

/// With copies of what lies on a device.
Result<CallbackVerdict> callOnCopies(const OpCallback& callback, const OperatorInfo& info,
                                     const runtime::Runner& runner,
                                     std::span<const ir::ValueId> ids,
                                     std::span<TensorView> views) {
  runtime::Runner::OnHost copies;
  if (auto ok = copies.take(runner.bindings(), ids, views); !ok) return passOn(ok);
  const CallbackVerdict verdict = callback(info, views);
  if (auto ok = copies.giveBack(); !ok) return passOn(ok);
  return verdict;
}

/// Calls back for the step that is open, once all before it is done. A callback may take its time,
/// or run other frames: the team's threads are free meanwhile.
Result<void> call(const OpCallback& callback, runtime::Runner& runner, base::Team& team,
                  std::vector<TensorView> (runtime::Runner::*visible)() const,
                  ir::Ids ir::Node::* ids) {
  if (!callback) return {};
  if (auto ok = runner.finish(); !ok) return ok;
  const OperatorInfo info = runner.info();
  std::vector<TensorView> views = (runner.*visible)();
  team.rest();
  const bool onDevice = backend::kHasDevices && !runner.program().devices.empty();
  const auto verdict = onDevice ? callOnCopies(callback, info, runner, runner.node().*ids, views)
                                : Result<CallbackVerdict>(callback(info, views));
  if (!verdict) return passOn(verdict);
  if (*verdict == CallbackVerdict::Continue) return {};
  return fail(ErrorCode::Stopped, "a callback stopped the run at node '", info.name, "'");
}

/// Nothing may be under way in a frame that can go.
std::unexpected<Error> failedAt(runtime::Runner& runner, const Error& error) {
  (void)runner.finish();
  if (error.code == ErrorCode::Stopped) return std::unexpected(error);
  const ir::Node& node = runner.node();
  return fail(error.code, "node '", node.name, "' (", node.op->name(), "): ", error.message);
}

Result<void> tryHere(runtime::Runner& runner, base::Team& team, const Watch& watch) {
  if (auto ok = runner.open(watch.callsBack()); !ok) return ok;
  if (!runner.hasWork()) return {};
  if (auto ok =
          call(watch.before, runner, team, &runtime::Runner::visibleInputs, &ir::Node::inputs);
      !ok)
    return ok;
  if (auto ok = runStep(runner, team, watch); !ok) return ok;
  return call(watch.after, runner, team, &runtime::Runner::visibleOutputs, &ir::Node::outputs);
}

Result<void> runHere(runtime::Runner& runner, base::Team& team, const Watch& watch) {
  auto ok = tryHere(runner, team, watch);
  return ok ? ok : failedAt(runner, ok.error());
}

/// Goes on. Who observes it is told of a wait for another band's rows.
Result<void> advance(runtime::Runner& runner, const Watch& watch) {
  if (!watch.observes()) return runner.advance();
  constexpr std::chrono::microseconds kShort(10);
  RunEvent event;
  event.kind = RunEvent::Kind::Wait;
  event.step = runner.step();
  event.begin = Clock::now();
  auto ok = runner.advance();
  event.end = Clock::now();
  if (event.end - event.begin > kShort) watch.tell(event);
  return ok;
}

/// One band, by one thread.
Result<void> runBand(runtime::Runner& runner, size_t step, int band, const Watch& watch) {
  base::Team alone;
  for (runner.begin(step, band); !runner.isDone();) {
    if (auto ok = runHere(runner, alone, watch); !ok) return ok;
    if (auto ok = advance(runner, watch); !ok) return ok;
  }
  return runner.finish();
}

/// One lane, by one thread and those that join it in loops.
Result<void> runLane(runtime::Runner& runner, const program::Lane& lane, base::Team& team,
                     const Watch& watch) {
  for (runner.beginAt(lane.first); runner.step() < static_cast<size_t>(lane.end);) {
    if (auto ok = runHere(runner, team, watch); !ok) return ok;
    if (auto ok = runner.advance(); !ok) return ok;
  }
  return runner.finish();
}

/// Calls run(way) for `count` ways, which the team shares: in order, as members become free, and the
/// first is the leader's, who is there. Nobody counts on others to come.
template <class Run>
Result<void> runWays(Frame::Impl& frame, std::string_view source, base::Team& team, int count,
                     const Watch& watch, const Run& run) {
  if (auto ok = frame.runner->finish(); !ok) return ok;
  const size_t step = frame.runner->step();
  std::atomic<int> next = 0;
  Clock::time_point mine;
  team.together(count, [&](int member) {
    for (int way = member == 0 ? 0 : ++next; way < count; way = ++next)
      frame.ways[way].outcome = guarded(source, [&] { return run(way); });
    if (member == 0 && watch.observes()) mine = Clock::now();
  });
  if (watch.observes())
    watch.tell({.kind = RunEvent::Kind::Wait, .step = step, .begin = mine, .end = Clock::now()});
  for (int way = 0; way < count; ++way)
    if (!frame.ways[way].outcome) return std::exchange(frame.ways[way].outcome, {});
  return {};
}

/// The chain that begins here. Whoever runs a band may wait for the next one, so bands are taken from
/// the last one on.
Result<void> runBands(Frame::Impl& frame, std::string_view source, base::Team& team,
                      const Watch& watch) {
  const size_t step = frame.runner->step();
  const int count = frame.runner->bandsHere();
  for (std::atomic<int>& progress : frame.bindings->progress) progress = 0;
  auto ok = runWays(frame, source, team, count, watch, [&](int way) {
    const int band = count - 1 - way;
    runtime::Runner& runner = frame.ways[way].runner;
    auto done = guarded(source, [&] { return runBand(runner, step, band, watch); });
    if (!done) runner.giveUp();
    return done;
  });
  if (ok) frame.runner->skipChain();
  return ok;
}

/// The stage that begins here. Each lane has threads of its own, so the frame's go back to the pool.
Result<void> runStage(Frame::Impl& frame, std::string_view source, base::ThreadPool& pool,
                      base::Team& team, const Watch& watch) {
  const auto lanes = frame.bindings->program->lanesFrom(frame.runner->step());
  const int count = static_cast<int>(lanes.size());
  team.rest();
  base::Team drivers = pool.lease(count);
  auto ok = runWays(frame, source, drivers, count, watch, [&](int lane) {
    base::Team own = pool.lease(lanes[lane].threads);
    return runLane(frame.ways[lane].runner, lanes[lane], own, watch);
  });
  if (ok) frame.runner->beginAt(lanes[0].stageEnd);
  return ok;
}

/// One step, by no more threads than it was prepared for.
Result<void> runAlone(runtime::Runner& runner, base::ThreadPool& pool, base::Team& team,
                      const Watch& watch) {
  const program::Lane* lane = runner.program().laneAt(runner.step());
  if (!program::kHasPaths || lane == nullptr) return runHere(runner, team, watch);
  team.rest();
  base::Team own = pool.lease(lane->threads);
  return runHere(runner, own, watch);
}

/// What comes next, as far as nothing may go between: a stage, a chain's bands, or one step. Without
/// `inBands` the team shares every step of one band after another. Callbacks see one step after the
/// other, so with them no two bands run at a time, nor two lanes.
Result<void> runPiece(Frame::Impl& frame, std::string_view source, base::ThreadPool& pool,
                      base::Team& team, const Watch& watch, bool inBands) {
  runtime::Runner& runner = *frame.runner;
  if (program::kHasPaths && !watch.callsBack() &&
      !runner.program().lanesFrom(runner.step()).empty())
    return runStage(frame, source, pool, team, watch);
  if (inBands && runner.bandsHere() > 1) return runBands(frame, source, team, watch);
  if (auto ok = runAlone(runner, pool, team, watch); !ok) return ok;
  return runner.advance();
}

Result<void> runAll(Frame::Impl& frame, std::string_view source, base::ThreadPool& pool,
                    base::Team& team, const Watch& watch) {
  for (frame.runner->begin(); !frame.runner->isDone();)
    if (auto ok = runPiece(frame, source, pool, team, watch, !watch.callsBack()); !ok) return ok;
  return frame.runner->finish();
}

/// Pieces up to and with the first that computes anything, and those behind it that do not. A chain in
/// bands may be most of a model, and would be one piece.
Result<void> runComputing(Frame::Impl& frame, std::string_view source, base::ThreadPool& pool,
                          base::Team& team) {
  const runtime::Runner& runner = *frame.runner;
  for (bool computed = false; !runner.isDone() && !(computed && runner.computes());) {
    computed |= runner.computes();
    if (auto ok = runPiece(frame, source, pool, team, {{}, {}, {}}, false); !ok) return ok;
  }
  return {};
}

Result<void> runWatched(Frame::Impl& frame, const Watch& watch) {
  const Interpreter::Impl& model = *frame.session->model;
  return guarded(model.source, [&]() -> Result<void> {
    frame.underWay = false;
    frame.bindings->forgetActualSizes();
    base::ThreadPool& pool = model.runtime->threads;
    base::Team team = pool.lease(model.runtime->options.threads);
    return runAll(frame, model.source, pool, team, watch);
  });
}

}  // namespace

Result<void> Frame::run() { return runWatched(*impl_, {{}, {}, {}}); }

Result<bool> Frame::advance() {
  Impl& frame = *impl_;
  const Interpreter::Impl& model = *frame.session->model;
  return guarded(model.source, [&]() -> Result<bool> {
    if (!std::exchange(frame.underWay, false)) {
      frame.bindings->forgetActualSizes();
      frame.runner->begin();
    }
    base::ThreadPool& pool = model.runtime->threads;
    base::Team team = pool.lease(model.runtime->options.threads);
    if (auto ok = runComputing(frame, model.source, pool, team); !ok) return passOn(ok);
    frame.underWay = !frame.runner->isDone();
    if (frame.underWay) return false;
    if (auto ok = frame.runner->finish(); !ok) return passOn(ok);
    return true;
  });
}

Result<void> Frame::runWithCallback(const OpCallback& before, const OpCallback& after) {
  return runWatched(*impl_, {before, after, {}});
}

Result<void> Frame::runObserved(const RunObserver& observer) {
  if (!program::kHasPaths)
    return fail(ErrorCode::Unsupported,
                "this build tells nobody of its runs; -DMINNOW_PATHS=ON builds one that does");
  return runWatched(*impl_, {{}, {}, observer});
}

}  // namespace minnow
