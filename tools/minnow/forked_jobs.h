// Runs many small jobs in child processes, several at once, so that one that crashes or hangs takes
// nothing else with it.
#pragma once

#include <cstddef>
#include <functional>
#include <string>

namespace minnow::tool {

struct JobOutcome {
  std::string text;  ///< what the job returned; empty if it did not finish
  std::string
      crash;  ///< "signal 11 (Segmentation fault)", "no answer in 60 s"; empty if it finished
};

struct JobOptions {
  int parallel = 1;
  double timeoutSeconds = 60;
};

/// Calls job(i) in a child for each i below `count`, and finished(i, outcome) here, in the order in
/// which they end. The calling process must have one thread only.
void runForked(size_t count, const JobOptions& options,
               const std::function<std::string(size_t)>& job,
               const std::function<void(size_t, const JobOutcome&)>& finished);

}  // namespace minnow::tool
