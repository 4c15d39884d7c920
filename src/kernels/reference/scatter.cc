// ScatterElements and ScatterND, one update after another.
#include "ops/scatter.h"

#include "kernels/elementwise.h"
#include "kernels/indices.h"
#include "kernels/kernel.h"
#include "kernels/reference/extremes.h"

namespace minnow::kernels::reference {
namespace {

/// Integer sums wrap round, as ONNX's runtimes have it.
template <class T>
T combine(ops::ScatterReduction reduction, T old, T update) {
  switch (reduction) {
    case ops::ScatterReduction::Add:
      if constexpr (std::is_integral_v<T>)
        return static_cast<T>(static_cast<uint64_t>(old) + static_cast<uint64_t>(update));
      else
        return old + update;
    case ops::ScatterReduction::Mul:
      if constexpr (std::is_integral_v<T>)
        return static_cast<T>(static_cast<uint64_t>(old) * static_cast<uint64_t>(update));
      else
        return old * update;
    case ops::ScatterReduction::Max:
      return static_cast<T>(greater(old, update) + T{0});
    case ops::ScatterReduction::Min:
      return static_cast<T>(smaller(old, update) + T{0});
    default:
      return update;
  }
}

/// Copies data to the output unless they are one, then calls write(at) for every update.
template <class Write>
void scatter(const KernelArgs& args, Write&& write) {
  if (args.inputs[0].data != args.outputs[0].data) copyTensor(args.inputs[0], args.outputs[0]);
  forEachIndex(args.inputs[2].shape, write);
}

/// *element = combined(*element, *update), of whatever type.
using UpdateFn = void (*)(ops::ScatterReduction reduction, void* element, const void* update);

/// For a type that can be combined, or, without a reduction, merely moved.
UpdateFn chooseUpdate(ops::ScatterReduction reduction, DataType type) {
  UpdateFn chosen = nullptr;
  const auto choose = [&]<class T>(T) {
    chosen = [](ops::ScatterReduction how, void* element, const void* update) {
      T& value = *static_cast<T*>(element);
      value = combine(how, value, *static_cast<const T*>(update));
    };
  };
  if (reduction == ops::ScatterReduction::None)
    withBytes(elementSize(type), choose);
  else
    withNumbers(type, choose);
  return chosen;
}

}  // namespace

Result<void> runScatterElements(const ops::Operator& op, const KernelArgs& args) {
  const auto& attributes = static_cast<const ops::ScatterElements&>(op);
  const TensorView &indices = args.inputs[1], &updates = args.inputs[2], &y = args.outputs[0];
  const int rank = y.shape.rank();
  const auto axis = ops::normaliseAxis(attributes.axis, rank);
  if (!axis) return passOn(axis);
  bool inRange = true;
  const UpdateFn update = chooseUpdate(attributes.reduction, y.type);
  scatter(args, [&](const auto& at) {
    auto target = at;
    target[*axis] = indexAt(indices, offsetOf(at, indices.strides, rank), y.shape[*axis]);
    if (target[*axis] < 0) return void(inRange = false);
    update(attributes.reduction, elementAt(y, offsetOf(target, y.strides, rank)),
           elementAt(updates, offsetOf(at, updates.strides, rank)));
  });
  return inRange ? Result<void>{} : indexOutOfRange(y.shape[*axis]);
}

Result<void> runScatterNd(const ops::Operator& op, const KernelArgs& args) {
  const auto& attributes = static_cast<const ops::ScatterNd&>(op);
  const TensorView &indices = args.inputs[1], &updates = args.inputs[2], &y = args.outputs[0];
  const int lead = indices.shape.rank() - 1;
  const auto depth = static_cast<int>(indices.shape[lead]);
  bool inRange = true;
  const UpdateFn update = chooseUpdate(attributes.reduction, y.type);
  scatter(args, [&](const auto& at) {
    const int64_t row = offsetOf(at, indices.strides, lead);
    int64_t offset = 0;
    for (int i = 0; i < depth; ++i) {
      const int64_t index = indexAt(indices, row + i * indices.strides[lead], y.shape[i]);
      if (index < 0) return void(inRange = false);
      offset += index * y.strides[i];
    }
    for (int i = depth; i < y.shape.rank(); ++i) offset += at[lead + i - depth] * y.strides[i];
    update(attributes.reduction, elementAt(y, offset),
           elementAt(updates, offsetOf(at, updates.strides, updates.shape.rank())));
  });
  if (!inRange)
    return fail(ErrorCode::InvalidArgument, "an index is outside a tensor of ", y.shape);
  return {};
}

}  // namespace minnow::kernels::reference
