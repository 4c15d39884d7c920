// A graph as an onnx::ModelProto. IR version 9 came with opset 20, 10 with 21.
#include "converter/onnx_export/graph_writer.h"

#include <algorithm>
#include <utility>

#include "base/fail.h"
#include "base/guarded.h"
#include "converter/onnx/tensor_proto.h"
#include "converter/onnx_export.h"
#include "format/read.h"

namespace minnow::converter {
namespace exported {

using ir::kNoValue;
using ir::ValueId;

GraphWriter::GraphWriter(const ir::Graph& graph, ir::DataSizes sizes)
    : source_(graph),
      sizes_(std::move(sizes)),
      opset_(kExportedOpset),
      written_(graph.values.size(), 0) {
  model_.set_ir_version(9);
  model_.set_producer_name("minnow");
  model_.set_doc_string("After the passes of a conversion. " + graph.producer);
  model_.mutable_graph()->set_name(graph.name.empty() ? "minnow" : graph.name);
}

Name GraphWriter::unusedIn(std::set<Name>& taken, const Name& like) {
  Name name = like;
  for (int i = 2; name.empty() || !taken.insert(name).second; ++i)
    name = like + ":" + std::to_string(i);
  return name;
}

/// Inputs and outputs have the model's names, whatever else is called so.
void GraphWriter::nameValues() {
  names_.assign(source_.values.size(), "");
  for (const ValueId id : source_.inputs) names_[id] = unused(source_.values[id].name.str());
  for (size_t i = 0; i < source_.outputs.size(); ++i) {
    const ValueId id = source_.outputs[i];
    const Name name = unused(source_.outputNames[i]);
    if (names_[id].empty() && !source_.values[id].isConstant()) names_[id] = name;
  }
  for (size_t id = 0; id < names_.size(); ++id)
    if (names_[id].empty()) names_[id] = unused(source_.values[id].name.str());
}

Name GraphWriter::constant(const Name& like, const TensorType& type, const void* elements) {
  auto& tensor = *graph().add_initializer();
  encodeTensor(unused(like), type, elements, tensor);
  return tensor.name();
}

Name GraphWriter::tensor(ValueId id, const ops::Operator* reader, int index) {
  if (id == kNoValue) return "";
  const ir::Value& value = source_.values[id];
  if (!value.isConstant() || std::exchange(written_[id], 1)) return names_[id];
  TensorType type = value.type;
  std::vector<std::byte> elements = plainElements(value, reader, index);
  if (reader && index == 1 && reader->hasTransformedWeights({{TensorType{}, type}})) {
    const auto* points = reinterpret_cast<const float*>(elements.data());
    const auto taps = tapsOfPoints(points, type.shape[0] * type.shape[1]);
    const auto bytes = std::as_bytes(std::span(taps));
    elements.assign(bytes.begin(), bytes.end());
    type.shape[2] = type.shape[3] = 3;
  }
  taken_.erase(names_[id]);
  return constant(names_[id], type, elements.data());
}

bool GraphWriter::rename(ValueId id, const Name& name) {
  if (source_.isOutput(id)) return false;
  names_[id] = name;
  return true;
}

void GraphWriter::describe(onnx::ValueInfoProto& info, const Name& name, ValueId id) const {
  info.set_name(name);
  const TensorType& type = source_.values[id].type;
  auto* tensor = info.mutable_type()->mutable_tensor_type();
  tensor->set_elem_type(static_cast<int>(type.type));
  auto* shape = tensor->mutable_shape();
  const ops::DataAxes& axes = sizes_.of(id);
  for (int axis = 0; axis < type.shape.rank(); ++axis) {
    auto* dim = shape->add_dim();
    const auto number = axes[static_cast<size_t>(axis)];
    number ? dim->set_dim_param("data" + std::to_string(number))
           : dim->set_dim_value(type.shape[axis]);
  }
}

void GraphWriter::writeInputs() {
  for (const ValueId id : source_.inputs) describe(*graph().add_input(), names_[id], id);
}

/// What is an input, a constant, or an output under another name too, is copied.
void GraphWriter::writeOutputs() {
  for (size_t i = 0; i < source_.outputs.size(); ++i) {
    const ValueId id = source_.outputs[i];
    const Name& name = source_.outputNames[i];
    if (names_[id] != name) {
      auto* copy = graph().add_node();
      copy->set_op_type("Identity");
      copy->add_input(tensor(id));
      copy->add_output(name);
    }
    describe(*graph().add_output(), name, id);
  }
}

/// Shapes of what lies between, for those who look at the model.
void GraphWriter::writeShapes() {
  std::set<Name> said;
  for (const auto* ends : {&graph().input(), &graph().output()})
    for (const auto& end : *ends) said.insert(end.name());
  for (const ir::Node& node : source_.nodes)
    for (const ValueId id : node.outputs)
      if (id != kNoValue && said.insert(names_[id]).second)
        describe(*graph().add_value_info(), names_[id], id);
}

onnx::ModelProto GraphWriter::write() {
  nameValues();
  writeInputs();
  for (const ir::Node& node : source_.nodes) {
    NodeWriter writer(*this, node);
    writeOperator(writer);
  }
  writeOutputs();
  writeShapes();
  auto* opset = model_.add_opset_import();
  opset->set_domain("");
  opset->set_version(opset_);
  if (opset_ > kExportedOpset) model_.set_ir_version(10);
  return std::move(model_);
}

}  // namespace exported

namespace {

Result<std::vector<std::byte>> written(const ir::Graph& graph) {
  auto sizes = ir::findDataSizes(graph);
  if (!sizes) return passOn(sizes);
  try {
    const onnx::ModelProto model = exported::GraphWriter(graph, std::move(*sizes)).write();
    constexpr size_t kMost = (size_t{1} << 31) - 1;  // protobuf's
    const size_t size = model.ByteSizeLong();
    if (size > kMost)
      return fail(ErrorCode::Unsupported, "the ONNX file would have ", size,
                  " bytes, of which protobuf allows ", kMost);
    std::vector<std::byte> bytes(size);
    model.SerializeToArray(bytes.data(), static_cast<int>(size));
    return bytes;
  } catch (exported::Refusal& refusal) {
    return std::unexpected(std::move(refusal.error));
  }
}

}  // namespace

Result<std::vector<std::byte>> exportOnnx(const ir::Graph& graph) {
  return guarded("export", [&] { return written(graph); });
}

Result<std::vector<std::byte>> exportOnnx(std::span<const std::byte> model,
                                          std::string_view sourceName) {
  return guarded(sourceName, [&]() -> Result<std::vector<std::byte>> {
    const auto graph = format::read(model, sourceName);
    if (!graph) return passOn(graph);
    auto bytes = written(*graph);
    if (!bytes) return fail(bytes.error().code, sourceName, ": ", bytes.error().message);
    return bytes;
  });
}

Result<ir::Graph> operatorAlone(const ir::Graph& graph, std::string_view tensor) {
  const auto writes = [&](const ir::Node& node) {
    return std::ranges::any_of(node.outputs, [&](ir::ValueId id) {
      return id != ir::kNoValue && graph.values[id].name == tensor;
    });
  };
  const auto found = std::ranges::find_if(graph.nodes, writes);
  if (found == graph.nodes.end())
    return fail(ErrorCode::NotFound, "no operator of the model gives ", tensor);
  ir::Graph all = graph.clone();
  ir::Graph alone;
  alone.name = found->name;
  alone.producer = graph.producer;
  alone.values = std::move(all.values);
  alone.nodes.push_back(std::move(all.nodes[static_cast<size_t>(found - graph.nodes.begin())]));
  for (const ir::ValueId id : alone.nodes[0].inputs)
    if (id != ir::kNoValue && !alone.values[id].isConstant() &&
        std::ranges::find(alone.inputs, id) == alone.inputs.end())
      alone.inputs.push_back(id);
  for (const ir::ValueId id : alone.nodes[0].outputs)
    if (id != ir::kNoValue) {
      alone.outputs.push_back(id);
      alone.outputNames.push_back(alone.values[id].name.str());
    }
  alone.removeDead();
  return alone;
}

}  // namespace minnow::converter
