// A graph under rewriting: who writes and who reads each value, kept true through the few changes
// that passes make. Nodes keep their places, so that execution order stays valid; dead ones lose
// inputs and outputs and go with Graph::removeDead.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "ir/data_sizes.h"
#include "ir/graph.h"

namespace minnow::passes {

class Rewriter {
 public:
  explicit Rewriter(ir::Graph& graph);

  ir::Graph& graph() { return graph_; }
  const ir::Graph& graph() const { return graph_; }
  const ir::Value& value(ir::ValueId id) const { return graph_.values[static_cast<size_t>(id)]; }
  const ir::Node& node(int n) const { return graph_.nodes[static_cast<size_t>(n)]; }
  ir::Node& node(int n) { return graph_.nodes[static_cast<size_t>(n)]; }
  int nodes() const { return static_cast<int>(graph_.nodes.size()); }

  // Asking ----------------------------------------------------------------------------------------
  /// The node that writes a value, or -1.
  int producer(ir::ValueId id) const;
  /// The operator that writes a value as its first output, if it is an Op; else null.
  template <class Op>
  const Op* producedBy(ir::ValueId id) const {
    const int n = producer(id);
    if (n < 0 || graph_.nodes[static_cast<size_t>(n)].outputs[0] != id) return nullptr;
    return graph_.nodes[static_cast<size_t>(n)].as<Op>();
  }
  const std::vector<int>& readers(ir::ValueId id) const;
  bool isOutput(ir::ValueId id) const;
  /// True if one node reads the value, at one place, and no graph output is it.
  bool readOnce(ir::ValueId id) const { return readers(id).size() == 1 && !isOutput(id); }
  /// Extents that data decide; of values that the pass adds, none.
  const ir::DataSizes& dataSizes() const { return dataSizes_; }
  /// The one node that reads the result of a node of one output; -1 if there is no such node.
  int onlyReader(int n) const;

  // Changing --------------------------------------------------------------------------------------
  ir::ValueId addFloats(ir::Name name, const Shape& shape, std::span<const float> floats);
  ir::ValueId addValue(ir::Value value);
  void setInputs(int n, std::vector<ir::ValueId> inputs);
  /// Another operator on other inputs gives the node's result. `source` tells which ONNX operators
  /// it stands for.
  void replace(int n, std::unique_ptr<ops::Operator> op, std::vector<ir::ValueId> inputs,
               ir::Name source);
  /// Node n writes what its only reader wrote, which goes.
  void absorbReader(int n);
  /// Readers of the node's first output read `other` instead. False, and nothing done, if the
  /// output is a graph output that must stay a value of its own.
  bool forward(int n, ir::ValueId other);
  /// A value, whose name is that of a tensor of the model, will hold another tensor: the name says so.
  void becomeAnother(ir::ValueId id, const TensorType& type);
  /// A constant takes the place of a computed value.
  void becomeConstant(ir::ValueId id, std::shared_ptr<const ir::Constant> constant);
  /// Ends a node whose outputs nobody reads, and what lived for it alone.
  void dropIfUnread(int first);

 private:
  bool isRead(int n) const;
  void forgetReader(ir::ValueId id, int n);

  ir::Graph& graph_;
  std::vector<int> producers_;
  std::vector<std::vector<int>> readers_;
  ir::DataSizes dataSizes_;
};

/// "Conv+Relu" of the ONNX operators of two nodes, either of which may be unknown.
std::string joinSources(const ir::Name& first, const ir::Name& second);

}  // namespace minnow::passes
