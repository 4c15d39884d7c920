// What the functions that write an operator see of the model around it: names of its operands, and
// nodes to add. One function for each operator, `write(NodeWriter&, const ops::Conv&)`, in files by
// family; write_operator.cc has the list, so that a new operator does not link without one.
#pragma once

#include <onnx/onnx_pb.h>

#include <span>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "ops/in_run.h"
#include "ops/unary.h"
#include "ops/window.h"

namespace minnow::converter::exported {

/// Of a tensor in the ONNX graph; empty where there is none.
using Name = std::string;

/// A node that was added. Its names stay, whatever is added later.
class Added {
 public:
  explicit Added(onnx::NodeProto& node) : node_(&node) {}
  Added& set(const char* name, int64_t value);
  Added& set(const char* name, float value);
  Added& set(const char* name, const char* value);
  Added& set(const char* name, std::span<const int64_t> values);
  Added& set(const char* name, std::span<const float> values);
  Added& set(const char* name, std::span<const std::string> values);
  /// A branch of an If, which gives a tensor from outside of it.
  Added& setBranch(const char* name, const Name& value);
  Name output(int i = 0) const { return node_->output(i); }
  operator Name() const { return output(); }

 private:
  onnx::AttributeProto& attribute(const char* name, onnx::AttributeProto::AttributeType type);
  onnx::NodeProto* node_;
};

class GraphWriter;  // graph_writer.h

class NodeWriter {
 public:
  NodeWriter(GraphWriter& graph, const ir::Node& node);

  const ops::Operator& op() const { return *op_; }
  bool has(int i) const;
  /// Input i; weights in row-major order, whatever their packing.
  Name x(int i) const;
  const TensorType& type(int i) const;
  int rank(int i) const { return type(i).shape.rank(); }
  int outputs() const;
  bool wants(int i) const;
  const TensorType& resultType(int i) const;
  /// What the integers of input i, and of output i, stand for.
  Quantisation quantisation(int i) const;
  Quantisation resultQuantisation(int i) const;
  /// Elements of input i, a row of float32 constants.
  std::span<const float> floats(int i) const;
  /// True if data decide no extent of input i.
  bool isFixed(int i) const;
  /// Its shape; refuses the node where data decide it.
  const Shape& fixedShape(int i) const;

  /// Constants. A number is of a float type, or is refused.
  Name row(std::span<const int64_t> values);
  Name integer(int64_t value);
  Name number(float value, DataType type = DataType::Float32);
  Name numbers(std::span<const float> values);
  Name small(int64_t value, DataType type);  ///< of 8 bits
  Name zeros(const TensorType& type);
  /// An attribute that ONNX has as an input: a constant, or what the run computes (ops::InRun).
  Name parameter(const char* attribute, std::span<const int64_t> values);
  bool isSetInRun(const char* attribute) const;

  Added add(const char* type, std::span<const Name> inputs, int outputs = 1);
  Added add(const char* type, std::initializer_list<Name> inputs, int outputs = 1) {
    return add(type, std::span(inputs.begin(), inputs.size()), outputs);
  }
  Name transposed(const Name& x, std::span<const int64_t> axes);
  Name reshaped(const Name& x, std::span<const int64_t> shape);
  Name cast(const Name& x, DataType type);
  Name apply(ops::UnaryFn fn, float alpha, float beta, const Name& x, DataType type);
  Name apply(const ops::Epilogue& activation, const Name& x) {
    return apply(activation.fn, activation.alpha, activation.beta, x, DataType::Float32);
  }
  /// kernel_shape, strides, dilations and pads of a window over input 0.
  Added& setWindow(Added& node, const ops::WindowAttributes& window);

  /// Says which tensor output i is: the last thing that is done with it.
  void give(int i, const Name& name);
  /// Says that the node is of a later opset than kExportedOpset.
  void need(int opset);
  /// Output i is that tensor: there is nothing to compute.
  void pass(int i, const Name& name);
  [[noreturn]] void refuse(const std::string& what) const;

 private:
  GraphWriter& graph_;
  const ir::Node& node_;
  const ops::InRun* inRun_;
  const ops::Operator* op_;
  std::span<const ir::ValueId> inputs_;  ///< of the operator itself
  int first_;                            ///< of the nodes added for it
};

/// Writes any operator.
void writeOperator(NodeWriter& w);

/// Thrown inside, and caught by exportOnnx().
struct Refusal {
  Error error;
};

}  // namespace minnow::converter::exported
