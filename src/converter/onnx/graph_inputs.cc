// What the model declares, and what the options say instead.
#include "converter/onnx/graph_inputs.h"

#include <algorithm>

#include "base/fail.h"
#include "converter/onnx/input_extents.h"
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

std::string inWords(const AskedShape& shape) {
  std::string words;
  for (const AskedExtent& extent : shape.axes) {
    words += (words.empty() ? "" : ",") + extent.name + (extent.name.empty() ? "" : "=");
    if (extent.isRange()) words += std::to_string(extent.least) + "..";
    words += extent.isSaid() ? std::to_string(extent.converted) : "?";
  }
  return words;
}

/// Sizes that the model accepts, for the user to change.
std::string example(const AskedShape& settled) {
  std::string words;
  for (const AskedExtent& extent : settled.axes) {
    words += words.empty() ? "" : ",";
    const bool open = !extent.isSaid();
    words += open && !extent.name.empty() ? extent.name + "=" : "";
    words += std::to_string(open ? 320 : extent.converted);
  }
  return words;
}

const ::onnx::ValueInfoProto* find(const ::onnx::GraphProto& graph, const std::string& name) {
  for (const auto& input : graph.input())
    if (input.name() == name) return &input;
  return nullptr;
}

/// The model's name of an axis; "" where it gives none, or does not say how many axes there are.
std::string declaredName(const ::onnx::ValueInfoProto& info, size_t axis) {
  const Declared& shape = info.type().tensor_type().shape();
  const auto i = static_cast<int>(axis);
  return i < shape.dim_size() && !isKnown(shape.dim(i)) ? shape.dim(i).dim_param() : "";
}

/// Whether a size may be given for an axis that the model declares so.
bool fits(const Declared::Dimension& declared, const AskedExtent& given, bool first) {
  const int64_t size = isKnown(declared) ? declared.dim_value() : 0;
  if (first || size == 0) return true;  // as if open: nobody wants an empty tensor
  return given.isRange() ? given.least <= size && size <= given.most : given.converted == size;
}

class Inputs {
 public:
  Inputs(const ::onnx::GraphProto& graph, ImportState& state) : graph_(graph), state_(state) {}

  void declare() {
    for (const auto& [name, value] : state_.options.fixedInputs) checkName(name);
    for (const auto& [name, shape] : state_.options.shapes) sayNamesOf(name, shape);
    for (const auto& input : graph_.input()) declare(input);
    if (!free_.empty()) throw ModelError(ErrorCode::InvalidArgument, freeSizes());
    state_.graph.extents = extents_.take(state_.report.warnings);
  }

 private:
  /// What the shape of an input says of the names of its axes, or an extent of its own name.
  void sayNamesOf(const std::string& name, const AskedShape& shape) {
    const ::onnx::ValueInfoProto* input = find(graph_, name);
    if (!input && shape.axes.size() == 1 && isAxis(name)) return sayOf(name, shape.axes[0]);
    checkName(name);
    for (size_t i = 0; i < shape.axes.size(); ++i) {
      AskedExtent extent = shape.axes[i];
      const bool declared = extent.name.empty();
      if (declared) extent.name = declaredName(*input, i);
      if (!extent.name.empty() && extent.isSaid()) extents_.say(extent, declared);
    }
  }
  void sayOf(const std::string& name, AskedExtent extent) {
    extent.name = name;
    extents_.say(extent, false);
  }

  /// True for a name that the model or a shape given gives some axis.
  bool isAxis(const std::string& name) const {
    for (const auto& input : graph_.input())
      for (const auto& dim : input.type().tensor_type().shape().dim())
        if (dim.dim_param() == name) return true;
    for (const auto& [input, shape] : state_.options.shapes)
      if (std::ranges::find(shape.axes, name, &AskedExtent::name) != shape.axes.end()) return true;
    return false;
  }

  void checkName(const std::string& name) const {
    if (find(graph_, name)) return;
    std::string known;
    for (const auto& input : graph_.input())
      if (!state_.scopes.knows(input.name()))
        known += (known.empty() ? "'" : ", '") + input.name() + "'";
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
    if (given->second.axes != AskedShape(shape).axes)
      throw ModelError(ErrorCode::ShapeMismatch,
                       text("input '", info.name(), "' has a value in the model, of shape ", shape,
                            "; the shape (", inWords(given->second), ") cannot be given for it"));
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
    const auto fixed = state_.options.fixedInputs.find(info.name());
    if (fixed != state_.options.fixedInputs.end()) {
      checkFits(info, fixed->second.type.shape);
      return {};  // the value brings its own
    }
    const AskedShape asked = settled(info, askedOf(info));
    checkFits(info, asked);
    return convertedShape(info, asked);
  }

