// Pooling kernels.
#include "backend/cpu/kernel_table.h"
#include "kernels/simd/pool.h"

namespace minnow::backend::cpu {

std::span<const KernelRow> poolRows() {
  using namespace kernels::simd;
  static constexpr LinkedRows kRows({
      {ops::OpKind::Pool, "pool-channels-last", acceptsPool, poolWorkspace, runPool},
  });
  return kRows;
}

}  // namespace minnow::backend::cpu
