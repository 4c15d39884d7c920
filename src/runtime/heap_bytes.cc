// Walking a plan.
#include "runtime/heap_bytes.h"

namespace minnow {
namespace {

/// The parts' bytes together.
template <class... Parts>
size_t all(const Parts&... parts) {
  return (heapBytes(parts) + ...);
}

}  // namespace

namespace planning {

size_t heapBytes(const StripReads& reads) { return all(reads.first); }
size_t heapBytes(const ChainSchedule& chain) {
  return all(chain.axes, chain.heights, chain.ends, chain.reads);
}
size_t heapBytes(const Window& window) { return all(window.low, window.kept); }

}  // namespace planning
namespace runtime {

size_t heapBytes(const Step& step) {
  return all(step.inputs, step.outputs, step.boundInputs, step.boundOutputs);
}

size_t heapBytes(const Plan& plan) {
  return all(plan.steps, plan.operators, plan.buffers, plan.chains, plan.windows, plan.types,
             plan.actual, plan.inputs, plan.outputs, plan.boundInputs, plan.boundOutputs,
             plan.inputInfo, plan.outputInfo);
}

}  // namespace runtime
}  // namespace minnow
