// Where, one element at a time.
#include "ops/where.h"

#include "kernels/element_types.h"
#include "kernels/elementwise.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {

Result<void> runWhere(const ops::Operator&, const KernelArgs& args) {
  const TensorView& condition = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const int rank = y.shape.rank();
  std::array<Strides, 3> strides;
  for (size_t i = 0; i < 3; ++i) strides[i] = broadcastStrides(args.inputs[i], y.shape);
  visitType(y.type, [&](auto tag) {
    using T = decltype(tag)::Type;
    forEachIndex(y.shape, [&](const auto& at) {
      const size_t chosen = condition.as<const uint8_t>()[offsetOf(at, strides[0], rank)] ? 1 : 2;
      y.as<T>()[offsetOf(at, y.strides, rank)] =
          args.inputs[chosen].as<const T>()[offsetOf(at, strides[chosen], rank)];
    });
  });
  return {};
}

}  // namespace minnow::kernels::reference