  /// As given; or of as many axes as the model declares.
  AskedShape askedOf(const ::onnx::ValueInfoProto& info) const {
    const auto& tensor = info.type().tensor_type();
    const auto given = state_.options.shapes.find(info.name());
    if (given != state_.options.shapes.end()) return given->second;
    if (!tensor.has_shape())
      throw ModelError(
          ErrorCode::InvalidArgument,
          "input '" + info.name() +
              "': the model does not declare how many axes it has; give its shape, for "
              "example --shape " +
              info.name() + "=1,3,320,320");
    if (tensor.shape().dim_size() > kMaxRank)
      throw UnsupportedModel(text("input '", info.name(), "' has ", tensor.shape().dim_size(),
                                  " axes, at most ", kMaxRank, " are supported"));
    return AskedShape(std::vector<AskedExtent>(static_cast<size_t>(tensor.shape().dim_size())));
  }

  /// With sizes from wherever those are said. What is said nowhere is left so.
  AskedShape settled(const ::onnx::ValueInfoProto& info, AskedShape shape) {
    for (size_t i = 0; i < shape.axes.size(); ++i) settle(info, i, shape.axes[i]);
    return shape;
  }

  /// An axis of the graph's next input.
  void settle(const ::onnx::ValueInfoProto& info, size_t axis, AskedExtent& extent) {
    AskedExtent named = extent;
    if (extent.name.empty()) named.name = declaredName(info, axis);
    const AskedExtent* said = named.name.empty() ? nullptr : extents_.of(named.name);
    if (said && (!named.isSaid() || said->converted == named.converted)) named = *said;
    if (!named.isSaid()) named.converted = declaredSize(info, axis);
    extents_.add({static_cast<int32_t>(state_.graph.inputs.size()), static_cast<int32_t>(axis)},
                 named);
    extent = {extent.name, named.converted, named.least, named.most};
  }

  /// 1 for the first axis (batch) where it is free.
  static int64_t declaredSize(const ::onnx::ValueInfoProto& info, size_t axis) {
    const Declared& shape = info.type().tensor_type().shape();
    const auto i = static_cast<int>(axis);
    if (i < shape.dim_size() && isKnown(shape.dim(i))) return shape.dim(i).dim_value();
    return i == 0 ? 1 : AskedExtent::kUnsaid;
  }

  /// The sizes to convert for; 1 for those that nobody says, which is an error in the end.
  Shape convertedShape(const ::onnx::ValueInfoProto& info, const AskedShape& asked) {
    Shape shape;
    for (const AskedExtent& extent : asked.axes)
      shape.push_back(extent.isSaid() ? extent.converted : 1);
    if (!std::ranges::all_of(asked.axes, &AskedExtent::isSaid)) free_.emplace_back(&info, asked);
    if (auto ok = ops::checkShape(shape); !ok)
      throw ImportError("input '" + info.name() + "': " + ok.error().message);
    return shape;
  }

  void checkFits(const ::onnx::ValueInfoProto& info, const AskedShape& given) const {
    if (!info.type().tensor_type().has_shape()) return;
    const Declared& declared = info.type().tensor_type().shape();
    bool fit = static_cast<size_t>(declared.dim_size()) == given.axes.size(), other = false;
    for (int i = 0; fit && i < declared.dim_size(); ++i) {
      const AskedExtent& extent = given.axes[static_cast<size_t>(i)];
      fit = fits(declared.dim(i), extent, i == 0);
      other = other || (extent.isRange() && isKnown(declared.dim(i)));
    }
    if (!fit)
      throw ModelError(ErrorCode::ShapeMismatch,
                       text("input '", info.name(), "': the shape (", inWords(given),
                            ") does not fit what the model declares (", inWords(declared), ")"));
    if (other)
      state_.report.warnings.push_back(
          text("input '", info.name(), "': the model declares (", inWords(declared),
               "); other sizes work as far as its nodes and constants allow"));
  }

  std::string freeSizes() const {
    std::string problem, advice;
    for (const auto& [info, asked] : free_) {
      problem += (problem.empty() ? "input '" : ", input '") + info->name() + "' (" +
                 inWords(info->type().tensor_type().shape()) + ")";
      advice += " --shape " + info->name() + "=" + example(asked);
    }
    return problem + ": the model leaves sizes open; give them at conversion, for example" + advice;
  }

  const ::onnx::GraphProto& graph_;
  ImportState& state_;
  InputExtents extents_;
  /// Inputs of which nobody said some size.
  std::vector<std::pair<const ::onnx::ValueInfoProto*, AskedShape>> free_;
};

}  // namespace

void declareInputs(const ::onnx::GraphProto& graph, ImportState& state) {
  Inputs(graph, state).declare();
}

}  // namespace minnow::converter
