// Rows of reductions and normalisations.
#include "backend/cpu/kernel_table.h"
#include "kernels/simd/arg_reduce.h"
#include "kernels/simd/batch_normalization.h"
#include "kernels/simd/lrn.h"
#include "kernels/simd/normalization.h"
#include "kernels/simd/reduce.h"
#include "kernels/simd/softmax.h"

namespace minnow::backend::cpu {

std::span<const KernelRow> reductionRows() {
  using namespace kernels::simd;
  static constexpr LinkedRows kRows({
      {ops::OpKind::Reduce, "reduce-simd", acceptsReduce, nullptr, runReduce},
      {ops::OpKind::ArgReduce, "arg-reduce-simd", acceptsArgReduce, nullptr, runArgReduce},
      {ops::OpKind::Softmax, "softmax-simd", acceptsSoftmax, nullptr, runSoftmax},
      {ops::OpKind::BatchNormalization, "batch-normalization-simd", acceptsBatchNormalization,
       batchNormalizationWorkspace, runBatchNormalization},
      {ops::OpKind::GroupNormalization, "group-normalization-simd", acceptsGroupNormalization,
       nullptr, runGroupNormalization},
      {ops::OpKind::LayerNormalization, "layer-normalization-simd", acceptsLayerNormalization,
       nullptr, runLayerNormalization},
      {ops::OpKind::Lrn, "lrn-simd", acceptsLrn, nullptr, runLrn},
  });
  return kRows;
}

}  // namespace minnow::backend::cpu
