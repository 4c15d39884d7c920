// What importing one ONNX node may see and do. An import function reads attributes and constant
// inputs, emits operators of our own, and binds their results to the node's outputs:
//
//   void importFlatten(NodeContext& node) {
//     auto op = std::make_unique<ops::Flatten>();
//     op->axis = node.integer("axis", 1);
//     node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
//   }
//
// Everything here throws ImportError; the importer collects the errors of all nodes and reports
// them together. Functions are listed in import_list.inc: MINNOW_IMPORT(ONNX operator name,
// function).
#pragma once

#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "ir/graph.h"
#include "onnx/onnx_pb.h"

namespace minnow::converter {

/// A node that cannot be imported, with what to do about it.
struct ImportError : std::runtime_error {
  using std::runtime_error::runtime_error;
};
/// Thrown when an input must be constant and is not: names the graph inputs whose values would make
/// it so.
struct NeedsValue : ImportError {
  NeedsValue(const std::string& message, std::vector<std::string> names)
      : ImportError(message), graphInputs(std::move(names)) {}
  std::vector<std::string> graphInputs;
};

class ImportState;  // importer.cc

class NodeContext {
 public:
  NodeContext(ImportState& state, const ::onnx::NodeProto& proto) : state_(state), proto_(proto) {}

  const std::string& type() const { return proto_.op_type(); }
  /// The model's opset for this node's domain.
  int opset() const;

  // Attributes: the value, or the default when absent. Without a default, absence is an error.
  bool has(const char* attribute) const;
  int64_t integer(const char* attribute) const;
  int64_t integer(const char* attribute, int64_t otherwise) const;
  float number(const char* attribute, float otherwise) const;
  std::string string(const char* attribute, const std::string& otherwise) const;
  std::vector<int64_t> integers(const char* attribute, std::vector<int64_t> otherwise = {}) const;
  std::vector<float> numbers(const char* attribute, std::vector<float> otherwise = {}) const;
  std::vector<std::string> strings(const char* attribute) const;
  /// A tensor attribute as a graph constant.
  ir::ValueId tensor(const char* attribute);
  /// A graph attribute: a branch or a loop's body.
  const ::onnx::GraphProto& graph(const char* attribute) const;

  // Inputs
  int inputs() const { return proto_.input_size(); }
  int outputs() const { return proto_.output_size(); }
  /// kNoValue for an absent optional input. float16 comes as float32 (ImportState::computable()).
  ir::ValueId input(int i) const;
  bool hasInput(int i) const { return input(i) != ir::kNoValue; }
  bool wantsOutput(int i) const { return i < proto_.output_size() && !proto_.output(i).empty(); }
  /// Type and shape of a value, the largest that it can be.
  const TensorType& typeOf(ir::ValueId id) const;
  int rank(int i) const { return typeOf(input(i)).shape.rank(); }
  /// The shape of input i, for whatever is made of its extents; an error where data decide one.
  const Shape& shape(int i) const;
  /// The same where nothing is made of extents that data decide, or the operator emitted answers
  /// for it (Operator::dataAxes).
  const Shape& largestShape(int i) const { return typeOf(input(i)).shape; }
  /// True if data decide the extent of an axis of input i.
  bool isFromData(int i, int64_t axis) const;
  bool isConstant(ir::ValueId id) const;
  /// Elements of a constant input of any integer or bool type. Throws NeedsValue when it is not
  /// constant, and an error when it is absent or not integer.
  std::vector<int64_t> constantInts(int i) const;
  /// The same for any value; `what` names it in errors.
  std::vector<int64_t> knownInts(ir::ValueId id, const std::string& what) const;
  /// The same for float inputs.
  std::vector<float> constantFloats(int i) const;
  /// Input i, a scale that is divided by: refused if it is less than 2^-126, which kernels take for 0
  /// so that all results would be the least integer.
  ir::ValueId resultScale(int i);

