// The back-ends of this build, in order of preference: the one list.
#pragma once

#include "backend/backend.h"

namespace minnow {

/// `fast` false: the scalar reference alone.
backend::BackendList backends(bool fast = true);

}  // namespace minnow
