// The scalar reference as a back-end of its own: every operator, any strides and sizes, slowly. It
// is the oracle of all others.
#pragma once

#include "backend/backend.h"

namespace minnow::backend {

const Backend& referenceBackend();

}  // namespace minnow::backend
