// Operators whose weights are packed.
#include "kernels/operator_panels.h"

#include "kernels/pack.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/matmul.h"

namespace minnow::kernels {
std::optional<PanelShape> operatorPanels(const ops::Operator& op, size_t index,
                                         const Shape& shape) {
  if (index != 1) return std::nullopt;
  if (const auto* conv = ops::cast<ops::Conv>(op)) return convPanels(shape, conv->groups);
  if (const auto* conv = ops::cast<ops::ConvTranspose>(op))
    return convTransposePanels(shape, conv->groups);
  if (const auto* product = ops::cast<ops::MatMul>(op); product && shape.rank() >= 2)
    return matMulPanels(shape, product->transposeB);
  return std::nullopt;
}

void packOperatorInput(const ops::Operator& op, const TensorView& weights, std::span<float> out) {
  if (const auto* conv = ops::cast<ops::Conv>(op)) packConv(weights, conv->groups, out);
  if (const auto* conv = ops::cast<ops::ConvTranspose>(op))
    packConvTranspose(weights, conv->groups, out);
  if (const auto* product = ops::cast<ops::MatMul>(op))
    packMatMul(weights, product->transposeB, out);
}

}  // namespace minnow::kernels
