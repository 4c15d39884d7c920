// What the back-ends on the CPU have in common: the process's memory, every operator, and results
// that are there when run() returns.
#pragma once

#include "backend/backend.h"

namespace minnow::backend {

class HostBackend : public Backend {
 public:
  Result<void> supports(const Work&) const override { return {}; }
  Result<void> wait(Event) const override { return {}; }
};

/// Nanoseconds of a good kernel on one ordinary core, by estimate: 10 multiply-adds and 4 bytes
/// moved in each.
double hostCost(const Work& work);

}  // namespace minnow::backend
