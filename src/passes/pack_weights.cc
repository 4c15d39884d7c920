// pack-weights: constant weights of convolutions and matrix products in panels, where kernels read
// them straight from the file. Weights that several operators pack alike are stored once. A bias of
// -0 becomes +0: kernels start their sums from it, and a sum that starts from -0 shows whether
// padded zeros were added or left out.
#include <map>
#include <tuple>

#include "base/aligned.h"
#include "base/fail.h"
#include "kernels/operator_panels.h"
#include "passes/pass.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;

bool isPlainFloats(const ir::Value& value) {
  return value.isFixed() && value.layout == ir::Layout::Plain &&
         value.type.type == DataType::Float32;
}

class Packer {
 public:
  explicit Packer(ir::Graph& graph) : graph_(graph) {}

  Result<void> packInputs(ir::Node& node) {
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const ValueId id = node.inputs[i];
      if (id == kNoValue || !isPlainFloats(graph_.values[id])) continue;
      const auto panels = kernels::operatorPanels(*node.op, i, graph_.values[id].type.shape);
      if (!panels) continue;
      auto packed = pack(*node.op, id, *panels);
      if (!packed) return std::unexpected(packed.error());
      node.inputs[i] = *packed;
      ++changes_;
      clearNegativeZeros(node);
    }
    return {};
  }
  int changes() const { return changes_; }

 private:
  using Key = std::tuple<ValueId, ops::OpKind, int64_t, int64_t, int64_t>;

  Result<ValueId> pack(const ops::Operator& op, ValueId id, const kernels::PanelShape& panels) {
    const Key key{id, op.kind(), panels.groups, panels.outputs, panels.depth};
    if (const auto known = packed_.find(key); known != packed_.end()) return known->second;
    const auto floats = static_cast<size_t>(panels.floats());
    const auto memory = base::alignedBytes(floats * sizeof(float));
    if (!memory) return fail(ErrorCode::OutOfMemory, floats, " floats for packed weights");
    kernels::packOperatorInput(op, graph_.values[id].view(),
                               {reinterpret_cast<float*>(memory.get()), floats});
    ir::Value value = graph_.values[id];
    value.layout = ir::Layout::Panels;
    value.constant = std::make_shared<ir::Constant>(
        ir::Constant{{memory.get(), floats * sizeof(float)}, memory});
    return packed_[key] = graph_.addValue(std::move(value));
  }

  void clearNegativeZeros(ir::Node& node) {
    if (node.inputs.size() < 3 || node.inputs[2] == kNoValue) return;
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

Result<int> packWeights(ir::Graph& graph, Budget&) {
  Packer packer(graph);
  for (ir::Node& node : graph.nodes)
    if (auto ok = packer.packInputs(node); !ok) return std::unexpected(ok.error());
  return packer.changes();
}

}  // namespace minnow::passes
