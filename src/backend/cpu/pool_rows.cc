// Pooling kernels.
#include "backend/cpu/kernel_table.h"
#include "kernels/simd/pool.h"
#include "kernels/simd/quantized.h"

namespace minnow::backend::cpu {

std::span<const KernelRow> poolRows() {
  using namespace kernels::simd;
  static constexpr LinkedRows kRows({
      {ops::OpKind::Pool, "pool-channels-last", acceptsPool, poolWorkspace, runPool},
      {ops::OpKind::Pool, "pool-bytes", acceptsBytePool, nullptr, runBytePool},
      {ops::OpKind::QuantizedPool, "quantized-global-pool", acceptsQuantizedGlobalPool,
       QuantizedGlobalPoolWorkspace, runQuantizedGlobalPool},
      {ops::OpKind::QuantizedPool, "quantized-windows", acceptsQuantizedWindows,
       QuantizedWindowsWorkspace, runQuantizedWindows},
  });
  return kRows;
}

}  // namespace minnow::backend::cpu
