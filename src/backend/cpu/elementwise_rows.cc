// Elementwise kernels.
#include "backend/cpu/kernel_table.h"
#include "kernels/simd/binary.h"
#include "kernels/simd/move_types.h"
#include "kernels/simd/pairs.h"
#include "kernels/simd/quantize.h"
#include "kernels/simd/quantized.h"
#include "kernels/simd/unary.h"

namespace minnow::backend::cpu {

std::span<const KernelRow> elementwiseRows() {
  using namespace kernels::simd;
  static constexpr LinkedRows kRows({
      {ops::OpKind::Unary, "unary-simd", acceptsUnary, nullptr, runUnary},
      {ops::OpKind::Unary, "trigonometry-rows", acceptsTrigonometry, nullptr, runTrigonometry},
      {ops::OpKind::Binary, "binary-simd", acceptsBinary, nullptr, runBinary},
      {ops::OpKind::Binary, "pairs-rows", acceptsPairs, nullptr, runPairs},
      {ops::OpKind::Where, "where-rows", acceptsWhere, nullptr, runWhere},
      {ops::OpKind::Cast, "cast-rows", acceptsCast, nullptr, runCast},
      {ops::OpKind::QuantizeLinear, "quantize-rows", acceptsQuantize, nullptr, runQuantize},
      {ops::OpKind::DequantizeLinear, "dequantize-rows", acceptsDequantize, nullptr, runDequantize},
      {ops::OpKind::DynamicQuantizeLinear, "dynamic-quantize-rows", acceptsDynamicQuantize, nullptr,
       runDynamicQuantize},
      {ops::OpKind::QuantizedBinary, "quantized-binary", acceptsQuantizedBinary, nullptr,
       runQuantizedBinary},
      {ops::OpKind::LookUp, "look-up", acceptsLookUp, nullptr, runLookUp},
  });
  return kRows;
}

}  // namespace minnow::backend::cpu
