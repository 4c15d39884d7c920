// ArgMax and ArgMin, one output element at a time.
#include "ops/arg_reduce.h"

#include "kernels/elementwise.h"
#include "kernels/kernel.h"
#include "kernels/reference/extremes.h"

namespace minnow::kernels::reference {
namespace {

template <class T>
int64_t chosen(const ops::ArgReduce& arg, const T* x, int64_t n, int64_t stride) {
  int64_t best = 0;
  for (int64_t i = 1; i < n; ++i) {
    const T value = x[i * stride], champion = x[best * stride];
    const bool better = arg.max ? beats(value, champion) : undercuts(value, champion);
    if (better || (arg.selectLast && equals(value, champion))) best = i;
  }
  return best;
}

template <class T>
void chooseAll(const ops::ArgReduce& arg, const TensorView& x, const TensorView& y) {
  const int axis = static_cast<int>(arg.axis);
  TensorView kept = x;  // x with an extent of 1 along the axis
  kept.shape[axis] = 1;
  Strides results{};
  for (int i = 0, out = 0; i < x.shape.rank(); ++i) {
    if (i != axis) results[i] = y.strides[out];
    if (i != axis || arg.keepDims) ++out;
  }
  forEachIndex(kept.shape, [&](const auto& index) {
    const int rank = kept.shape.rank();
    y.as<int64_t>()[offsetOf(index, results, rank)] = chosen(
        arg, x.as<const T>() + offsetOf(index, x.strides, rank), x.shape[axis], x.strides[axis]);
  });
}

}  // namespace

Result<void> runArgReduce(const ops::Operator& op, const KernelArgs& args) {
  const auto& arg = static_cast<const ops::ArgReduce&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  if (y.elements() == 0) return {};
  switch (x.type) {
    case DataType::Float64:
      return chooseAll<double>(arg, x, y), Result<void>{};
    case DataType::Int32:
      return chooseAll<int32_t>(arg, x, y), Result<void>{};
    case DataType::Int64:
      return chooseAll<int64_t>(arg, x, y), Result<void>{};
    case DataType::Uint8:
      return chooseAll<uint8_t>(arg, x, y), Result<void>{};
    case DataType::Int8:
      return chooseAll<int8_t>(arg, x, y), Result<void>{};
    default:
      return chooseAll<float>(arg, x, y), Result<void>{};
  }
}

}  // namespace minnow::kernels::reference
