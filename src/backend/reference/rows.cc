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

size_t mostWorkspace(const KernelRow& row, std::span<const Work> forms) {
  size_t most = 0;
  for (const Work& work : forms)
    most = std::max(most, workspaceOf(row, work.op, work.inputs, work.outputs, work.call));
  return most;
}

Result<Event> done(Result<void> ran) {
  if (!ran) return passOn(ran);
  return kDone;
}

/// For known sizes. A program has one for each step, so it holds no more than it needs.
class RowKernel final : public Kernel {
 public:
  RowKernel(const KernelRow& row, std::span<const Work> forms)
      : op_(forms.front().op),
        name_(row.name),
        run_(row.run),
        bytes_(mostWorkspace(row, forms)),
        takesWorkspace_(row.workspace != nullptr) {}

  const char* name() const override { return name_; }
  size_t workspaceBytes() const override { return bytes_; }
  size_t heapBytes() const override { return sizeof(RowKernel); }

  Result<Event> run(const kernels::KernelArgs& args) const override {
    if (takesWorkspace_ && kernels::makesNothing(op_, args.outputs)) return kDone;
    return done(run_(op_, args));
  }

 private:
  const ops::Operator& op_;
  const char* name_;
  kernels::KernelFn run_;
  size_t bytes_;
  bool takesWorkspace_;
};

/// Where data decide sizes: the reference takes those that the row does not.
class SizedByDataKernel final : public Kernel {
 public:
  SizedByDataKernel(const KernelRow& row, std::span<const Work> forms)
      : op_(forms.front().op),
        row_(row),
        reference_(referenceRow(op_.kind())),
        call_(forms.front().call),
        bytes_(std::max(workspaceAtMost(row_, forms), workspaceAtMost(reference_, forms))) {}

  const char* name() const override { return row_.name; }
  size_t workspaceBytes() const override { return bytes_; }
  size_t heapBytes() const override { return sizeof(SizedByDataKernel); }

  Result<Event> run(const kernels::KernelArgs& args) const override {
    const ops::Operator& op = args.settled ? *args.settled : op_;
    const bool takes = accepts(op, args) && hasRoom(row_, op, args);
    if (!takes && !hasRoom(reference_, op, args))
      return fail(ErrorCode::Internal, "more workspace is wanted than was planned");
    const KernelRow& row = takes ? row_ : reference_;
    if (row.workspace && kernels::makesNothing(op, args.outputs)) return kDone;
    return done(row.run(op, args));
  }

 private:
  static size_t workspaceAtMost(const KernelRow& row, std::span<const Work> forms) {
    const Work& largest = forms.front();  // steps that data size do not run in strips
    kernels::CallShape call = largest.call;
    call.atMost = true;
    return workspaceOf(row, largest.op, largest.inputs, largest.outputs, call);
  }

  bool accepts(const ops::Operator& op, const kernels::KernelArgs& args) const {
    const auto empty = [](const TensorView& view) { return view && view.elements() == 0; };
    return row_.accepts && std::ranges::none_of(args.inputs, empty) &&
           std::ranges::none_of(args.outputs, empty) && row_.accepts(op, args.inputs, args.outputs);
  }

  /// A fast kernel may want more for fewer elements; the reference then does without it.
  bool hasRoom(const KernelRow& row, const ops::Operator& op,
               const kernels::KernelArgs& args) const {
    return workspaceOf(row, op, args.inputs, args.outputs, call_) <= args.workspace.size();
  }

  const ops::Operator& op_;
  KernelRow row_, reference_;
  kernels::CallShape call_;
  size_t bytes_;
};

}  // namespace

KernelRow referenceRow(ops::OpKind kind) {
  return {kind, "reference", nullptr, kernels::reference::findWorkspace(kind),
          kernels::reference::find(kind)};
}

std::unique_ptr<Kernel> prepareRow(const KernelRow& row, std::span<const Work> forms) {
  if (forms.front().sizedByData) return std::make_unique<SizedByDataKernel>(row, forms);
  return std::make_unique<RowKernel>(row, forms);
}

}  // namespace minnow::backend
