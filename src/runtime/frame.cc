// One run of a session, and the tensors that it reads and writes.
#include <algorithm>

#include "base/fail.h"
#include "base/guarded.h"
#include "runtime/impl.h"

namespace minnow {

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
Result<void> runStep(runtime::Bindings& bindings, base::Team& team) {
  const base::DenormalsFlushed flushed;
  return bindings.run(team);
}

/// Calls back for the step that is open, once all before it is done. A callback may take its time,
/// or run other frames: the team's threads are free meanwhile.
Result<void> call(const OpCallback& callback, runtime::Bindings& bindings, base::Team& team,
                  std::vector<TensorView> (runtime::Bindings::*visible)() const) {
  if (!callback) return {};
  if (auto ok = bindings.finish(); !ok) return ok;
  const OperatorInfo info = bindings.info();
  team.rest();
  if (callback(info, (bindings.*visible)()) == CallbackVerdict::Continue) return {};
  return fail(ErrorCode::Stopped, "a callback stopped the run at node '", info.name, "'");
}

/// Nothing may be under way in a frame that can go.
std::unexpected<Error> failedAt(runtime::Bindings& bindings, const Error& error) {
  (void)bindings.finish();
  if (error.code == ErrorCode::Stopped) return std::unexpected(error);
  const ir::Node& node = bindings.program().graph->nodes[bindings.step()];
  return fail(error.code, "node '", node.name, "' (", node.op->name(), "): ", error.message);
}

Result<void> runHere(runtime::Bindings& bindings, base::Team& team, const OpCallback& before,
                     const OpCallback& after) {
  if (auto ok = bindings.open(); !ok) return ok;
  if (!bindings.hasWork()) return {};
  if (auto ok = call(before, bindings, team, &runtime::Bindings::visibleInputs); !ok) return ok;
  if (auto ok = runStep(bindings, team); !ok) return ok;
  return call(after, bindings, team, &runtime::Bindings::visibleOutputs);
}

}  // namespace

Result<void> Frame::run() { return runWithCallback({}, {}); }

Result<void> Frame::runWithCallback(const OpCallback& before, const OpCallback& after) {
  const Interpreter::Impl& model = *impl_->session->model;
  return guarded(model.source, [&]() -> Result<void> {
    runtime::Bindings& bindings = *impl_->bindings;
    base::Team team = model.runtime->threads.lease(model.runtime->options.threads);
    for (bindings.begin(); !bindings.isDone(); bindings.advance())
      if (auto ok = runHere(bindings, team, before, after); !ok)
        return failedAt(bindings, ok.error());
    return bindings.finish();
  });
}

}  // namespace minnow
