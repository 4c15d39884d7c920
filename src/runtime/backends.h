// The back-ends of this build, in order of preference: the one list.
#pragma once

#include "backend/backend.h"
#include "minnow/runtime.h"

namespace minnow {

/// Those on the CPU. `fast` false: the scalar reference alone.
backend::BackendList backends(bool fast = true);

/// Those that a session asks for, in its order, and the CPU's behind them. An error for a name that
/// is none of this build's.
Result<backend::BackendList> backendsFor(const SessionOptions& options);

}  // namespace minnow
