// The CPU as a back-end: Highway's kernels where a row accepts the tensors, else the scalar
// reference, whose bits they have.
#pragma once

#include "backend/backend.h"

namespace minnow::backend {

const Backend& cpuBackend();

}  // namespace minnow::backend
