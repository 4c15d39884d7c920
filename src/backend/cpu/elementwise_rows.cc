// Elementwise kernels.
#include "backend/cpu/kernel_table.h"
#include "kernels/simd/unary.h"

namespace minnow::backend::cpu {

std::span<const KernelRow> elementwiseRows() {
  using namespace kernels::simd;
  static constexpr KernelRow kRows[] = {
      {ops::OpKind::Unary, "unary-simd", acceptsUnary, nullptr, runUnary},
  };
  return kRows;
}

}  // namespace minnow::backend::cpu
