// A row of a table with the work that it was chosen for.
#include "backend/reference/rows.h"

#include <algorithm>

#include "base/fail.h"

namespace minnow::backend {
namespace {

/// Of results that are empty whatever the data a row that takes workspace is not asked
/// (kernels::makesNothing()).
size_t workspaceOf(const KernelRow& row, const ops::Operator& op,
                   std::span<const TensorView> inputs, std::span<const TensorView> outputs,
                   const kernels::CallShape& call) {
  if (!row.workspace || kernels::makesNothing(op, outputs)) return 0;
  return row.workspace(op, inputs, outputs, call);
}

class RowKernel final : public Kernel {
 public:
  RowKernel(const KernelRow& row, std::span<const Work> forms)
      : op_(forms.front().op),
        name_(row.name),
        workspace_(row.workspace),
        run_(row.run),
        sizedByData_(forms.front().sizedByData) {
    for (const Work& work : forms)
      bytes_ = std::max(bytes_, workspaceOf(row, op_, work.inputs, work.outputs, work.call));
  }

  const char* name() const override { return name_; }
  size_t workspaceBytes() const override { return bytes_; }
  size_t heapBytes() const override { return sizeof(RowKernel); }

  Result<Event> run(const kernels::KernelArgs& args) const override {
    const ops::Operator& op = args.settled ? *args.settled : op_;
    if (workspace_) {
      if (kernels::makesNothing(op, args.outputs)) return kDone;
      if (auto ok = checkWorkspace(op, args); !ok) return std::unexpected(ok.error());
    }
    if (auto ok = run_(op, args); !ok) return std::unexpected(std::move(ok.error()));
    return kDone;
  }

 private:
  /// Actual sizes may ask for more than the largest: no operator's rule says they never do.
  Result<void> checkWorkspace(const ops::Operator& op, const kernels::KernelArgs& args) const {
    if (sizedByData_ && workspace_(op, args.inputs, args.outputs, 1) > args.workspace.size())
      return fail(ErrorCode::Internal, "more workspace is wanted than was planned");
    return {};
  }

  const ops::Operator& op_;
  const char* name_;
  kernels::WorkspaceFn workspace_;
  kernels::KernelFn run_;
  size_t bytes_ = 0;
  bool sizedByData_;
};

}  // namespace

KernelRow referenceRow(ops::OpKind kind) {
  return {kind, "reference", nullptr, kernels::reference::findWorkspace(kind),
          kernels::reference::find(kind)};
}

std::unique_ptr<const Kernel> prepareRow(const KernelRow& row, std::span<const Work> forms) {
  return std::make_unique<RowKernel>(row, forms);
}

}  // namespace minnow::backend
