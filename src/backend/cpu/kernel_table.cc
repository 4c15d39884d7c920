// The CPU backend's rows: the families of kernel_rows.inc, one after another.
#include "backend/cpu/kernel_table.h"

#include <vector>

#include "kernels/simd/dispatch.h"

namespace minnow::backend::cpu {

#define MINNOW_ROWS(family) std::span<const KernelRow> family();
#include "backend/cpu/kernel_rows.inc"
#undef MINNOW_ROWS

std::span<const KernelRow> kernelRows() {
  if (kernels::simd::referenceOnly()) return {};
  static const std::vector<KernelRow> rows = [] {
    std::vector<KernelRow> all;
    const auto add = [&](std::span<const KernelRow> family) {
      all.insert(all.end(), family.begin(), family.end());
    };
#define MINNOW_ROWS(family) add(family());
#include "backend/cpu/kernel_rows.inc"
#undef MINNOW_ROWS
    return all;
  }();
  return rows;
}

KernelRow chooseKernel(const ops::Operator& op, std::span<const TensorView> inputs,
                       std::span<const TensorView> outputs) {
  for (const KernelRow& row : kernelRows())
    if (row.kind == op.kind() && row.accepts(op, inputs, outputs)) return row;
  return referenceRow(op.kind());
}

}  // namespace minnow::backend::cpu
