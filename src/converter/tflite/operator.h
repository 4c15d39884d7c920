// What importing one TensorFlow Lite operator may see and do. TFLite's images have their channels
// last (N, H, W, C), the engine's operators have them first, and a tensor may be known in both
// forms: what a convolution gives is there channels-first, and gets the file's axes only where
// somebody wants those. So two transpositions seldom meet, and none is left between convolutions.
//
//   void importElu(TfliteOperator& op) {
//     const Axes axes = op.axesOf({0});
//     op.set(0, op.compose()(ops::UnaryFn::Elu, op.in(0, axes), 1), axes);
//   }
//
// Errors are ImportError, as of ONNX nodes; emitting is the same too (ImportState).
#pragma once

#include <initializer_list>
#include <memory>
#include <string>
#include <vector>

#include "converter/onnx/compose.h"
#include "converter/onnx/import_state.h"
#include "converter/tflite/options.h"

namespace minnow::converter {

/// As the file has them, or N, C, H, W of a tensor that the file has as N, H, W, C.
enum class Axes : bool { File, ChannelsFirst };

/// A tensor of the file, in the forms that are known so far.
struct TfliteTensor {
  const tfl::Tensor* declared = nullptr;
  std::string name;  ///< unique
  ir::ValueId file = ir::kNoValue, channelsFirst = ir::kNoValue;
  std::span<const std::byte> sparse = {};  ///< of a constant that only DENSIFY can read
  bool failed = false;                     ///< an operator that cannot be imported writes it

  bool isKnown() const {
    return file != ir::kNoValue || channelsFirst != ir::kNoValue || !sparse.empty();
  }
};

/// The zero points as the file has them, none of them where it has none. Copied, for FlatBuffers' verifier lets a list
/// of 8-byte elements begin at any multiple of four, which some processors cannot read in place.
std::vector<int64_t> zeroPoints(const tfl::QuantizationParameters& by);
/// As a tensor is declared, ones where that leaves an extent open; an error if it is none of ours.
Shape declaredShape(const tfl::Tensor& tensor);
/// Notes what the integers of a value stand for, as the file declares it for the tensor.
void noteQuantisation(ir::Graph& graph, ir::ValueId id, const tfl::Tensor& tensor,
                      Axes axes = Axes::File);
/// Undefined for a type that the engine has not.
DataType dataTypeOf(const tfl::Tensor& tensor);
/// "INT8", in the format's own words.
std::string typeName(const tfl::Tensor& tensor);
/// True if its integers stand for real numbers.
bool isQuantised(const tfl::Tensor& tensor);

/// An image that is there channels-first, with the file's axes.
ir::ValueId channelsLast(ImportState& state, ir::ValueId image);

class TfliteOperator {
 public:
  TfliteOperator(ImportState& state, std::vector<TfliteTensor>& tensors, const tfl::Operator& op,
                 std::string type);

  const std::string& type() const { return stub_.op_type(); }
  template <class T>
  const T& options() const {
    return optionsOf<T>(op_);
  }
  std::span<const uint8_t> customOptions() const;

  int inputs() const { return op_.inputs() ? static_cast<int>(op_.inputs()->size()) : 0; }
  int outputs() const { return op_.outputs() ? static_cast<int>(op_.outputs()->size()) : 0; }
  bool hasInput(int i) const { return i < inputs() && op_.inputs()->Get(index(i)) >= 0; }
  const tfl::Tensor& declaredInput(int i) const { return *tensor(i).declared; }
  const tfl::Tensor& declaredOutput(int i) const;
  bool dependsOnFailed() const;
  void markFailed();

  /// Of the file's axes.
  Shape shape(int i) const;
  int rank(int i) const { return shape(i).rank(); }
  DataType typeOf(int i) const;
  /// An axis of an input of that rank as the model gives it, negative ones from the end.
  int64_t axisOf(int64_t axis, int rank) const;
  bool isConstant(int i) const;
  /// Elements of a constant integer or float input.
  std::vector<int64_t> ints(int i);
  std::vector<float> floats(int i);
  int64_t oneInt(int i);
  /// A constant's elements as they are stored.
  std::span<const std::byte> bytes(int i) { return bytesOf(in(i)); }
  std::span<const std::byte> bytesOf(ir::ValueId constant) const;

  ir::ValueId in(int i);  ///< axes as in the file
  /// Channels-first: of a tensor of fewer axes than four, what broadcasts likewise.
  ir::ValueId in(int i, Axes axes);
  ir::ValueId image(int i);  ///< channels-first, of exactly four axes
  /// The form in which an operator on these inputs moves least: channels-first if one of four axes is there
  /// in that form alone.
  Axes axesOf(std::initializer_list<int> inputs) const;
  Axes axesOfAll() const;
  /// Where an axis of the file's four lies.
  static int64_t place(int64_t axis, Axes axes);

  void set(int i, ir::ValueId value, Axes axes = Axes::File);
  /// The same behind a fused activation.
  void set(int i, ir::ValueId value, tfl::Activation activation, Axes axes = Axes::File);

  Composer compose() { return Composer(context_); }
  NodeContext& context() { return context_; }
  ir::ValueId emit(std::unique_ptr<ops::Operator> op, std::vector<ir::ValueId> inputs) {
    return context_.emit(std::move(op), std::move(inputs));
  }
  ir::ValueId widened(int i);  ///< a constant of float16 as float32
  /// The elements of a sparse constant that are stored.
  std::span<const std::byte> sparse(int i) const { return tensor(i).sparse; }
  /// Takes bytes that are made of a constant off the budget.
  void spend(size_t bytes) { state_.spendBytes(bytes); }
  /// Of a constant, at once.
  ir::ValueId transposed(ir::ValueId value, std::vector<int64_t> perm);
  /// What integers that importing has made of a constant stand for, a scale for all or one a position of an axis.
  void noteWeights(ir::ValueId weights, std::span<const float> scales, int64_t zero, int axis);
  /// What is made of a constant alone: computed now, whatever its size.
  ir::ValueId evaluated(std::unique_ptr<ops::Operator> op, ir::ValueId constant);
  /// Says that what this is imported to is right for the present extents of input i alone.
  void assumeShape(int i);

  [[noreturn]] void unsupported(const std::string& what) const { context_.unsupported(what); }
  [[noreturn]] void broken(const std::string& what) const { context_.broken(what); }

 private:
  static flatbuffers::uoffset_t index(int i) { return static_cast<flatbuffers::uoffset_t>(i); }
  TfliteTensor& tensor(int i) const;
  TfliteTensor& output(int i) const;
  const TensorType& type(ir::ValueId id) const { return context_.typeOf(id); }

  ImportState& state_;
  std::vector<TfliteTensor>& tensors_;
  const tfl::Operator& op_;
  ::onnx::NodeProto stub_;  ///< a name and a type, for what ONNX nodes and these have in common
  NodeContext context_;
};

}  // namespace minnow::converter
