// The back-ends of this build, in order of preference: the one list.
#pragma once

#include "backend/backend.h"
#include "minnow/runtime.h"

namespace minnow {

/// Those on the CPU. `fast` false: the scalar reference alone.
backend::BackendList backends(bool fast = true);

/// The first that a session asks for and that is there: of several devices one has the operators. If
/// none is, the first that is asked for. An error if any name is none of this build's. Opens devices,
/// which keep what they compile in the folder `kernelCache`.
Result<const backend::Backend*> firstBackend(const SessionOptions& options,
                                             std::string_view kernelCache);

/// That first one, whose name is known, and the CPU's behind it.
backend::BackendList backendsFor(const SessionOptions& options);

}  // namespace minnow
