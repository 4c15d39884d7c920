// What sessions hold on the heap (base/heap_bytes.h).
#pragma once

#include "base/heap_bytes.h"
#include "runtime/plan.h"

namespace minnow {

inline size_t heapBytes(const TensorInfo& info) { return heapBytes(info.name); }
inline size_t heapBytes(const OperatorInfo& info) {
  return heapBytes(info.name) + heapBytes(info.type) + heapBytes(info.kernel);
}

namespace planning {

size_t heapBytes(const StripReads& reads);
size_t heapBytes(const ChainSchedule& chain);
size_t heapBytes(const Window& window);

}  // namespace planning
namespace runtime {

size_t heapBytes(const Step& step);
size_t heapBytes(const Plan& plan);

}  // namespace runtime
}  // namespace minnow
