// Following extents that data decide through a graph.
#include "ir/data_sizes.h"

#include "base/fail.h"

namespace minnow::ir {

const ops::DataAxes& DataSizes::of(ValueId id) const {
  static constexpr ops::DataAxes kKnown{};
  const auto at = static_cast<size_t>(id);
  return id == kNoValue || at >= axes_.size() ? kKnown : axes_[at];
}

bool DataSizes::concerns(const Node& node) const {
  return node.op->facts().sizesFromData ||
         (!axes_.empty() &&
          std::ranges::any_of(node.inputs, [&](ValueId id) { return isFromData(id); }));
}

namespace {

/// The first extent that data decide, in words.
std::string unknownExtent(const ops::DataInputs& in) {
  for (size_t i = 0; i < in.count(); ++i)
    for (int axis = 0; axis < in.shape(i).rank(); ++axis)
      if (in.at(i, axis) != 0)
        return text("the size of axis ", axis, " of input ", i, " (at most ", in.shape(i)[axis],
                    ") depends on data");
  return "the size of its result depends on data";
}

}  // namespace

std::vector<ops::DataAxes> DataSizes::axesRead(const Node& node) const {
  std::vector<ops::DataAxes> read;
  for (ValueId id : node.inputs) read.push_back(of(id));
  return read;
}

Result<ops::TensorTypes> DataSizes::outputTypes(const Node& node,
                                                std::span<const TensorType> inputs) {
  if (!concerns(node)) return node.op->inferShape(inputs);
  return node.op->largestOutputs({inputs, axesRead(node), last_});
}

Result<ops::TensorTypes> DataSizes::infer(const Node& node, std::span<const TensorType> inputs) {
  auto types = outputTypes(node, inputs);
  if (types && concerns(node))
    if (auto ok = enter(node, inputs); !ok) types = passOn(ok);
  if (!types)
    types = fail(types.error().code, "node '", node.name, "' (", node.op->name(),
                 "): ", types.error().message);
  return types;
}

void DataSizes::unite(int32_t number, int32_t other) {
  for (ops::DataAxes& axes : axes_) std::ranges::replace(axes, number, other);
}

Result<void> DataSizes::enter(const Node& node, std::span<const TensorType> inputs) {
  const std::vector<ops::DataAxes> read = axesRead(node);
  const ops::DataInputs in(inputs, read, last_);
  const auto axes = node.op->dataAxes(in);
  if (!axes)
    return fail(ErrorCode::Unsupported, unknownExtent(in), "; ", node.op->name(),
                " with these attributes and operands is supported for known sizes only (let the "
                "model end before this node, or choose a fixed number of elements, as TopK does)");
  for (ValueId id : node.outputs) {
    if (id == kNoValue) continue;
    if (axes_.size() <= static_cast<size_t>(id)) axes_.resize(static_cast<size_t>(id) + 1);
    ops::DataAxes& own = axes_[static_cast<size_t>(id)] = *axes;
    for (int32_t& number : own)
      if (number == ops::kOwnOfEach) number = in.fresh();
  }
  return {};
}

Result<DataSizes> findDataSizes(const Graph& graph, std::span<const TensorType> types) {
  DataSizes sizes;
  for (const Node& node : graph.nodes) {
    if (!sizes.concerns(node)) continue;
    std::vector<TensorType> inputs;
    for (ValueId id : node.inputs)
      inputs.push_back(id == kNoValue ? TensorType{} : types[static_cast<size_t>(id)]);
    if (auto ok = sizes.enter(node, inputs); !ok)
      return fail(ok.error().code, "node '", node.name, "': ", ok.error().message);
  }
  return sizes;
}

Result<DataSizes> findDataSizes(const Graph& graph) {
  std::vector<TensorType> types;
  for (const Value& value : graph.values) types.push_back(value.type);
  return findDataSizes(graph, types);
}

}  // namespace minnow::ir
