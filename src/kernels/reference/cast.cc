// Cast, one element at a time.
#include "ops/cast.h"

#include "kernels/element_types.h"
#include "kernels/elementwise.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {

namespace {

/// *y = *x, of whatever types. One loop for all pairs of them, of which there are too many for a
/// loop each.
using ConvertFn = void (*)(const void* x, void* y);

ConvertFn chooseConversion(DataType from, DataType to) {
  ConvertFn chosen = nullptr;
  visitType(from, [&](auto fromTag) {
    visitType(to, [&](auto toTag) {
      using From = decltype(fromTag)::Type;
      using To = decltype(toTag)::Type;
      chosen = [](const void* x, void* y) {
        *static_cast<To*>(y) = convert<To>(*static_cast<const From*>(x));
      };
    });
  });
  return chosen;
}

}  // namespace

Result<void> runCast(const ops::Operator&, const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const ConvertFn convert = chooseConversion(x.type, y.type);
  const int rank = y.shape.rank();
  forEachIndex(y.shape, [&](const auto& at) {
    convert(elementAt(x, offsetOf(at, x.strides, rank)),
            elementAt(y, offsetOf(at, y.strides, rank)));
  });
  return {};
}

}  // namespace minnow::kernels::reference
