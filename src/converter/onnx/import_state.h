// The state of one import: the graph so far, names of ONNX tensors, and what the model file
// declares.
#pragma once

#include <filesystem>
#include <functional>
#include <map>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "converter/convert.h"
#include "converter/onnx/node_context.h"
#include "converter/onnx/scopes.h"
#include "converter/onnx/size_bounds.h"
#include "converter/onnx/size_trace.h"
#include "ir/data_sizes.h"
#include "ir/graph.h"
#include "onnx/onnx_pb.h"

namespace minnow::converter {

/// What concerns the whole model and not a node.
struct ModelError : ImportError {
  ModelError(ErrorCode reason, const std::string& message) : ImportError(message), code(reason) {}
  ErrorCode code;
};
struct UnsupportedModel : ModelError {
  explicit UnsupportedModel(const std::string& message)
      : ModelError(ErrorCode::Unsupported, message) {}
};
/// More than the budget allows: ends the import at once, wherever it is.
struct OverBudget : std::runtime_error {
  using std::runtime_error::runtime_error;
};

/// What attributes of a function's nodes that refer to the call's (ref_attr_name) stand for.
using CallAttributes = std::map<std::string, const ::onnx::AttributeProto*>;

/// Elements of a constant of an integer or bool type.
std::optional<std::vector<int64_t>> wholeNumbers(const ir::Value& value);

class ImportState {
 public:
  ImportState(const ConvertOptions& chosen, ConvertReport& filled, std::filesystem::path where,
              sizes::Budget& budgetLeft)
      : options(chosen), report(filled), folder(std::move(where)), budget(budgetLeft) {}

  const ConvertOptions& options;
  ConvertReport& report;
  std::filesystem::path folder;  ///< of external data files
  sizes::Budget& budget;         ///< what is left of it
  ir::Graph graph;
  ir::DataSizes dataSizes;                         ///< of the graph so far
  Scopes scopes;                                   ///< ONNX tensor name -> value
  std::map<std::string, int> opsets;               ///< domain -> version
  const CallAttributes* callAttributes = nullptr;  ///< of the function that is being expanded
  std::string prefix;  ///< of names inside a function or an unrolled loop

  SizeBounds bounds{*this};
  /// An attribute that runs set.
  struct InRun {
    std::string attribute;
    ir::ValueId value, least;
  };
  /// Of operators that are not emitted yet.
  std::map<const ops::Operator*, std::vector<InRun>> inRun;

  std::set<std::string> bounded;  ///< tensors that were given a bound

  std::string nodeName;  ///< of the node being imported
  std::string nodeOp;    ///< its ONNX operator

  SizeTrace sizes;
  /// Of operators that are not emitted yet: attributes that follow sizes.
  std::map<const ops::Operator*, std::vector<ir::Setting>> settings;

  /// The graph that `import` makes here, of a file with so many nodes, or parts of another name. Throws
  /// nothing of what `import` throws.
  Result<ir::Graph> finish(const std::function<void()>& import, const char* part, int parts);

  /// Adds a node, infers its types, and evaluates it when all inputs are small constants.
  std::vector<ir::ValueId> emit(std::unique_ptr<ops::Operator> op, std::vector<ir::ValueId> inputs,
                                int outputs, bool mayEvaluate = true);
  /// A tensor of the model is this value: it may have a bound (ConvertOptions::bounds).
  void noteName(const std::string& name, ir::ValueId value);
  /// Its name without that of the iteration or call around it: as bounds are given for all of them.
  std::string nameForBound(ir::ValueId value) const;
  /// What the operator gives for constants, or for types if it reads no elements.
  std::vector<ir::ValueId> evaluate(const ops::Operator& op, const std::vector<ir::ValueId>& inputs,
                                    int outputs);
  /// The same of a node, from which its results follow.
  std::vector<ir::ValueId> compute(ir::Node node, int outputs);
  ir::ValueId addInts(const char* name, const std::vector<int64_t>& row);
  ir::ValueId addZeros(const Shape& shape);  ///< int64
  /// Names of the graph inputs that a value is computed from.
  std::vector<std::string> sourceInputs(ir::ValueId id) const;
  ir::ValueId addTensor(const ::onnx::TensorProto& tensor, const std::string& name);
  /// A graph's initialisers, in the innermost scope.
  void addInitialisers(const ::onnx::GraphProto& from);
  /// A value as operators compute with it: float32 in place of float16, which is exact. So what a model
  /// of float16 computes is rounded to it nowhere but where it casts, and at its outputs.
  ir::ValueId computable(ir::ValueId id);
  ir::ValueId cast(ir::ValueId id, DataType to);
  /// A constant whose bytes count against the budget.
  ir::ValueId addConstant(const std::string& name, TensorType type,
                          std::span<const std::byte> bytes);
  void spendBytes(size_t bytes);
  void spendNode();
  /// What an attribute stands for: itself, or what it refers to in the call of the function around
  /// it, null where the call leaves that out.
  const ::onnx::AttributeProto* resolved(const ::onnx::AttributeProto& attribute) const;
  std::string freshName(const std::string& base);

 private:
  void noteBound(const std::string& name, ir::ValueId value);
  bool canEvaluate(const ir::Node& node, std::span<const TensorType> types) const;
  std::vector<ir::ValueId> leaveToRun(ir::Node node, std::span<const TensorType> types);
  void setInRun(ir::Node& node, const std::vector<InRun>& attributes);
  /// Data that is read from a file again does not come from a larger file.
  void spendExternal(const ::onnx::TensorProto& tensor, size_t bytes);

  int fresh_ = 0;
  std::map<ir::ValueId, ir::ValueId> computable_;  ///< by what is float16
  std::map<std::string, size_t> externalRead_;     ///< bytes, by place
};

}  // namespace minnow::converter
