// What the model declares, and what the options say instead.
#include "converter/onnx/graph_inputs.h"

#include <algorithm>

#include "base/fail.h"
#include "converter/onnx/newer_fields.h"
#include "converter/onnx/tensor_proto.h"
#include "converter/onnx/walk.h"

namespace minnow::converter {
namespace {

using Declared = ::onnx::TensorShapeProto;

/// paddle2onnx writes -1 for a size that is free.
bool isKnown(const Declared::Dimension& dim) { return dim.has_dim_value() && dim.dim_value() >= 0; }

/// "N,3,?,?"
std::string inWords(const Declared& shape) {
  std::string words;
  for (const auto& dim : shape.dim()) {
    words += words.empty() ? "" : ",";
    words += isKnown(dim)              ? std::to_string(dim.dim_value())
             : dim.dim_param().empty() ? "?"
                                       : dim.dim_param();
  }
  return words;
}

std::string inWords(const Shape& shape) {
  std::string words;
  for (const int64_t extent : shape) words += (words.empty() ? "" : ",") + std::to_string(extent);
  return words;
}

/// A shape that the model accepts, for the user to change.
std::string example(const Declared& shape) {
  std::string words;
  for (int i = 0; i < shape.dim_size(); ++i) {
    const int64_t size = isKnown(shape.dim(i)) ? shape.dim(i).dim_value() : i == 0 ? 1 : 320;
    words += (i ? "," : "") + std::to_string(size);
  }
  return words;
}

bool isFree(const Declared& shape) {
  for (int i = 1; i < shape.dim_size(); ++i)
    if (!isKnown(shape.dim(i))) return true;
  return false;
}

/// As declared; the first size is 1 where it is free.
Shape declaredShape(const std::string& name, const Declared& declared) {
  if (declared.dim_size() > kMaxRank)
    throw UnsupportedModel(text("input '", name, "' has ", declared.dim_size(), " axes, at most ",
                                kMaxRank, " are supported"));
  Shape shape;
  for (const auto& dim : declared.dim()) shape.push_back(isKnown(dim) ? dim.dim_value() : 1);
  return shape;
}

class Inputs {
 public:
  Inputs(const ::onnx::GraphProto& graph, ImportState& state) : graph_(graph), state_(state) {}

  void declare() {
    for (const auto& [name, shape] : state_.options.shapes) checkName(name);
    for (const auto& [name, value] : state_.options.fixedInputs) checkName(name);
    for (const auto& input : graph_.input()) declare(input);
    if (!free_.empty()) throw ModelError(ErrorCode::InvalidArgument, freeSizes());
  }

 private:
  void checkName(const std::string& name) const {
    std::string known;
    for (const auto& input : graph_.input()) {
      if (input.name() == name) return;
      if (!state_.scopes.knows(input.name()))
        known += (known.empty() ? "'" : ", '") + input.name() + "'";
    }
    throw ModelError(ErrorCode::NotFound,
                     "the model has no input '" + name + "'; its inputs are " + known);
  }

  void declare(const ::onnx::ValueInfoProto& info) {
    const bool hasDefault = state_.scopes.knows(info.name());
    const auto fixed = state_.options.fixedInputs.find(info.name());
    refuseUnknown(unknownFields(info));
    if (hasDefault && fixed == state_.options.fixedInputs.end()) return checkDefault(info);
    if (!info.type().has_tensor_type())
      throw UnsupportedModel("input '" + info.name() +
                             "' is no tensor (sequences, maps and optionals are not supported)");
    ir::Value value{info.name(), {elementType(info), shapeOf(info)}};
    const bool isFixed = fixed != state_.options.fixedInputs.end();
    if (isFixed) fix(value, fixed->second);
    if (value.type.shape.elements() == 0)
      state_.report.warnings.push_back(text("input '", info.name(), "' has no elements (",
                                            inWords(value.type.shape),
                                            "); --shape gives it others"));
    const ir::ValueId id = state_.graph.addValue(std::move(value));
    state_.scopes.set(info.name(), id);
    if (!isFixed) state_.graph.inputs.push_back(id);
    state_.noteName(info.name(), id);
  }

