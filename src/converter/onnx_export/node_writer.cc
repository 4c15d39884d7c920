// Operands, constants and nodes for the functions that write operators.
#include "converter/onnx_export/node_writer.h"

#include <algorithm>

#include "base/fail.h"
#include "base/half.h"
#include "converter/onnx_export/graph_writer.h"

namespace minnow::converter::exported {

using ir::kNoValue;

onnx::AttributeProto& Added::attribute(const char* name, onnx::AttributeProto::AttributeType type) {
  auto* attribute = node_->add_attribute();
  attribute->set_name(name);
  attribute->set_type(type);
  return *attribute;
}

Added& Added::set(const char* name, int64_t value) {
  attribute(name, onnx::AttributeProto::INT).set_i(value);
  return *this;
}
Added& Added::set(const char* name, float value) {
  attribute(name, onnx::AttributeProto::FLOAT).set_f(value);
  return *this;
}
Added& Added::set(const char* name, const char* value) {
  attribute(name, onnx::AttributeProto::STRING).set_s(value);
  return *this;
}
Added& Added::set(const char* name, std::span<const int64_t> values) {
  auto& list = attribute(name, onnx::AttributeProto::INTS);
  for (const int64_t value : values) list.add_ints(value);
  return *this;
}
Added& Added::set(const char* name, std::span<const float> values) {
  auto& list = attribute(name, onnx::AttributeProto::FLOATS);
  for (const float value : values) list.add_floats(value);
  return *this;
}
Added& Added::set(const char* name, std::span<const std::string> values) {
  auto& list = attribute(name, onnx::AttributeProto::STRINGS);
  for (const std::string& value : values) list.add_strings(value);
  return *this;
}

Added& Added::setBranch(const char* name, const Name& value) {
  auto* graph = attribute(name, onnx::AttributeProto::GRAPH).mutable_g();
  graph->set_name(output() + ":" + name);
  auto* copy = graph->add_node();
  copy->set_op_type("Identity");
  copy->add_input(value);
  copy->add_output(output() + ":" + name);
  graph->add_output()->set_name(copy->output(0));
  return *this;
}

NodeWriter::NodeWriter(GraphWriter& graph, const ir::Node& node)
    : graph_(graph),
      node_(node),
      inRun_(node.as<ops::InRun>()),
      op_(inRun_ ? inRun_->op.get() : node.op.get()),
      inputs_(node.inputs),
      first_(graph.graph().node_size()) {
  if (inRun_) inputs_ = inRun_->own(inputs_);
}

bool NodeWriter::has(int i) const {
  return static_cast<size_t>(i) < inputs_.size() && inputs_[i] != kNoValue;
}

Name NodeWriter::x(int i) const { return has(i) ? graph_.tensor(inputs_[i], op_, i) : ""; }

const TensorType& NodeWriter::type(int i) const {
  static const TensorType kAbsent;
  return has(i) ? graph_.source().values[inputs_[i]].type : kAbsent;
}

int NodeWriter::outputs() const { return static_cast<int>(node_.outputs.size()); }

bool NodeWriter::wants(int i) const { return i < outputs() && node_.outputs[i] != kNoValue; }

const TensorType& NodeWriter::resultType(int i) const {
  return graph_.source().values[node_.outputs[i]].type;
}

Quantisation NodeWriter::quantisation(int i) const {
  return has(i) ? graph_.source().quantisationOf(inputs_[static_cast<size_t>(i)]) : Quantisation{};
}

Quantisation NodeWriter::resultQuantisation(int i) const {
  return graph_.source().quantisationOf(node_.outputs[static_cast<size_t>(i)]);
}

std::span<const float> NodeWriter::floats(int i) const {
  const ir::Value& value =
      graph_.source().values[static_cast<size_t>(inputs_[static_cast<size_t>(i)])];
  return value.isConstant() && value.type.type == DataType::Float32 ? value.elements<float>()
                                                                    : std::span<const float>();
}

bool NodeWriter::isFixed(int i) const { return !ops::anyFromData(graph_.dataAxes(inputs_[i])); }

const Shape& NodeWriter::fixedShape(int i) const {
  if (!isFixed(i)) refuse("a shape that data decide");
  return type(i).shape;
}

Name NodeWriter::row(std::span<const int64_t> values) {
  return graph_.constant(node_.name + ":row", {DataType::Int64, Shape{std::ssize(values)}},
                         values.data());
}

Name NodeWriter::integer(int64_t value) {
  return graph_.constant(node_.name + ":integer", {DataType::Int64, {}}, &value);
}

Name NodeWriter::number(float value, DataType type) {
  const double wide = value;
  const uint16_t half = base::halfFromFloat(value);
  const void* element = type == DataType::Float32   ? static_cast<const void*>(&value)
                        : type == DataType::Float64 ? static_cast<const void*>(&wide)
                        : type == DataType::Float16 ? static_cast<const void*>(&half)
                                                    : nullptr;
  if (!element) refuse(std::string("parameters of type ") + dataTypeName(type));
  return graph_.constant(node_.name + ":number", {type, {}}, element);
}

Name NodeWriter::numbers(std::span<const float> values) {
  return graph_.constant(node_.name + ":numbers", {DataType::Float32, Shape{std::ssize(values)}},
                         values.data());
}

Name NodeWriter::small(int64_t value, DataType type) {
  const auto byte = static_cast<uint8_t>(value);
  return graph_.constant(node_.name + ":zero", {type, {}}, &byte);
}

Name NodeWriter::zeros(const TensorType& type) {
  const auto bytes = static_cast<size_t>(type.shape.elements()) * elementSize(type.type);
  return graph_.constant(node_.name + ":zeros", type, std::vector<std::byte>(bytes).data());
}

void NodeWriter::need(int opset) { graph_.need(opset); }

bool NodeWriter::isSetInRun(const char* attribute) const {
  return inRun_ && std::ranges::find(inRun_->parameters, attribute,
                                     &ops::InRun::Parameter::attribute) != inRun_->parameters.end();
}

Name NodeWriter::parameter(const char* attribute, std::span<const int64_t> values) {
  if (!isSetInRun(attribute)) return row(values);
  const auto found =
      std::ranges::find(inRun_->parameters, attribute, &ops::InRun::Parameter::attribute);
  const auto index = inputs_.size() + static_cast<size_t>(found - inRun_->parameters.begin());
  const Name numbers = cast(graph_.tensor(node_.inputs[index]), DataType::Int64);
  return reshaped(numbers, std::array<int64_t, 1>{found->count()});
}

Added NodeWriter::add(const char* type, std::span<const Name> inputs, int outputs) {
  auto* node = graph_.graph().add_node();
  node->set_op_type(type);
  const bool isFirst = graph_.graph().node_size() - first_ == 1;
  node->set_name(graph_.unusedNode(isFirst ? node_.name.str() : node_.name + ":" + type));
  node->set_doc_string(node_.source.str());
  size_t count = inputs.size();
  while (count > 0 && inputs[count - 1].empty()) --count;
  for (const Name& input : inputs.first(count)) node->add_input(input);
  for (int i = 0; i < outputs; ++i) node->add_output(graph_.unused(node_.name + ":" + type));
  return Added(*node);
}

Name NodeWriter::transposed(const Name& x, std::span<const int64_t> axes) {
  return x.empty() ? x : add("Transpose", {x}).set("perm", axes).output();
}

Name NodeWriter::reshaped(const Name& x, std::span<const int64_t> shape) {
  return add("Reshape", {x, row(shape)});
}

Name NodeWriter::cast(const Name& x, DataType type) {
  return add("Cast", {x}).set("to", static_cast<int64_t>(type));
}

namespace {

/// ONNX's pads are all beginnings, then all ends.
std::vector<int64_t> joined(const std::vector<int64_t>& begin, const std::vector<int64_t>& end) {
  std::vector<int64_t> pads = begin;
  pads.insert(pads.end(), end.begin(), end.end());
  return pads;
}

}  // namespace

Added& NodeWriter::setWindow(Added& node, const ops::WindowAttributes& window) {
  node.set("kernel_shape", window.kernel);
  node.set("strides", window.strides);
  node.set("dilations", window.dilations);
  if (window.autoPad == ops::AutoPad::None)
    return node.set("pads", joined(window.padsBegin, window.padsEnd));
  const Shape& x = fixedShape(0);
  std::vector<int64_t> begin, end;
  for (int axis = 0; axis < x.rank() - 2; ++axis) {
    const ops::SlidingWindow along = window.along(axis, x[axis + 2]);
    begin.push_back(along.padBegin);
    end.push_back(along.padEnd);
  }
  return node.set("pads", joined(begin, end));
}

void NodeWriter::give(int i, const Name& name) {
  if (!wants(i)) return;
  const Name result = graph_.tensor(node_.outputs[i]);
  auto& nodes = *graph_.graph().mutable_node();
  bool isOurs = false;
  for (int n = first_; n < nodes.size(); ++n)
    for (auto& output : *nodes[n].mutable_output())
      if (output == name) output = result, isOurs = true;
  if (!isOurs) {
    onnx::NodeProto& copy = *graph_.graph().add_node();
    copy.set_op_type("Identity");
    copy.set_name(graph_.unusedNode(node_.name.str()));
    copy.add_input(name);
    copy.add_output(result);
    return;
  }
  for (int n = first_; n < nodes.size(); ++n)
    for (auto& input : *nodes[n].mutable_input())
      if (input == name) input = result;
}

void NodeWriter::pass(int i, const Name& name) {
  if (wants(i) && !graph_.rename(node_.outputs[i], name)) give(i, name);
}

void NodeWriter::refuse(const std::string& what) const {
  const auto error = fail(ErrorCode::Unsupported, "node '", node_.name, "' (", node_.op->name(),
                          "): ", what, " has no form in ONNX");
  throw Refusal{error.error()};
}

}  // namespace minnow::converter::exported
