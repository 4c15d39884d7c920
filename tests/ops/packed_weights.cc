// Packing the weights of operator cases.
#include "tests/ops/packed_weights.h"

#include <algorithm>

#include "base/aligned.h"
#include "kernels/pack.h"
#include "ops/conv.h"
#include "passes/store_points.h"

namespace minnow::optest {
namespace {

std::span<const float> floatsOf(const TensorView& plain) {
  if (!plain) return {};
  return {plain.as<const float>(), static_cast<size_t>(plain.elements())};
}

/// The view has an address alone.
PackedWeights roomFor(size_t bytes) {
  PackedWeights out{std::vector<std::byte>(bytes + base::kAlignment), {}};
  const auto address = reinterpret_cast<size_t>(out.bytes.data());
  out.view.data = out.bytes.data() + (base::alignUp(address) - address);
  return out;
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

std::optional<PackedWeights> weightsAtPoints(const ops::Operator& op, const TensorView& weights) {
  const auto* conv = dynamic_cast<const ops::Conv*>(&op);
  if (!conv || !conv->winograd) return std::nullopt;
  constexpr int64_t kPatch = ops::Conv::kWinogradPatch;
  const Shape shape{weights.shape[0], weights.shape[1], kPatch, kPatch};
  const std::vector<float> floats = passes::weightsAtPoints(op, weights);
  PackedWeights out = roomFor(floats.size() * sizeof(float));
  out.view = {{DataType::Float32, shape, plainStrides(shape)}, out.view.data};
  std::ranges::copy(floats, out.view.as<float>());
  return out;
}

std::optional<PackedWeights> packedWeights(const ops::Operator& op, int index,
                                           const TensorView& weights, bool inHalves) {
  Packing packing = kernels::packingFor(weights.type);
  if (packing == Packing::F32x16 && inHalves) packing = Packing::F16x16;
  const auto matrices = op.weightMatrices(index, weights.shape, weights.strides);
  if (!matrices || packing == Packing::None) return std::nullopt;
  const auto bytes = static_cast<size_t>(kernels::packedBytes(packing, *matrices));
  PackedWeights out = roomFor(bytes);
  void* const room = out.view.data;
  kernels::pack(packing, weights.data, *matrices, {static_cast<std::byte*>(room), bytes});
  out.view = weights;
  out.view.data = room;
  out.view.packing = packing;
  return out;
}

}  // namespace minnow::optest
