// The one list of back-ends.
#include "runtime/backends.h"

#include "backend/cpu/cpu.h"
#include "backend/reference/reference.h"

namespace minnow {

backend::BackendList backends(bool fast) {
  if (!fast) return {&backend::referenceBackend()};
  return {&backend::cpuBackend(), &backend::referenceBackend()};
}

}  // namespace minnow
