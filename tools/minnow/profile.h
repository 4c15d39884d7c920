// Where a session's time goes, by operator and kernel.
#pragma once

#include <string>
#include <vector>

#include "inputs.h"
#include "minnow/runtime.h"

namespace minnow::tool {

/// A step of Session::operators() and what it costs.
struct StepCost {
  OperatorInfo info;
  double ms = 0;     ///< the least of several runs, of all its strips
  double bytes = 0;  ///< of inputs, weights and outputs, each moved once
};

/// Runs a session several times with a clock around each operator.
std::vector<StepCost> stepCosts(Session& session, const InputSpecs& specs, int runs);

/// The sums of every (operator type, kernel) pair, most time first, and the slowest single operators.
/// Rates are also told as a share of `peakGflops`, of all threads together, but where that is 0.
std::string profileTable(std::span<const StepCost> steps, double peakGflops);

}  // namespace minnow::tool
