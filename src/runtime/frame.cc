// One run of a session, and the tensors that it reads and writes.
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
  if (!impl_) return;
  impl_->lease = {};
  impl_->missing = {};
  impl_->session->framed = false;
}

namespace {

/// A frame's inputs or outputs.
struct Tensors {
  const char* kind;
  std::span<const TensorInfo> infos;
  const std::vector<TensorView>& views;

  /// A view that tests false; `words` keeps what it says.
  TensorView none(TextPart asked, std::string& words) const {
    auto why = guarded(kind, [&]() -> Result<void> {
      std::string names;
      for (const TensorInfo& info : infos) names += (names.empty() ? "" : ", ") + info.name;
      return fail(ErrorCode::NotFound, "the model has no ", kind, " '", asked,
                  "'; it has: ", names);
    });
    words = std::move(why.error().message);
    TensorView view;
    view.missing = words.c_str();
    return view;
  }
  TensorView named(std::string_view name, std::string& words) const {
    for (size_t i = 0; i < infos.size(); ++i)
      if (infos[i].name == name) return views[i];
    return none(name, words);
  }
  TensorView at(size_t index, std::string& words) const {
    return index < views.size() ? views[index] : none(index, words);
  }
};

Tensors inputsOf(const runtime::Plan& plan) { return {"input", plan.inputInfo, plan.boundInputs}; }
Tensors outputsOf(const runtime::Plan& plan) {
  return {"output", plan.outputInfo, plan.boundOutputs};
}

}  // namespace

TensorView Frame::input(std::string_view name) const {
  return inputsOf(impl_->session->plan).named(name, impl_->missing);
}
TensorView Frame::input(size_t index) const {
  return inputsOf(impl_->session->plan).at(index, impl_->missing);
}
TensorView Frame::output(std::string_view name) const {
  return outputsOf(impl_->session->plan).named(name, impl_->missing);
}
TensorView Frame::output(size_t index) const {
  return outputsOf(impl_->session->plan).at(index, impl_->missing);
}

namespace {

/// In the engine's floating-point mode; callbacks run in the caller's.
Result<void> runStep(runtime::Plan& plan, const runtime::Plan::Position& at,
                     base::ThreadPool& pool) {
  const base::DenormalsFlushed flushed;
  return plan.run(at, pool);
}

Result<void> stoppedAt(const OperatorInfo& info) {
  return fail(ErrorCode::Stopped, "a callback stopped the run at node '", info.name, "'");
}

}  // namespace

Result<void> Frame::run() { return runWithCallback({}, {}); }

Result<void> Frame::runWithCallback(const OpCallback& before, const OpCallback& after) {
  return guarded(impl_->session->model->source, [&]() -> Result<void> {
    runtime::Plan& plan = impl_->session->plan;
    base::ThreadPool& pool = impl_->session->model->runtime->threads;
    plan.restart();
    for (runtime::Plan::Position at; !plan.isDone(at); plan.advance(at)) {
      const OperatorInfo& planned = plan.operators[at.step];
      const auto failed = [&](const Error& error) {
        return fail(error.code, "node '", planned.name, "' (", planned.type, "): ", error.message);
      };
      if (auto ok = plan.open(at); !ok) return failed(ok.error());
      if (!plan.hasWork(at)) continue;
      if (before && before(plan.infoAt(at), plan.visibleInputs(at)) == CallbackVerdict::Stop)
        return stoppedAt(planned);
      if (auto ok = runStep(plan, at, pool); !ok) return failed(ok.error());
      if (after && after(plan.infoAt(at), plan.visibleOutputs(at)) == CallbackVerdict::Stop)
        return stoppedAt(planned);
    }
    return {};
  });
}

}  // namespace minnow
