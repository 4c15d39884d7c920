// Rows of convolutions and matrix products.
#include "backend/cpu/kernel_table.h"
#include "kernels/simd/conv.h"
#include "kernels/simd/matmul.h"

namespace minnow::backend::cpu {

std::span<const KernelRow> convRows() {
  using namespace kernels::simd;
  static constexpr LinkedRows kRows({
      {ops::OpKind::Conv, "conv-winograd", acceptsWinograd, winogradWorkspace, runWinograd},
      {ops::OpKind::Conv, "conv-panels", acceptsConv, convWorkspace, runConv},
      {ops::OpKind::Conv, "conv-depthwise", acceptsDepthwise, depthwiseWorkspace, runDepthwise},
      {ops::OpKind::ConvTranspose, "conv-transpose-panels", acceptsConvTranspose,
       convTransposeWorkspace, runConvTranspose},
      {ops::OpKind::MatMul, "matmul-panels", acceptsMatMul, matMulWorkspace, runMatMul},
  });
  return kRows;
}

}  // namespace minnow::backend::cpu
