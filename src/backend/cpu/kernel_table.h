// The CPU backend's fast kernels as data: which operator kind, when it applies, what it needs, what
// runs. Rows of one kind are tried in order; when none accepts, the scalar reference runs.
#pragma once

#include <span>

#include "backend/reference/rows.h"
#include "ops/linked.h"

namespace minnow::backend::cpu {

/// Those of a family's rows whose operator this build links, in their order.
template <size_t Most>
class LinkedRows {
 public:
  consteval explicit LinkedRows(const KernelRow (&all)[Most]) {
    for (const KernelRow& row : all)
      if (ops::isLinked(row.kind)) rows_[count_++] = row;
  }
  constexpr operator std::span<const KernelRow>() const { return {rows_, count_}; }

 private:
  KernelRow rows_[Most] = {};
  size_t count_ = 0;
};

/// Every row. Kernels with SIMD are listed only in effect: on a CPU without fused multiply-add none
/// is returned.
std::span<const KernelRow> kernelRows();
/// The row that computes these tensors, or the reference row of the kind.
KernelRow chooseKernel(const ops::Operator& op, std::span<const TensorView> inputs,
                       std::span<const TensorView> outputs);

}  // namespace minnow::backend::cpu
