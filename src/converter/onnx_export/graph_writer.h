// An ONNX model on its way: names that no two tensors share, constants, inputs and outputs.
#pragma once

#include <onnx/onnx_pb.h>

#include <algorithm>
#include <set>
#include <string>
#include <vector>

#include "converter/onnx_export/node_writer.h"
#include "ir/data_sizes.h"

namespace minnow::converter::exported {

class GraphWriter {
 public:
  GraphWriter(const ir::Graph& graph, ir::DataSizes sizes);
  onnx::ModelProto write();

  const ir::Graph& source() const { return source_; }
  onnx::GraphProto& graph() { return *model_.mutable_graph(); }
  const ops::DataAxes& dataAxes(ir::ValueId id) const { return sizes_.of(id); }
  /// A name that no tensor has yet, like this one; and one that no node has.
  Name unused(const Name& like) { return unusedIn(taken_, like); }
  Name unusedNode(const Name& like) { return like.empty() ? like : unusedIn(nodes_, like); }
  /// The tensor's name; constants are written when they are asked for. `reader` and `index` say how
  /// packed ones are unpacked.
  Name tensor(ir::ValueId id, const ops::Operator* reader = nullptr, int index = 0);
  /// The value is another one's tensor; false for outputs, which keep their own names.
  bool rename(ir::ValueId id, const Name& name);
  /// Raises the opset.
  void need(int opset) { opset_ = std::max(opset_, opset); }
  Name constant(const Name& like, const TensorType& type, const void* elements);

 private:
  static Name unusedIn(std::set<Name>& taken, const Name& like);
  void nameValues();
  void writeInputs();
  void writeOutputs();
  void writeShapes();
  void describe(onnx::ValueInfoProto& info, const Name& name, ir::ValueId id) const;

  const ir::Graph& source_;
  ir::DataSizes sizes_;
  onnx::ModelProto model_;
  int opset_;
  std::vector<Name> names_;    ///< by value
  std::vector<char> written_;  ///< constants, by value
  std::set<Name> taken_, nodes_;
};

/// A constant row-major and unpacked.
std::vector<std::byte> plainElements(const ir::Value& value, const ops::Operator* reader,
                                     int index);
/// The 3x3 weights of weights at the points of Winograd's tiles, but for a rounding.
std::vector<float> tapsOfPoints(const float* points, int64_t count);

}  // namespace minnow::converter::exported
