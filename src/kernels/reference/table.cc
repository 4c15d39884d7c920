// The reference function of each operator kind, and the workspace of the few that need one.
#include "kernels/kernel.h"
#include "kernels/resize_tables.h"

namespace minnow::kernels::reference {

KernelFn find(ops::OpKind kind) {
  static constexpr KernelFn kFunctions[] = {
#define MINNOW_OP(name) run##name,
#include "ops/op_list.inc"
#undef MINNOW_OP
  };
  return kFunctions[static_cast<int>(kind)];
}

WorkspaceFn findWorkspace(ops::OpKind kind) {
  switch (kind) {
    case ops::OpKind::Resize:
      return resizeTableBytes;
    default:
      return nullptr;
  }
}

}  // namespace minnow::kernels::reference
