// Who did what when in a run, as a trace for Perfetto (ui.perfetto.dev) and chrome://tracing.
#pragma once

#include <mutex>
#include <string>
#include <thread>
#include <vector>

#include "minnow/runtime.h"

namespace minnow::tool {

class Timeline {
 public:
  /// Runs a frame whose inputs are filled, and notes every piece of it. Milliseconds of the run.
  double run(Frame& frame);
  /// In Chrome's format of trace events: a row for each thread and for each device's queue. `session`
  /// is the frame's.
  std::string file(const std::string& model, const Session& session) const;

 private:
  struct Noted {
    RunEvent event;
    std::thread::id thread;
  };
  std::mutex mutex_;
  std::vector<Noted> noted_;
  RunEvent all_;
};

}  // namespace minnow::tool
