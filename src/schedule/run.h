// A model's job under way, piece by piece: its inputs are filled, it is computed, its outputs are
// handed over, once for each crop.
#pragma once

#include <optional>

#include "minnow/schedule.h"
#include "schedule/task.h"

namespace minnow {

/// What a ModelRun can reach beside its frame.
struct ModelRun::Impl {
  Schedule::Impl* schedule = nullptr;
  int model = 0;
  static ModelRun make(Frame& frame, std::span<const TensorInfo> inputs,
                       const CapturedFrame& captured, int crop, Impl* impl);
};

namespace schedule {

class Run {
 public:
  void begin(CapturedFrame captured, int crops);
  /// The session that it was begun in lives until it has ended.
  void end() { *this = {}; }
  bool isBegun() const { return crops_ > 0; }
  bool hasFrame() const { return frame_.has_value(); }
  const CapturedFrame& captured() const { return captured_; }

  /// The next piece; true if it was the last. `impl` null: for measuring, nothing is handed over.
  /// `whole`: all that is computed of a crop is one piece.
  Result<bool> step(Session& session, const ScheduledModel& model, ModelRun::Impl* impl,
                    bool whole);
  /// Of the crop's pieces that come next: 0 fills, the last hands over.
  size_t piece() const { return piece_; }
  bool isComputed() const { return computed_; }

 private:
  Result<void> fill(Session& session, const ScheduledModel& model, ModelRun::Impl* impl);

  CapturedFrame captured_;
  std::optional<Frame> frame_;
  int crop_ = 0, crops_ = 0;
  size_t piece_ = 0;
  bool computed_ = false;
};

}  // namespace schedule
}  // namespace minnow
