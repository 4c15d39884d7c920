// Choosing rows of the table for the steps of a program.
#include "backend/cpu/cpu.h"

#include <algorithm>

#include "backend/cpu/kernel_table.h"
#include "backend/reference/host.h"

namespace minnow::backend {
namespace {

/// Where data decide extents, the largest of two operands need not fit each other: 6 rows at most
/// and 4 at most, which a run has to find equal. Kernels are asked of what fits.
bool largestFit(const Work& work) { return work.op.inferShape(work.inputTypes).has_value(); }

/// A fast kernel is chosen for the largest sizes; the reference takes any.
KernelRow rowFor(const Work& work) {
  if (work.sizedByData && !largestFit(work)) return referenceRow(work.op.kind());
  return cpu::chooseKernel(work.op, work.inputs, work.outputs);
}

/// A row that does not take every form gives way to the reference, which does.
KernelRow rowFor(std::span<const Work> forms) {
  const KernelRow row = rowFor(forms.front());
  const auto same = [&](const Work& work) { return rowFor(work).run == row.run; };
  return std::ranges::all_of(forms.subspan(1), same) ? row : referenceRow(row.kind);
}

class Cpu final : public HostBackend {
 public:
  const char* name() const override { return "cpu"; }
  double cost(const Work& work) const override { return hostCost(work); }
  Result<std::unique_ptr<Kernel>> prepare(std::span<const Work> forms) const override {
    return prepareRow(rowFor(forms), forms);
  }
};

}  // namespace

const Backend& cpuBackend() {
  static const Cpu backend;
  return backend;
}

}  // namespace minnow::backend
