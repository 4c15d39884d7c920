#include "schedule/run.h"

#include <cstring>

#include "base/fail.h"

namespace minnow {

ModelRun ModelRun::Impl::make(Frame& frame, std::span<const TensorInfo> inputs,
                              const CapturedFrame& captured, int crop, Impl* impl) {
  ModelRun run;
  run.frame_ = &frame;
  run.inputs_ = inputs;
  run.captured_ = &captured;
  run.crop_ = crop;
  run.impl_ = impl;
  return run;
}

namespace schedule {
namespace {

/// Any values do for measuring, but memory that was never written may hold what is slow.
void clearInputs(const Session& session, Frame& frame) {
  for (size_t i = 0; i < session.inputs().size(); ++i) {
    const TensorView input = frame.input(i);
    std::memset(input.data, 0, input.bytes());
  }
}

Result<bool> runWhole(Frame& frame) {
  if (auto ok = frame.run(); !ok) return passOn(ok);
  return true;
}

}  // namespace

void Run::begin(CapturedFrame captured, int crops) {
  captured_ = std::move(captured);
  crops_ = crops;
}

Result<void> Run::fill(Session& session, const ScheduledModel& model, ModelRun::Impl* impl) {
  if (!frame_) {
    auto frame = session.begin();
    if (!frame) return passOn(frame);
    frame_ = std::move(*frame);
  }
  if (!model.fill || (impl == nullptr && !captured_.picture)) {
    clearInputs(session, *frame_);
    return {};
  }
  ModelRun run = ModelRun::Impl::make(*frame_, session.inputs(), captured_, crop_, impl);
  return model.fill(run);
}

Result<bool> Run::step(Session& session, const ScheduledModel& model, ModelRun::Impl* impl,
                       bool whole) {
  if (piece_ == 0) {
    if (auto ok = fill(session, model, impl); !ok) return passOn(ok);
    ++piece_;
    return false;
  }
  Frame* frame = frame_ ? &*frame_ : nullptr;
  if (frame == nullptr)
    return fail(ErrorCode::Internal, "a run has no frame after its first piece");
  if (!computed_) {
    auto ended = whole ? runWhole(*frame) : frame->advance();
    if (!ended) return ended;
    computed_ = *ended;
    ++piece_;
    return false;
  }
  ModelRun run = ModelRun::Impl::make(*frame, session.inputs(), captured_, crop_, impl);
  if (impl != nullptr && model.done)
    if (auto ok = model.done(run); !ok) return passOn(ok);
  piece_ = 0;
  computed_ = false;
  return ++crop_ == crops_;
}

}  // namespace schedule
}  // namespace minnow
