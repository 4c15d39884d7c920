// Extents, one an element.
#include "ops/shape_of.h"

#include "kernels/kernel.h"

namespace minnow::kernels::reference {

Result<void> runShapeOf(const ops::Operator& op, const KernelArgs& args) {
  const Shape& shape = args.inputs[0].shape;
  const TensorView& y = args.outputs[0];
  const auto axes = static_cast<const ops::ShapeOf&>(op).axesOf(shape.rank());
  for (int axis = axes.first; axis < axes.end; ++axis)
    y.as<int64_t>()[(axis - axes.first) * y.strides[0]] = shape[axis];
  return {};
}

}  // namespace minnow::kernels::reference
