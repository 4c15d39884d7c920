// Elementwise functions, one element at a time.
#include "ops/unary.h"

#include "kernels/kernel.h"
#include "kernels/reference/elementwise.h"
#include "kernels/reference/scalar_math.h"

namespace minnow::kernels::reference {

Result<void> runUnary(const ops::Operator& op, const KernelArgs& args) {
  const auto& unary = static_cast<const ops::Unary&>(op);
  const ops::Epilogue fn{unary.fn, unary.alpha, unary.beta};
  mapElements<float, float>(args.inputs[0], args.outputs[0], [&](float x) { return apply(fn, x); });
  return {};
}

}  // namespace minnow::kernels::reference
