// pack-weights: constant weights of convolutions and matrix products in panels, where kernels read
// them straight from the file. Weights that several operators pack alike are stored once. A bias of
// -0 becomes +0: it is added to sums that are zero, and would show whether products with padded
// zeros were added or left out. Operators are told where they may leave them out.
#include <cstdint>
#include <map>
#include <tuple>

#include "base/aligned.h"
#include "base/fail.h"
#include "kernels/pack.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;

bool isPlainFloats(const ir::Value& value) {
  return value.isFixed() && value.isPlain() && value.type.type == DataType::Float32;
}

class Packer {
 public:
  explicit Packer(ir::Graph& graph) : graph_(graph) {}

  Result<void> packInputs(ir::Node& node) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue) continue;
      const ir::Value& value = graph_.values[id];
      const Packing packing = kernels::packingFor(value.type.type);
      // What follows from sizes is stored anew when they change, as it is computed.
      if (!value.isFixed() || !value.isPlain() || packing == Packing::None) continue;
      const auto matrices = node.op->weightMatrices(static_cast<int>(i), value.type.shape,
                                                    plainStrides(value.type.shape));
      if (!matrices) continue;
      auto packed = pack(id, packing, *matrices);
      if (!packed) return passOn(packed);
      node.inputs[i] = *packed;
      ++changes_;
      clearNegativeZeros(node);
      if (i == 1 && zerosAddNothing(id, node)) node.op->takeThatZerosAddNothing();
    }
    return {};
  }
  int changes() const { return changes_; }

 private:
  /// Weights, and how an operator reads them.
  using Key = std::tuple<ValueId, std::vector<int64_t>, Strides, int, bool>;

  Result<ValueId> pack(ValueId id, Packing packing, const ops::WeightMatrices& matrices) {
    const auto axes = matrices.shape.dims();
    const Key key{
        id, {axes.begin(), axes.end()}, matrices.strides, matrices.groupAxes, matrices.perChannel};
    if (const auto known = packed_.find(key); known != packed_.end()) return known->second;
    const uint64_t bytes = kernels::packedBytes(packing, matrices);
    const auto memory =
        bytes <= SIZE_MAX ? base::alignedBytes(static_cast<size_t>(bytes)) : nullptr;
    if (!memory) return fail(ErrorCode::OutOfMemory, bytes, " bytes of packed weights");
    const std::span<std::byte> room(memory.get(), static_cast<size_t>(bytes));
    ir::Value value = graph_.values[id];
    kernels::pack(packing, value.constant->bytes.data(), matrices, room);
    value.packing = packing;
    value.constant = std::make_shared<ir::Constant>(ir::Constant{room, memory});
    return packed_[key] = graph_.addValue(std::move(value));
  }

  /// Input 2, unless it is a matrix of weights too.
  bool hasBias(const ir::Node& node) const {
    if (node.inputs.size() <= 2 || node.inputs[2] == kNoValue) return false;
    const Shape& shape = graph_.values[node.inputs[2]].type.shape;
    return !node.op->weightMatrices(2, shape, plainStrides(shape));
  }

  /// Once negative zeros are cleared.
  bool zerosAddNothing(ValueId weights, const ir::Node& node) const {
    std::span<const float> bias;
    if (hasBias(node)) {
      const ir::Value& value = graph_.values[node.inputs[2]];
      if (!isPlainFloats(value)) return false;
      bias = value.elements<float>();
    }
    return kernels::zerosAddNothing(graph_.values[weights].elements<float>(), bias);
  }

  void clearNegativeZeros(ir::Node& node) {
    if (!hasBias(node)) return;
    const ir::Value& bias = graph_.values[node.inputs[2]];
    if (!isPlainFloats(bias)) return;
    const auto given = bias.elements<float>();
    std::vector<float> cleared(given.begin(), given.end());
    for (float& x : cleared) x += 0.0f;  // -0 + 0 is +0
    if (std::ranges::equal(std::as_bytes(std::span(cleared)), bias.constant->bytes)) return;
    node.inputs[2] = graph_.addFloats(bias.name, bias.type.shape, cleared);
  }

  ir::Graph& graph_;
  std::map<Key, ValueId> packed_;
  int changes_ = 0;
};

}  // namespace

Result<int> packWeights(ir::Graph& graph, sizes::Budget&) {
  Packer packer(graph);
  for (ir::Node& node : graph.nodes)
    if (auto ok = packer.packInputs(node); !ok) return passOn(ok);
  return packer.changes();
}

}  // namespace minnow::passes
