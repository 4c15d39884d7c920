// Where a session's time goes, by operator and kernel.
#pragma once

#include <string>

#include "inputs.h"
#include "minnow/runtime.h"

namespace minnow::tool {

/// Runs a session several times with a clock around each operator and returns a table: the minimum
/// time of every (operator type, kernel) pair summed over its steps, most first, and the slowest
/// single operators. Beside it the rate as a share of `peakGflops`, of all threads together (not
/// where that is 0), and the bytes of inputs, weights and outputs, each counted once a step.
std::string profile(Session& session, const InputSpecs& specs, int runs, double peakGflops);

}  // namespace minnow::tool
