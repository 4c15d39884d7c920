// Max unpooling: zeros, then every element to its index.
#include "ops/max_unpool.h"

#include "base/fail.h"
#include "kernels/elementwise.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {

Result<void> runMaxUnpool(const ops::Operator& op, const KernelArgs& args) {
  const auto& unpool = static_cast<const ops::MaxUnpool&>(op);
  const TensorView& x = args.inputs[0];
  const TensorView& indices = args.inputs[1];
  const TensorView& y = args.outputs[0];
  const auto implied = unpool.impliedShape(x.shape);
  if (!implied) return passOn(implied);
  const int rank = y.shape.rank();
  forEachIndex(y.shape,
               [&](const auto& out) { y.as<float>()[offsetOf(out, y.strides, rank)] = 0; });
  const int64_t elements = implied->elements();
  Result<void> result;
  forEachIndex(x.shape, [&](const auto& in) {
    int64_t index = indices.as<const int64_t>()[offsetOf(in, indices.strides, rank)];
    if (index < 0 || index >= elements) {
      result =
          fail(ErrorCode::InvalidArgument, "unpooling: index ", index, " is outside ", *implied);
      return;
    }
    int64_t offset = 0;
    for (int axis = rank - 1; axis >= 0; --axis) {
      offset += index % (*implied)[axis] * y.strides[axis];
      index /= (*implied)[axis];
    }
    y.as<float>()[offset] = x.as<const float>()[offsetOf(in, x.strides, rank)];
  });
  return result;
}

}  // namespace minnow::kernels::reference
