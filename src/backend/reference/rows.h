// Kernels on the CPU as data: which operator kind, when one applies, what it needs, what runs. A
// row with the work it was chosen for is a prepared kernel.
#pragma once

#include <memory>
#include <span>

#include "backend/backend.h"

namespace minnow::backend {

struct KernelRow {
  ops::OpKind kind;
  const char* name;  ///< for traces and benchmarks: "conv-panels"
  /// True if the kernel can compute these tensors; looks at shapes, types, strides and packing, not
  /// at data. Null for one that takes all.
  bool (*accepts)(const ops::Operator&, std::span<const TensorView> inputs,
                  std::span<const TensorView> outputs);
  kernels::WorkspaceFn workspace;  ///< null for none
  kernels::KernelFn run;
};

/// The scalar reference of a kind.
KernelRow referenceRow(ops::OpKind kind);

/// A kernel that runs this row in each of these forms.
std::unique_ptr<Kernel> prepareRow(const KernelRow& row, std::span<const Work> forms);

}  // namespace minnow::backend
