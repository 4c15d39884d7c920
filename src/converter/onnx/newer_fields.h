// Fields that newer versions of onnx.proto have and the installed one may lack. Protobuf keeps what
// it does not know apart, so that a reader that never looks there drops it without a word; some of
// it changes what a model computes.
#pragma once

#include <onnx/onnx_pb.h>

#include <string>
#include <vector>

namespace minnow::converter {

/// Newest version of the format whose fields are all listed here (onnx.proto, IR_VERSION).
inline constexpr int64_t kNewestIr = 14;

/// NodeProto.overload, FunctionProto.overload (IR 10): which of several functions of one name.
std::string overloadOf(const ::onnx::NodeProto& node);
std::string overloadOf(const ::onnx::FunctionProto& function);
/// FunctionProto.attribute_proto (IR 9): attributes with the values they have unless a call gives
/// others. Throws ImportError for one that is damaged.
std::vector<::onnx::AttributeProto> defaultsOf(const ::onnx::FunctionProto& function);

/// What is wrong with a message that has fields which no known version has: they might change its
/// meaning. Empty if nothing is. Messages inside it are not looked at.
std::string unknownFields(const ::onnx::ModelProto& model);
std::string unknownFields(const ::onnx::GraphProto& graph);
std::string unknownFields(const ::onnx::NodeProto& node);
std::string unknownFields(const ::onnx::AttributeProto& attribute);
std::string unknownFields(const ::onnx::FunctionProto& function);
std::string unknownFields(const ::onnx::TensorProto& tensor);
/// The type and shape of an input too.
std::string unknownFields(const ::onnx::ValueInfoProto& info);

}  // namespace minnow::converter
