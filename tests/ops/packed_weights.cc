// Packing the weights of operator cases.
#include "tests/ops/packed_weights.h"

#include "base/aligned.h"
#include "kernels/pack.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/matmul.h"

namespace minnow::optest {
namespace {

template <class Pack>
PackedWeights packed(const TensorView& weights, const kernels::PanelShape& shape, Pack&& pack) {
  constexpr size_t kFloats = base::kAlignment / sizeof(float);
  PackedWeights out{std::vector<float>(static_cast<size_t>(shape.floats()) + kFloats), weights};
  const auto address = reinterpret_cast<size_t>(out.floats.data());
  const size_t skipped = (base::alignUp(address) - address) / sizeof(float);
  out.view.data = out.floats.data() + skipped;
  out.view.panels = true;
  pack(std::span(out.floats).subspan(skipped, static_cast<size_t>(shape.floats())));
  return out;
}

}  // namespace

std::optional<PackedWeights> packedWeights(const ops::Operator& op, const TensorView& weights) {
  if (op.kind() == ops::OpKind::Conv) {
    const int64_t groups = static_cast<const ops::Conv&>(op).groups;
    return packed(weights, kernels::convPanels(weights.shape, groups),
                  [&](std::span<float> out) { kernels::packConv(weights, groups, out); });
  }
  if (op.kind() == ops::OpKind::ConvTranspose) {
    const int64_t groups = static_cast<const ops::ConvTranspose&>(op).groups;
    return packed(weights, kernels::convTransposePanels(weights.shape, groups),
                  [&](std::span<float> out) { kernels::packConvTranspose(weights, groups, out); });
  }
  if (op.kind() == ops::OpKind::MatMul) {
    const bool transposed = static_cast<const ops::MatMul&>(op).transposeB;
    return packed(weights, kernels::matMulPanels(weights.shape, transposed),
                  [&](std::span<float> out) { kernels::packMatMul(weights, transposed, out); });
  }
  return std::nullopt;
}

}  // namespace minnow::optest