  /// An initialiser that is listed as an input too is a constant.
  void checkDefault(const ::onnx::ValueInfoProto& info) const {
    const auto given = state_.options.shapes.find(info.name());
    if (given == state_.options.shapes.end()) return;
    const ir::ValueId id = state_.scopes.find(info.name());
    const Shape& shape = state_.graph.values[static_cast<size_t>(id)].type.shape;
    if (given->second != shape)
      throw ModelError(ErrorCode::ShapeMismatch,
                       text("input '", info.name(), "' has a value in the model, of shape ", shape,
                            "; the shape ", given->second, " cannot be given for it"));
  }

  static void fix(ir::Value& value, const FixedInput& fixed) {
    if (fixed.type.type != value.type.type)
      throw ModelError(ErrorCode::ShapeMismatch,
                       text("input '", value.name, "' is ", value.type.type,
                            ", the value given for it is ", fixed.type.type));
    value.type = fixed.type;
    value.constant = ir::makeConstant(fixed.bytes);
  }

  static DataType elementType(const ::onnx::ValueInfoProto& info) {
    const int number = info.type().tensor_type().elem_type();
    const auto type = static_cast<DataType>(number);
    if (number < 0 || number > 255 || elementSize(type) == 0)
      throw UnsupportedModel("input '" + info.name() + "' has elements of " + onnxTypeName(number) +
                             ", which are not supported");
    return type;
  }

  Shape shapeOf(const ::onnx::ValueInfoProto& info) {
    const auto& tensor = info.type().tensor_type();
    const auto given = state_.options.shapes.find(info.name());
    if (given != state_.options.shapes.end()) {
      checkGiven(info, given->second);
      return given->second;
    }
    const auto fixed = state_.options.fixedInputs.find(info.name());
    if (fixed != state_.options.fixedInputs.end()) {
      checkGiven(info, fixed->second.type.shape);
      return {};  // the value brings its own
    }
    if (!tensor.has_shape())
      throw ModelError(
          ErrorCode::InvalidArgument,
          "input '" + info.name() +
              "': the model does not declare how many axes it has; give its shape, for "
              "example --shape " +
              info.name() + "=1,3,320,320");
    if (isFree(tensor.shape())) free_.push_back(&info);
    const Shape shape = declaredShape(info.name(), tensor.shape());
    if (auto ok = ops::checkShape(shape); !ok)
      throw ImportError("input '" + info.name() + "': " + ok.error().message);
    return shape;
  }

  static void checkGiven(const ::onnx::ValueInfoProto& info, const Shape& given) {
    if (auto ok = ops::checkShape(given); !ok)
      throw ImportError("input '" + info.name() + "': " + ok.error().message);
    if (!info.type().tensor_type().has_shape()) return;
    const Declared& declared = info.type().tensor_type().shape();
    bool fits = declared.dim_size() == given.rank();
    for (int i = 1; fits && i < given.rank(); ++i)
      fits = !isKnown(declared.dim(i)) || declared.dim(i).dim_value() == given[i] ||
             declared.dim(i).dim_value() == 0;  // as if open: nobody wants an empty tensor
    if (!fits)
      throw ModelError(ErrorCode::ShapeMismatch,
                       text("input '", info.name(), "': the shape (", inWords(given),
                            ") does not fit what the model declares (", inWords(declared), ")"));
  }

  std::string freeSizes() const {
    std::string problem, advice;
    for (const auto* info : free_) {
      const Declared& shape = info->type().tensor_type().shape();
      problem +=
          (problem.empty() ? "input '" : ", input '") + info->name() + "' (" + inWords(shape) + ")";
      advice += " --shape " + info->name() + "=" + example(shape);
    }
    return problem + ": the model leaves sizes open; give them at conversion, for example" + advice;
  }

  const ::onnx::GraphProto& graph_;
  ImportState& state_;
  std::vector<const ::onnx::ValueInfoProto*> free_;  ///< whose sizes nobody gave
};

}  // namespace

void declareInputs(const ::onnx::GraphProto& graph, ImportState& state) {
  Inputs(graph, state).declare();
}

}  // namespace minnow::converter
