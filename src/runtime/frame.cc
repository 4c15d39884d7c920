// One run of a session, and the tensors that it reads and writes.
#include <algorithm>

#include "base/fail.h"
#include "base/guarded.h"
#include "runtime/impl.h"

namespace minnow {

void Frame::Impl::use(Session::Impl& of, std::shared_ptr<const program::Program> program) {
  session = &of;
  const auto count = static_cast<size_t>(program->strips.mostBands());
  bindings.emplace(std::move(program));
  runner.emplace(*bindings);
  if (count > 1) bands.assign(count, {*runner, {}});
}

size_t Frame::Impl::heapBytes() const {
  size_t bytes = bindings->heapBytes() + runner->heapBytes() + bands.capacity() * sizeof(Band);
  for (const Band& band : bands) bytes += band.runner.heapBytes();
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

/// A view that tests false; `words` keeps what it says.
TensorView none(const char* kind, std::span<const TensorInfo> infos, TextPart asked,
                std::string& words) {
  auto why = guarded(kind, [&]() -> Result<void> {
    std::string names;
    for (const TensorInfo& info : infos) names += (names.empty() ? "" : ", ") + info.name;
    return fail(ErrorCode::NotFound, "the model has no ", kind, " '", asked, "'; it has: ", names);
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

/// In the engine's floating-point mode; callbacks run in the caller's.
Result<void> runStep(runtime::Runner& runner, base::Team& team) {
  const base::DenormalsFlushed flushed;
  return runner.run(team);
}

/// With copies of what lies on a device.
Result<CallbackVerdict> callOnCopies(const OpCallback& callback, const OperatorInfo& info,
                                     const runtime::Runner& runner,
                                     std::span<const ir::ValueId> ids,
                                     std::span<TensorView> views) {
  runtime::Runner::OnHost copies;
  if (auto ok = copies.take(runner.bindings(), ids, views); !ok) return std::unexpected(ok.error());
  const CallbackVerdict verdict = callback(info, views);
  if (auto ok = copies.giveBack(); !ok) return std::unexpected(ok.error());
  return verdict;
}

/// Calls back for the step that is open, once all before it is done. A callback may take its time,
/// or run other frames: the team's threads are free meanwhile.
Result<void> call(const OpCallback& callback, runtime::Runner& runner, base::Team& team,
                  std::vector<TensorView> (runtime::Runner::*visible)() const,
                  std::vector<ir::ValueId> ir::Node::* ids) {
  if (!callback) return {};
  if (auto ok = runner.finish(); !ok) return ok;
  const OperatorInfo info = runner.info();
  std::vector<TensorView> views = (runner.*visible)();
  team.rest();
  const bool onDevice = backend::kHasDevices && runner.program().device != nullptr;
  const auto verdict = onDevice ? callOnCopies(callback, info, runner, runner.node().*ids, views)
                                : Result<CallbackVerdict>(callback(info, views));
  if (!verdict) return std::unexpected(verdict.error());
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

Result<void> tryHere(runtime::Runner& runner, base::Team& team, const OpCallback& before,
                     const OpCallback& after) {
  if (auto ok = runner.open(before || after); !ok) return ok;
  if (!runner.hasWork()) return {};
  if (auto ok = call(before, runner, team, &runtime::Runner::visibleInputs, &ir::Node::inputs); !ok)
    return ok;
  if (auto ok = runStep(runner, team); !ok) return ok;
  return call(after, runner, team, &runtime::Runner::visibleOutputs, &ir::Node::outputs);
}

Result<void> runHere(runtime::Runner& runner, base::Team& team, const OpCallback& before,
                     const OpCallback& after) {
  auto ok = tryHere(runner, team, before, after);
  return ok ? ok : failedAt(runner, ok.error());
}

/// One band, by one thread.
Result<void> runBand(runtime::Runner& runner, size_t step, int band) {
  base::Team alone;
  for (runner.begin(step, band); !runner.isDone();) {
    if (auto ok = runHere(runner, alone, {}, {}); !ok) return ok;
    if (auto ok = runner.advance(); !ok) return ok;
  }
  return runner.finish();
}

/// The chain that begins here, its bands shared among the team. Whoever runs a band may wait for the
/// next one, so bands are taken from the last one on, and the leader, who is there, has that.
Result<void> runBands(Frame::Impl& frame, std::string_view source, base::Team& team) {
  if (auto ok = frame.runner->finish(); !ok) return ok;
  const size_t step = frame.runner->step();
  const int count = frame.runner->bandsHere();
  for (std::atomic<int>& progress : frame.bindings->progress) progress = 0;
  std::atomic<int> next = count - 1;
  team.together(count, [&](int member) {
    for (int band = member == 0 ? count - 1 : --next; band >= 0; band = --next) {
      auto& [runner, outcome] = frame.bands[band];
      outcome = guarded(source, [&] { return runBand(runner, step, band); });
      if (!outcome) runner.giveUp();
    }
  });
  for (Frame::Impl::Band& band : frame.bands)
    if (!band.outcome) return std::exchange(band.outcome, {});
  frame.runner->skipChain();
  return {};
}

/// Callbacks see one step after the other, so with them no two bands run at a time.
Result<void> runAll(Frame::Impl& frame, std::string_view source, base::Team& team,
                    const OpCallback& before, const OpCallback& after) {
  runtime::Runner& runner = *frame.runner;
  const bool watched = before || after;
  for (runner.begin(); !runner.isDone();) {
    const bool inBands = !watched && runner.bandsHere() > 1;
    auto ok = inBands ? runBands(frame, source, team) : runHere(runner, team, before, after);
    if (ok && !inBands) ok = runner.advance();
    if (!ok) return ok;
  }
  return runner.finish();
}

}  // namespace

Result<void> Frame::run() { return runWithCallback({}, {}); }

Result<void> Frame::runWithCallback(const OpCallback& before, const OpCallback& after) {
  const Interpreter::Impl& model = *impl_->session->model;
  return guarded(model.source, [&]() -> Result<void> {
    impl_->bindings->forgetActualSizes();
    base::Team team = model.runtime->threads.lease(model.runtime->options.threads);
    return runAll(*impl_, model.source, team, before, after);
  });
}

}  // namespace minnow
