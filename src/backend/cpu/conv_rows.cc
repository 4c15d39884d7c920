// Rows of convolutions, matrix products and recurrent cells.
#include "backend/cpu/kernel_table.h"
#include "kernels/simd/conv.h"
#include "kernels/simd/matmul.h"
#include "kernels/simd/quantized.h"
#include "kernels/simd/recurrent.h"

namespace minnow::backend::cpu {

std::span<const KernelRow> convRows() {
  using namespace kernels::simd;
  static constexpr LinkedRows kRows({
      {ops::OpKind::Conv, "conv-winograd", acceptsWinograd, winogradWorkspace, runWinograd},
      {ops::OpKind::Conv, "conv-panels", acceptsConv, convWorkspace, runConv},
      {ops::OpKind::Conv, "conv-depthwise", acceptsDepthwise, depthwiseWorkspace, runDepthwise},
      {ops::OpKind::ConvTranspose, "conv-transpose-panels", acceptsConvTranspose,
       convTransposeWorkspace, runConvTranspose},
      {ops::OpKind::QuantizedConv, "quantized-winograd", acceptsQuantizedWinograd,
       QuantizedWinogradWorkspace, runQuantizedWinograd},
      {ops::OpKind::QuantizedConv, "quantized-conv", acceptsQuantizedConv, QuantizedConvWorkspace,
       runQuantizedConv},
      {ops::OpKind::QuantizedConv, "quantized-depthwise", acceptsQuantizedDepthwise,
       QuantizedDepthwiseWorkspace, runQuantizedDepthwise},
      {ops::OpKind::QuantizedMatMul, "quantized-matmul", acceptsQuantizedMatMul,
       QuantizedMatMulWorkspace, runQuantizedMatMul},
      {ops::OpKind::MatMul, "matmul-panels", acceptsMatMul, matMulWorkspace, runMatMul},
      {ops::OpKind::Recurrent, "recurrent-panels", acceptsRecurrent, recurrentWorkspace,
       runRecurrent},
  });
  return kRows;
}

}  // namespace minnow::backend::cpu
