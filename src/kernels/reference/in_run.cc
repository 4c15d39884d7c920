// An operator whose attributes the run has set: that operator, on the inputs before them.
#include "ops/in_run.h"

#include "base/fail.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {

Result<void> runInRun(const ops::Operator& op, const KernelArgs& args) {
  const auto& inRun = static_cast<const ops::InRun&>(op);
  const KernelFn run = find(inRun.op->kind());
  if (!run) return fail(ErrorCode::Unsupported, inRun.name(), " is not in this build");
  KernelArgs own = args;
  own.inputs = inRun.own(args.inputs);
  if (makesNothing(*inRun.op, own.outputs) && findWorkspace(inRun.op->kind())) return {};
  return run(*inRun.op, own);
}

size_t inRunWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                      std::span<const TensorView> outputs, const CallShape& call) {
  const auto& inRun = static_cast<const ops::InRun&>(op);
  const WorkspaceFn bytes = findWorkspace(inRun.op->kind());
  if (!bytes || makesNothing(*inRun.op, outputs)) return 0;
  return bytes(*inRun.op, inRun.own(inputs), outputs, call);
}

}  // namespace minnow::kernels::reference
