// Reading fields by their numbers.
#include "converter/onnx/newer_fields.h"

#include <google/protobuf/unknown_field_set.h>

#include <algorithm>
#include <initializer_list>

#include "base/fail.h"
#include "converter/onnx/node_context.h"

namespace minnow::converter {
namespace {

using google::protobuf::UnknownField;
using google::protobuf::UnknownFieldSet;

// Numbers of fields (onnx.proto of ONNX 1.23).
constexpr int kNodeOverload = 8, kFunctionDefaults = 11, kFunctionOverload = 13;

/// Texts and messages of one number.
std::vector<std::string> wordsOf(const UnknownFieldSet& fields, int number) {
  std::vector<std::string> words;
  for (int i = 0; i < fields.field_count(); ++i) {
    const UnknownField& field = fields.field(i);
    if (field.number() == number && field.type() == UnknownField::TYPE_LENGTH_DELIMITED)
      words.push_back(field.length_delimited());
  }
  return words;
}

template <class Message>
std::string overload(const Message& message, int number) {
  if constexpr (requires { message.overload(); }) {
    return message.overload();
  } else {
    const std::vector<std::string> words = wordsOf(message.unknown_fields(), number);
    return words.empty() ? "" : words.back();
  }
}

template <class Function>
std::vector<::onnx::AttributeProto> defaults(const Function& function) {
  if constexpr (requires { function.attribute_proto(); }) {
    return {function.attribute_proto().begin(), function.attribute_proto().end()};
  } else {
    std::vector<::onnx::AttributeProto> attributes;
    for (const std::string& bytes : wordsOf(function.unknown_fields(), kFunctionDefaults))
      if (!attributes.emplace_back().ParseFromString(bytes))
        throw ImportError("the model is broken: a default of function " + function.name() +
                          " cannot be read");
    return attributes;
  }
}

/// `known` are the numbers of newer fields that are read here or change no result: metadata,
/// descriptions, on which device a node should run.
template <class Message>
std::string unknown(const Message& message, const char* what, std::initializer_list<int> known) {
  const UnknownFieldSet& fields = message.unknown_fields();
  for (int i = 0; i < fields.field_count(); ++i) {
    const int number = fields.field(i).number();
    if (std::ranges::find(known, number) == known.end())
      return text("field ", number, " of ", what,
                  " is not known: a newer ONNX than 1.23 wrote this, or the file is damaged");
  }
  return "";
}

/// The first complaint of several.
std::string firstOf(std::initializer_list<std::string> complaints) {
  for (const std::string& complaint : complaints)
    if (!complaint.empty()) return complaint;
  return "";
}

}  // namespace

std::string overloadOf(const ::onnx::NodeProto& node) { return overload(node, kNodeOverload); }
std::string overloadOf(const ::onnx::FunctionProto& function) {
  return overload(function, kFunctionOverload);
}
std::vector<::onnx::AttributeProto> defaultsOf(const ::onnx::FunctionProto& function) {
  return defaults(function);
}

std::string unknownFields(const ::onnx::ModelProto& model) {
  return unknown(model, "ModelProto", {26});  // configuration
}
std::string unknownFields(const ::onnx::GraphProto& graph) {
  return unknown(graph, "GraphProto", {16});  // metadata_props
}
std::string unknownFields(const ::onnx::NodeProto& node) {
  // overload, metadata_props, device_configurations
  return unknown(node, "NodeProto", {kNodeOverload, 9, 10});
}
std::string unknownFields(const ::onnx::AttributeProto& attribute) {
  return unknown(attribute, "AttributeProto", {});
}
std::string unknownFields(const ::onnx::FunctionProto& function) {
  // attribute_proto, value_info, overload, metadata_props
  return unknown(function, "FunctionProto", {kFunctionDefaults, 12, kFunctionOverload, 14});
}
std::string unknownFields(const ::onnx::TensorProto& tensor) {
  return unknown(tensor, "TensorProto", {16});  // metadata_props
}
std::string unknownFields(const ::onnx::ValueInfoProto& info) {
  const auto& tensor = info.type().tensor_type();
  std::string complaint = firstOf({unknown(info, "ValueInfoProto", {4}),    // metadata_props
                                   unknown(info.type(), "TypeProto", {7}),  // opaque_type
                                   unknown(tensor, "TypeProto.Tensor", {}),
                                   unknown(tensor.shape(), "TensorShapeProto", {})});
  for (const auto& dim : tensor.shape().dim())
    if (complaint.empty()) complaint = unknown(dim, "TensorShapeProto.Dimension", {});
  return complaint;
}

}  // namespace minnow::converter
