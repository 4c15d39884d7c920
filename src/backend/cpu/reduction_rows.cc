// Rows of reductions and normalisations.
#include "backend/cpu/kernel_table.h"
#include "kernels/simd/reduce.h"
#include "kernels/simd/softmax.h"

namespace minnow::backend::cpu {

std::span<const KernelRow> reductionRows() {
  using namespace kernels::simd;
  static constexpr KernelRow kRows[] = {
      {ops::OpKind::Reduce, "reduce-simd", acceptsReduce, nullptr, runReduce},
      {ops::OpKind::Softmax, "softmax-simd", acceptsSoftmax, nullptr, runSoftmax},
  };
  return kRows;
}

}  // namespace minnow::backend::cpu
