// Determinants, one matrix at a time.
#include "ops/det.h"

#include <algorithm>
#include <cmath>

#include "kernels/element_types.h"
#include "kernels/elementwise.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {
namespace {

/// The row from k on with the greatest magnitude in column k; a NaN is greater than every number.
int64_t pivotRow(const double* a, int64_t n, int64_t k) {
  int64_t best = k;
  for (int64_t i = k + 1; i < n; ++i)
    if (!(std::fabs(a[i * n + k]) <= std::fabs(a[best * n + k]))) best = i;
  return best;
}

/// Of n rows of n elements, which are overwritten.
double determinant(double* a, int64_t n) {
  double product = 1;
  for (int64_t k = 0; k < n; ++k) {
    const int64_t best = pivotRow(a, n, k);
    double* const row = a + k * n;
    if (best != k) {
      std::swap_ranges(row, row + n, a + best * n);
      product = -product;
    }
    product *= row[k];
    if (row[k] == 0) continue;  // so is all that is below it
    for (int64_t i = k + 1; i < n; ++i) {
      double* const lower = a + i * n;
      const double factor = lower[k] / row[k];
      for (int64_t j = k + 1; j < n; ++j) lower[j] -= factor * row[j];
    }
  }
  return product;
}

template <class T>
void determinants(const TensorView& x, const TensorView& y, double* matrix) {
  const int batch = y.shape.rank();
  const int64_t n = x.shape[batch];
  forEachIndex(y.shape, [&](const auto& index) {
    const T* from = x.as<const T>() + offsetOf(index, x.strides, batch);
    for (int64_t i = 0; i < n; ++i)
      for (int64_t j = 0; j < n; ++j)
        matrix[i * n + j] = from[i * x.strides[batch] + j * x.strides[batch + 1]];
    y.as<T>()[offsetOf(index, y.strides, batch)] = convert<T>(determinant(matrix, n));
  });
}

}  // namespace

size_t detBytes(const ops::Operator&, std::span<const TensorView> inputs,
                std::span<const TensorView> outputs, const CallShape&) {
  const auto n = static_cast<size_t>(inputs[0].shape[outputs[0].shape.rank()]);
  return n * n * sizeof(double);
}

Result<void> runDet(const ops::Operator&, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &y = args.outputs[0];
  auto* matrix = reinterpret_cast<double*>(args.workspace.data());
  if (x.type == DataType::Float64)
    determinants<double>(x, y, matrix);
  else
    determinants<float>(x, y, matrix);
  return {};
}

}  // namespace minnow::kernels::reference
