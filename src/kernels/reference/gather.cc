// GatherElements and GatherND (Gather is a list of copies: movement.cc).
#include "ops/gather.h"

#include "kernels/elementwise.h"
#include "kernels/indices.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {

Result<void> runGatherElements(const ops::Operator& op, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &indices = args.inputs[1], &y = args.outputs[0];
  const int rank = x.shape.rank();
  const auto axis = ops::normaliseAxis(static_cast<const ops::GatherElements&>(op).axis, rank);
  if (!axis) return passOn(axis);
  bool inRange = true;
  withBytes(elementSize(x.type), [&]<class T>(T) {
    forEachIndex(y.shape, [&](const auto& at) {
      const int64_t index = indexAt(indices, offsetOf(at, indices.strides, rank), x.shape[*axis]);
      if (index < 0) return void(inRange = false);
      auto source = at;
      source[*axis] = index;
      y.as<T>()[offsetOf(at, y.strides, rank)] = x.as<const T>()[offsetOf(source, x.strides, rank)];
    });
  });
  return inRange ? Result<void>{} : indexOutOfRange(x.shape[*axis]);
}

Result<void> runGatherNd(const ops::Operator& op, const KernelArgs& args) {
  const TensorView &x = args.inputs[0], &indices = args.inputs[1], &y = args.outputs[0];
  const auto batch = static_cast<int>(static_cast<const ops::GatherNd&>(op).batchAxes);
  const int lead = indices.shape.rank() - 1;
  const auto depth = static_cast<int>(indices.shape[lead]);
  bool inRange = true;
  withBytes(elementSize(x.type), [&]<class T>(T) {
    forEachIndex(y.shape, [&](const auto& at) {
      const int64_t row = offsetOf(at, indices.strides, lead);
      std::array<int64_t, kMaxRank> source{};
      for (int i = 0; i < batch; ++i) source[i] = at[i];
      for (int i = 0; i < depth; ++i) {
        source[batch + i] = indexAt(indices, row + i * indices.strides[lead], x.shape[batch + i]);
        if (source[batch + i] < 0) return void(inRange = false);
      }
      for (int i = batch + depth; i < x.shape.rank(); ++i) source[i] = at[lead + i - batch - depth];
      y.as<T>()[offsetOf(at, y.strides, y.shape.rank())] =
          x.as<const T>()[offsetOf(source, x.strides, x.shape.rank())];
    });
  });
  if (!inRange)
    return fail(ErrorCode::InvalidArgument, "an index is outside a tensor of ", x.shape);
  return {};
}

}  // namespace minnow::kernels::reference
