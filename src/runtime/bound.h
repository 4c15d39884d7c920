// Kernels of a frame's own in place of a program's: they take an input across from where an
// application has it on the device, or an output to there.
#pragma once

#include <memory>
#include <vector>

#include "backend/backend.h"
#include "memory/ledger.h"

namespace minnow::runtime {

#ifndef MINNOW_WITHOUT_DEVICES
struct Bound {
  struct Kernel {
    size_t step = 0;
    std::unique_ptr<const backend::Kernel> kernel;
  };
  std::vector<Kernel> kernels;
  memory::Charge heap;  ///< of them

  /// Null where the step has the program's.
  const backend::Kernel* at(size_t step) const {
    for (const Kernel& one : kernels)
      if (one.step == step) return one.kernel.get();
    return nullptr;
  }
};
#else
/// Nothing.
struct Bound {
  static const backend::Kernel* at(size_t) { return nullptr; }
};
#endif

}  // namespace minnow::runtime
