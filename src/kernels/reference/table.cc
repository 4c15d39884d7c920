// The reference function of each operator kind, and the workspace of the few that need one.
#include "kernels/kernel.h"
#include "kernels/resize_tables.h"
#include "ops/linked.h"

namespace minnow::kernels::reference {

size_t topKBytes(const ops::Operator&, std::span<const TensorView>, std::span<const TensorView>,
                 const CallShape&);
size_t nonMaxSuppressionBytes(const ops::Operator&, std::span<const TensorView>,
                              std::span<const TensorView>, const CallShape&);
size_t detBytes(const ops::Operator&, std::span<const TensorView>, std::span<const TensorView>,
                const CallShape&);
size_t recurrentWorkspace(const ops::Operator&, std::span<const TensorView> inputs,
                          std::span<const TensorView> outputs, const CallShape& call);
size_t inRunWorkspace(const ops::Operator&, std::span<const TensorView>,
                      std::span<const TensorView>, const CallShape&);

KernelFn find(ops::OpKind kind) {
  static constexpr KernelFn kFunctions[] = {
#define MINNOW_OP(name) ops::ifLinked<ops::OpKind::name>(run##name),
#include "ops/op_list.inc"
#undef MINNOW_OP
  };
  return kFunctions[static_cast<int>(kind)];
}

WorkspaceFn findWorkspace(ops::OpKind kind) {
  switch (kind) {
    case ops::OpKind::Resize:
      return ops::ifLinked<ops::OpKind::Resize>(resizeTableBytes);
    case ops::OpKind::TopK:
      return ops::ifLinked<ops::OpKind::TopK>(topKBytes);
    case ops::OpKind::NonMaxSuppression:
      return ops::ifLinked<ops::OpKind::NonMaxSuppression>(nonMaxSuppressionBytes);
    case ops::OpKind::Recurrent:
      return ops::ifLinked<ops::OpKind::Recurrent>(recurrentWorkspace);
    case ops::OpKind::InRun:
      return ops::ifLinked<ops::OpKind::InRun>(inRunWorkspace);
    case ops::OpKind::Det:
      return ops::ifLinked<ops::OpKind::Det>(detBytes);
    default:
      return nullptr;
  }
}

}  // namespace minnow::kernels::reference
