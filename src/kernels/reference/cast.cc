// Cast, one element at a time.
#include "ops/cast.h"

#include "kernels/element_types.h"
#include "kernels/kernel.h"
#include "kernels/reference/elementwise.h"

namespace minnow::kernels::reference {

Result<void> runCast(const ops::Operator&, const KernelArgs& args) {
  visitType(args.inputs[0].type, [&](auto fromTag) {
    visitType(args.outputs[0].type, [&](auto toTag) {
      using From = decltype(fromTag)::Type;
      using To = decltype(toTag)::Type;
      mapElements<From, To>(args.inputs[0], args.outputs[0], [](From x) { return convert<To>(x); });
    });
  });
  return {};
}

}  // namespace minnow::kernels::reference
