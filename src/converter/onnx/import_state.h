// The state of one import: the graph so far, names of ONNX tensors, and what the model file
// declares.
#pragma once

#include <filesystem>
#include <map>
#include <set>
#include <string>
#include <unordered_map>
#include <vector>

#include "converter/convert.h"
#include "converter/onnx/node_context.h"
#include "ir/data_sizes.h"
#include "ir/graph.h"
#include "onnx/onnx_pb.h"

namespace minnow::converter {

class ImportState {
 public:
  ImportState(const ConvertOptions& chosen, ConvertReport& filled, std::filesystem::path where)
      : options(chosen), report(filled), folder(std::move(where)) {}

  const ConvertOptions& options;
  ConvertReport& report;
  std::filesystem::path folder;  ///< of external data files
  ir::Graph graph;
  ir::DataSizes dataSizes;                              ///< of the graph so far
  std::unordered_map<std::string, ir::ValueId> values;  ///< ONNX tensor name -> value
  std::map<std::string, int> opsets;                    ///< domain -> version

  /// Constants of which some elements are but the most that an extent can be, because data decide
  /// it: to each an int64 constant of its shape, 1 where that is so. Such elements may be moved and
  /// left out, as exporters do who want another extent of the same Shape; whoever uses one is
  /// refused.
  std::unordered_map<ir::ValueId, ir::ValueId> atMost;
  /// Throws if the value has such elements.
  void expectKnown(ir::ValueId id) const;

  std::string nodeName;  ///< of the node being imported
  std::string nodeOp;    ///< its ONNX operator

  /// Adds a node, infers its types, and evaluates it when all inputs are small constants.
  std::vector<ir::ValueId> emit(std::unique_ptr<ops::Operator> op, std::vector<ir::ValueId> inputs,
                                int outputs);
  /// Names of the graph inputs that a value is computed from.
  std::vector<std::string> sourceInputs(ir::ValueId id) const;
  ir::ValueId addTensor(const ::onnx::TensorProto& tensor, const std::string& name);
  std::string freshName(const std::string& base);

 private:
  bool canEvaluate(const std::vector<ir::ValueId>& inputs,
                   const std::vector<TensorType>& types) const;
  std::vector<ir::ValueId> evaluate(const ops::Operator& op, const std::vector<ir::ValueId>& inputs,
                                    int outputs);
  bool readsAtMost(const std::vector<ir::ValueId>& inputs) const;
  std::vector<ir::ValueId> moveAtMost(const ir::Node& node, int outputs);
  int fresh_ = 0;
};

}  // namespace minnow::converter
