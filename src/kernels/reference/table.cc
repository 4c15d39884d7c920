// The reference function of each operator kind.
#include "kernels/kernel.h"

namespace minnow::kernels::reference {

KernelFn find(ops::OpKind kind) {
  static constexpr KernelFn kFunctions[] = {
#define MINNOW_OP(name) run##name,
#include "ops/op_list.inc"
#undef MINNOW_OP
  };
  return kFunctions[static_cast<int>(kind)];
}

}  // namespace minnow::kernels::reference