  // Sizes: constants that follow from the extents of the graph's inputs. Whoever reads one as above
  // or below gets it as it is for the converted extents, and resizing to other ones is refused where
  // it changes; these say instead what follows it.
  /// Elements of a constant integer input, which are to be `attribute` of `op`.
  std::vector<int64_t> settingInts(const ops::Operator& op, const char* attribute, int i);
  /// The same of any value; `what` names it in errors.
  std::vector<int64_t> settingInts(const ops::Operator& op, const char* attribute, ir::ValueId id,
                                   const std::string& what);
  int64_t settingInt(const ops::Operator& op, const char* attribute, int i);  ///< of one element
  std::vector<float> settingFloats(const ops::Operator& op, const char* attribute, ir::ValueId id,
                                   const std::string& what);
  /// A row of the elements of another row at these places; `otherwise` for -1.
  ir::ValueId spread(ir::ValueId row, const std::vector<int64_t>& places, int64_t otherwise);
  /// Elements of an integer value that data decide, as they are known: the least and the most of
  /// each, and which is the extent of an axis of `of`. Nullopt of all others.
  struct InRun {
    std::vector<int64_t> least, most;
    std::vector<char> isOwnAxis;  ///< element i is the extent of axis i of `of`
  };
  std::optional<InRun> inRun(ir::ValueId id, ir::ValueId of) const;
  /// Says that a run sets `attribute` to `value`; conversion takes `most`, a constant.
  std::vector<int64_t> settingInRun(const ops::Operator& op, const char* attribute,
                                    ir::ValueId value, ir::ValueId most);
  /// Throws NeedsValue, and says how to give it a bound, where input i is computed in the run and
  /// nothing is known of it.
  void expectBounded(int i) const;
  /// Says that the axes of a value are of the extents that a row of numbers holds.
  void noteAxes(ir::ValueId value, ir::ValueId numbers);
  /// True of what is computed in the run and has a least and a most.
  bool isBounded(ir::ValueId id) const;
  /// The most of a value that data decide, itself else.
  ir::ValueId mostOf(ir::ValueId id) const;
  /// True if the elements of a constant follow from extents.
  bool follows(ir::ValueId id) const;

  // Results
  /// Adds a node of one output and returns it. Infers the type at once; an operator whose inputs
  /// are all constants and small is evaluated at once (that is how shape arithmetic becomes
  /// constants), and so a constant is returned.
  ir::ValueId emit(std::unique_ptr<ops::Operator> op, std::vector<ir::ValueId> inputs);
  /// The same, but a constant stays to be computed: passes want its parts.
  ir::ValueId emitForPasses(std::unique_ptr<ops::Operator> op, std::vector<ir::ValueId> inputs);
  /// emit() with several outputs.
  std::vector<ir::ValueId> emitMany(std::unique_ptr<ops::Operator> op,
                                    std::vector<ir::ValueId> inputs, int outputs);
  ir::ValueId constantFloat(float value);    ///< a scalar
  ir::ValueId constantDouble(double value);  ///< a scalar
  ir::ValueId constantFloatTensor(Shape shape, const std::vector<float>& values);
  ir::ValueId constantIntTensor(Shape shape, const std::vector<int64_t>& values);
  ir::ValueId constantIntRow(const std::vector<int64_t>& values);
  ir::ValueId constantOf(TensorType type, std::span<const std::byte> bytes);
  void setOutput(int i, ir::ValueId value);
  /// Says that what this node is imported to is right for the shapes of its inputs alone.
  void noteShapeDependence();

  [[noreturn]] void unsupported(
      const std::string& what) const;  ///< "… is not supported" with node and advice
  [[noreturn]] void broken(
      const std::string& what) const;  ///< the model contradicts the specification

 private:
  /// The attribute itself, or what it refers to in the call of the function around it; null where
  /// there is none.
  const ::onnx::AttributeProto* find(std::string_view attribute) const;
  /// A constant; throws NeedsValue for anything else.
  const ir::Value& expectConstant(ir::ValueId id, const std::string& what) const;
  /// Throws NeedsValue for what is computed in the run and could be given a bound.
  void expectBounded(ir::ValueId id, const std::string& what) const;
  /// The same for what is decided by its elements: they are assumed to stay.
  const ir::Value& known(ir::ValueId id, const std::string& what) const;
  std::vector<int64_t> intsOf(const ir::Value& value, const std::string& what) const;
  std::vector<float> floatsOf(const ir::Value& value, const std::string& what) const;
  /// Says that a run sets `attribute`; the constant that conversion takes, itself if it is one.
  ir::ValueId setInRun(const ops::Operator& op, const char* attribute, ir::ValueId value,
                       const std::string& what);
  /// Says which attribute a constant is to be, or assumes that it stays.
  void follow(const ops::Operator& op, const char* attribute, ir::ValueId id);

  ImportState& state_;
  const ::onnx::NodeProto& proto_;
};

using ImportFn = void (*)(NodeContext&);

}  // namespace minnow::converter
