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

/// The reference takes sizes from data that the row does not.
class RowKernel final : public Kernel {
 public:
  RowKernel(const KernelRow& row, std::span<const Work> forms)
      : op_(forms.front().op), row_(row), call_(forms.front().call) {
    for (const Work& work : forms)
      bytes_ = std::max(bytes_, workspaceOf(row, op_, work.inputs, work.outputs, work.call));
    if (const Work& work = forms.front(); work.sizedByData) {
      instead_ = referenceRow(op_.kind());
      bytes_ = std::max(bytes_, workspaceOf(instead_, op_, work.inputs, work.outputs, work.call));
    }
  }

  const char* name() const override { return row_.name; }
  size_t workspaceBytes() const override { return bytes_; }
  size_t heapBytes() const override { return sizeof(RowKernel); }

  Result<Event> run(const kernels::KernelArgs& args) const override {
    const ops::Operator& op = args.settled ? *args.settled : op_;
    const KernelRow& row = instead_.run && !takes(op, args) ? instead_ : row_;
    if (row.workspace && kernels::makesNothing(op, args.outputs)) return kDone;
    if (instead_.run &&
        workspaceOf(row, op, args.inputs, args.outputs, call_) > args.workspace.size())
      return fail(ErrorCode::Internal, "more workspace is wanted than was planned");
    if (auto ok = row.run(op, args); !ok) return std::unexpected(std::move(ok.error()));
    return kDone;
  }

 private:
  /// True if the row computes tensors of these sizes. Actual sizes may ask for more workspace than
  /// the largest: no operator's rule says they never do.
  bool takes(const ops::Operator& op, const kernels::KernelArgs& args) const {
    const auto empty = [](const TensorView& view) { return view && view.elements() == 0; };
    return row_.accepts && std::ranges::none_of(args.inputs, empty) &&
           std::ranges::none_of(args.outputs, empty) &&
           row_.accepts(op, args.inputs, args.outputs) &&
           workspaceOf(row_, op, args.inputs, args.outputs, call_) <= args.workspace.size();
  }

  const ops::Operator& op_;
  KernelRow row_;
  KernelRow instead_{};  // where data decide sizes
  kernels::CallShape call_;
  size_t bytes_ = 0;
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
