// Nodes in the file's order, each imported into the current scope. If, Loop, Scan and calls of
// functions are imported in place: one branch, a body for each iteration, a body for each call.
// Nodes that cannot be imported are collected, so that a user sees all of them at once.
#pragma once

#include <span>
#include <string>
#include <tuple>
#include <unordered_map>
#include <vector>

#include "converter/onnx/import_state.h"

namespace minnow::converter {

/// Throws UnsupportedModel if there is a complaint (newer_fields.h).
void refuseUnknown(const std::string& complaint);
/// A sentence about an output that a node has in ONNX and not here: "'y' is output 1 of …".
std::string notComputed(const google::protobuf::RepeatedPtrField<::onnx::NodeProto>& nodes,
                        const std::string& tensor);

class Walk {
 public:
  Walk(const ::onnx::ModelProto& model, ImportState& state);

  using Nodes = google::protobuf::RepeatedPtrField<::onnx::NodeProto>;
  void nodes(const Nodes& nodes);

 private:
  /// What a body's outputs are; may be kFailed.
  using Results = std::vector<ir::ValueId>;
  struct Function {
    const ::onnx::FunctionProto* proto;
    std::vector<::onnx::AttributeProto> defaults;
  };

  void node(const ::onnx::NodeProto& node);
  void expand(const ::onnx::NodeProto& node);
  void checkVersion(const ::onnx::NodeProto& node) const;
  bool dependsOnFailed(const ::onnx::NodeProto& node) const;
  void markFailed(const ::onnx::NodeProto& node);
  void markNotComputed(const ::onnx::NodeProto& node);
  /// `sources`: inputs of the graph from which is computed what would have to be constant.
  void report(const ::onnx::NodeProto& node, const std::string& name, const std::string& reason,
              const std::vector<std::string>& sources);
  bool isParameter(const std::string& input) const;

  // Bodies (control_flow.cc)
  using Expand = void (Walk::*)(const ::onnx::NodeProto&, NodeContext&);
  static Expand findExpansion(const std::string& op);
  void expandIf(const ::onnx::NodeProto& node, NodeContext& context);
  void expandBoth(const ::onnx::NodeProto& node, NodeContext& context);
  void expandLoop(const ::onnx::NodeProto& node, NodeContext& context);
  void expandScan(const ::onnx::NodeProto& node, NodeContext& context);
  void expandCall(const ::onnx::NodeProto& call, const Function& function);
  CallAttributes attributesOf(const ::onnx::NodeProto& call, const Function& function) const;
  Results functionBody(const ::onnx::FunctionProto& proto, const Results& inputs,
                       const CallAttributes& attributes);
  const Function* findFunction(const ::onnx::NodeProto& node) const;
  /// Imports a body in a scope of its own, its names with `prefix` in front. All results are
  /// kFailed if one of its nodes cannot be imported.
  Results body(const ::onnx::GraphProto& graph, std::span<const ir::ValueId> inputs,
               const std::string& prefix);
  void bind(const ::onnx::NodeProto& node, NodeContext& context, const Results& results);

  ImportState& state_;
  using FunctionKey =
      std::tuple<std::string, std::string, std::string>;  ///< domain, name, overload
  std::map<FunctionKey, Function> functions_;
  const Nodes* around_ = nullptr;  ///< the nodes among which the one being imported is
  int depth_ = 0;
};

}  // namespace minnow::converter
