// Matrix product, one output element at a time: the order of accumulation that every other kernel
// must reproduce.
#include "ops/matmul.h"

#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/matrix.h"
#include "kernels/reference/scalar_math.h"
#include "kernels/reference/weights.h"

namespace minnow::kernels::reference {
namespace {

float multiplyAdd(float a, float b, float sum) { return std::fma(a, b, sum); }
double multiplyAdd(double a, double b, double sum) { return std::fma(a, b, sum); }
uint32_t multiplyAdd(uint32_t a, uint32_t b, uint32_t sum) { return a * b + sum; }
uint64_t multiplyAdd(uint64_t a, uint64_t b, uint64_t sum) { return a * b + sum; }

float finish(const ops::Epilogue& epilogue, float sum) { return apply(epilogue, sum); }
template <class T>
T finish(const ops::Epilogue&, T sum) {
  return sum;
}

template <class T>
Result<void> run(const ops::MatMul& op, const KernelArgs& args) {
  const TensorView& a = args.inputs[0];
  const TensorView& b = args.inputs[1];
  const auto extents = ops::matMulExtents(a.shape, b.shape, op.transposeA, op.transposeB);
  if (!extents) return passOn(extents);
  const Matrices left(a, op.transposeA, /*row=*/true);
  const Matrices out = outputMatrices(args.outputs[0], a.shape.rank() > 1, b.shape.rank() > 1);
  const Matrices right(b, op.transposeB, /*row=*/false);
  const ops::WeightMatrices matrices = ops::rightSide(b.shape, b.strides, op.transposeB);
  forEachIndex(extents->batch, [&](const auto& batch) {
    const int rank = extents->batch.rank();
    const T* rows = a.as<const T>() + left.offset(batch, rank);
    T* y = args.outputs[0].as<T>() + out.offset(batch, rank);
    const int64_t group = right.number(batch, rank);
    for (int64_t n = 0; n < extents->n; ++n) {
      const WeightsOfOutput<T> column(matrices, b, group, n);
      for (int64_t m = 0; m < extents->m; ++m) {
        T sum = T(0);
        for (int64_t k = 0; k < extents->k; ++k)
          sum = multiplyAdd(rows[m * left.rowStride + k * left.columnStride], column[k], sum);
        y[m * out.rowStride + n * out.columnStride] =
            finish(op.epilogue, static_cast<T>(sum + args.bias<T>(2, n)));
      }
    }
  });
  return {};
}

}  // namespace

Result<void> runMatMul(const ops::Operator& op, const KernelArgs& args) {
  const auto& matMul = static_cast<const ops::MatMul&>(op);
  switch (args.inputs[0].type) {
    case DataType::Float64:
      return run<double>(matMul, args);
    case DataType::Int32:
    case DataType::Uint32:
      return run<uint32_t>(matMul, args);
    case DataType::Int64:
    case DataType::Uint64:
      return run<uint64_t>(matMul, args);
    default:
      return run<float>(matMul, args);
  }
}

}  // namespace minnow::kernels::reference
