// Packing the weights of operator cases.
#include "tests/ops/packed_weights.h"

#include "base/aligned.h"
#include "kernels/pack.h"

namespace minnow::optest {
namespace {

std::span<const float> floatsOf(const TensorView& plain) {
  if (!plain) return {};
  return {plain.as<const float>(), static_cast<size_t>(plain.elements())};
}

}  // namespace

std::unique_ptr<ops::Operator> asConverted(const ops::Operator& op,
                                           std::span<const TensorView> inputs) {
  auto out = op.clone();
  if (inputs.size() > 1 && inputs[1].type == DataType::Float32 &&
      kernels::zerosAddNothing(floatsOf(inputs[1]),
                               floatsOf(inputs.size() > 2 ? inputs[2] : TensorView{})))
    out->takeThatZerosAddNothing();
  return out;
}

std::optional<PackedWeights> packedWeights(const ops::Operator& op, int index,
                                           const TensorView& weights) {
  const Packing packing = kernels::packingFor(weights.type);
  const auto matrices = op.weightMatrices(index, weights.shape, weights.strides);
  if (!matrices || packing == Packing::None) return std::nullopt;
  const auto bytes = static_cast<size_t>(kernels::packedBytes(packing, *matrices));
  PackedWeights out{std::vector<std::byte>(bytes + base::kAlignment), weights};
  const auto address = reinterpret_cast<size_t>(out.bytes.data());
  const auto room = std::span(out.bytes).subspan(base::alignUp(address) - address, bytes);
  kernels::pack(packing, weights.data, *matrices, room);
  out.view.data = room.data();
  out.view.packing = packing;
  return out;
}

}  // namespace minnow::optest
