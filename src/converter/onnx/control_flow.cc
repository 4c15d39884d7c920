// If, Loop, Scan and model-local functions, all imported in place. How often a body runs must be
// known at conversion: the budget of nodes bounds it.
#include <algorithm>
#include <limits>
#include <utility>

#include "base/fail.h"
#include "converter/onnx/compose.h"
#include "converter/onnx/import.h"
#include "converter/onnx/newer_fields.h"
#include "converter/onnx/walk.h"
#include "ops/concat.h"
#include "ops/expand.h"
#include "ops/reshape.h"
#include "ops/select.h"
#include "ops/shape_of.h"
#include "ops/slice.h"

namespace minnow::converter {
namespace {

/// Gives a variable another value for as long as this lives.
template <class T>
class Kept {
 public:
  Kept(T& variable, T value)
      : variable_(variable), old_(std::exchange(variable, std::move(value))) {}
  ~Kept() { variable_ = std::move(old_); }
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;

 private:
  T& variable_;
  T old_;
};

bool anyFailed(std::span<const ir::ValueId> values) {
  return std::ranges::find(values, kFailed) != values.end();
}

/// Which iteration it is, and whether there is another: as a scalar, or with one axis where the
/// body declares its input so.
Shape shapeOfCounter(const ::onnx::GraphProto& body, int input) {
  if (input >= body.input_size()) return {};
  return body.input(input).type().tensor_type().shape().dim_size() == 1 ? Shape{1} : Shape{};
}

ir::ValueId sliceOf(NodeContext& node, ir::ValueId value, int64_t axis, int64_t at) {
  auto slice = std::make_unique<ops::Slice>();
  slice->starts = {at};
  slice->ends = {at + 1};
  slice->axes = {axis};
  slice->steps = {1};
  auto squeeze = std::make_unique<ops::Squeeze>();
  squeeze->axes = {axis};
  return node.emit(std::move(squeeze), {node.emit(std::move(slice), {value})});
}

/// What no iteration has made: of the type that the body declares, if it does.
ir::ValueId emptyStack(NodeContext& node, const ::onnx::ValueInfoProto& declared, int64_t axis) {
  const auto& tensor = declared.type().tensor_type();
  const auto type = static_cast<DataType>(tensor.elem_type());
  const int rank = tensor.shape().dim_size();
  bool known = tensor.has_shape() && rank < kMaxRank && tensor.elem_type() > 0 &&
               tensor.elem_type() < 256 && elementSize(type) > 0;
  Shape shape;
  for (int i = 0; known && i <= rank; ++i) {
    if (i == axis) shape.push_back(0);
    if (i == rank) break;
    known = tensor.shape().dim(i).has_dim_value() && tensor.shape().dim(i).dim_value() >= 0;
    shape.push_back(tensor.shape().dim(i).dim_value());
  }
  if (!known || shape.rank() != rank + 1)
    node.unsupported("a loop that never runs, and whose results have no declared shape,");
  return node.constantOf({type, shape}, {});
}

/// The iterations' values one after another along a new axis.
ir::ValueId stacked(NodeContext& node, const std::vector<ir::ValueId>& values, int64_t axis,
                    const ::onnx::ValueInfoProto& declared) {
  if (values.empty()) return emptyStack(node, declared, axis < 0 ? 0 : axis);
  const int rank = node.typeOf(values[0]).shape.rank() + 1;
  auto concat = std::make_unique<ops::Concat>();
  concat->axis = axis < 0 ? axis + rank : axis;
  std::vector<ir::ValueId> parts;
  for (const ir::ValueId value : values) {
    auto unsqueeze = std::make_unique<ops::Unsqueeze>();
    unsqueeze->axes = {concat->axis};
    parts.push_back(node.emit(std::move(unsqueeze), {value}));
  }
  return node.emit(std::move(concat), parts);
}

int64_t oneInteger(const NodeContext& node, ir::ValueId id, const char* what) {
  const std::vector<int64_t> values = node.knownInts(id, what);
  if (values.size() != 1) node.broken(std::string(what) + " is not one number");
  return values[0];
}

/// One number for each of `count` things, or all 0 where the attribute is absent.
std::vector<int64_t> oneEach(const NodeContext& node, const char* attribute, size_t count) {
  const std::vector<int64_t> list = node.integers(attribute, std::vector<int64_t>(count, 0));
  if (list.size() != count) node.broken(std::string(attribute) + " has the wrong length");
  return list;
}

}  // namespace

Walk::Expand Walk::findExpansion(const std::string& op) {
  if (op == "If") return &Walk::expandIf;
  if (op == "Loop") return &Walk::expandLoop;
  if (op == "Scan") return &Walk::expandScan;
  return nullptr;
}

Walk::Results Walk::body(const ::onnx::GraphProto& graph, std::span<const ir::ValueId> inputs,
                         const std::string& prefix) {
  refuseUnknown(unknownFields(graph));
  if (static_cast<size_t>(graph.input_size()) != inputs.size())
    throw ImportError(text("the model is broken here: its body has ", graph.input_size(),
                           " inputs, expected ", inputs.size()));
  const Kept name(state_.nodeName, state_.nodeName), op(state_.nodeOp, state_.nodeOp);
  const Kept names(state_.prefix, prefix);
  const Kept deeper(depth_, depth_ + 1);
  const Scopes::Inner scope(state_.scopes, Scopes::Kind::Open);
  for (size_t i = 0; i < inputs.size(); ++i)
    state_.scopes.set(graph.input(static_cast<int>(i)).name(), inputs[i]);
  state_.addInitialisers(graph);
  const size_t failures = state_.report.unsupported.size();
  nodes(graph.node());
  if (state_.report.unsupported.size() > failures)  // once is enough
    return Results(static_cast<size_t>(graph.output_size()), kFailed);
  Results results;
  for (const auto& output : graph.output()) {
    const ir::ValueId value = state_.computable(state_.scopes.find(output.name()));
    if (value == kNotComputed) throw ImportError(notComputed(graph.node(), output.name()));
    if (value == kUnknown || value == ir::kNoValue)
      throw ImportError("the model is broken here: its body's output '" + output.name() +
                        "' is written by no node");
    results.push_back(value);
  }
  return results;
}

void Walk::bind(const ::onnx::NodeProto& node, NodeContext& context, const Results& results) {
  if (static_cast<size_t>(node.output_size()) > results.size())
    throw ImportError(text("the model is broken here: ", node.output_size(),
                           " outputs, and its body gives ", results.size()));
  for (int i = 0; i < node.output_size(); ++i) {
    const ir::ValueId value = results[static_cast<size_t>(i)];
    if (value == kFailed)
      state_.scopes.set(node.output(i), kFailed);
    else
      context.setOutput(i, value);
  }
}

/// A condition that a run computes: both branches are, and of each result one is chosen. Neither has
/// effects.
void Walk::expandBoth(const ::onnx::NodeProto& node, NodeContext& context) {
  const std::string prefix = state_.nodeName;
  const Results yes = body(context.graph("then_branch"), {}, prefix + "/then/");
  const Results no = body(context.graph("else_branch"), {}, prefix + "/else/");
  if (anyFailed(yes) || anyFailed(no)) return markFailed(node);
  if (yes.size() != no.size()) context.broken("its branches give different numbers of outputs");
  Results chosen;
  for (size_t i = 0; i < yes.size(); ++i)
    chosen.push_back(
        context.emit(std::make_unique<ops::Choose>(), {context.input(0), yes[i], no[i]}));
  bind(node, context, chosen);
}

void Walk::expandIf(const ::onnx::NodeProto& node, NodeContext& context) {
  if (!context.isConstant(context.input(0))) return expandBoth(node, context);
  const bool taken = oneInteger(context, context.input(0), "the condition") != 0;
  bind(node, context,
       body(context.graph(taken ? "then_branch" : "else_branch"), {}, state_.prefix));
}

namespace {

/// The most iterations that a loop is unrolled for where data end it.
constexpr int64_t kMostTrips = 4096;

/// When a loop ends: known at conversion, or computed in the run. All iterations that there can be
/// are unrolled then, and those that are not gone through choose what was before.
class LoopEnd {
 public:
  LoopEnd(NodeContext& node, ir::ValueId trips, ir::ValueId condition)
      : node_(node),
        c_(node),
        trips_(trips),
        goesOn_(condition == ir::kNoValue ? truth(true) : c_.reshape(condition, {})) {
    if (trips == ir::kNoValue) return;
    if (node.isConstant(trips)) {
      most_ = oneInteger(node, trips, "the number of iterations");
      return;
    }
    node.expectBounded(0);
    const auto known = node.inRun(trips, ir::kNoValue);
    if (!known || known->most.size() != 1)
      node.unsupported("a number of iterations of which nothing is known");
    most_ = known->most[0];
    trips_ = c_.reshape(trips, {});
    isCounted_ = true;
    // For other inputs there may be fewer, but no more than are unrolled.
    const ir::ValueId most = c_.reshape(node.mostOf(trips), {});
    (void)oneInteger(node, c_(ops::BinaryFn::LessOrEqual, most, number(most_)), "a number");
  }

  /// True if there is an iteration `i`, as far as conversion knows.
  bool begins(int64_t i) {
    if (i >= most_ || isNever(goesOn_)) return false;
    if (isCounted_) goesOn_ = both(c_(ops::BinaryFn::Less, number(i), trips_));
    if (isNever(goesOn_)) return false;
    if (isDecidedByData() && most_ > kMostTrips)
      node_.unsupported(
          "a loop that data end, with no known number of iterations at most (a trip count that "
          "is constant, or has a --bound, is one),");
    return true;
  }
  bool isDecidedByData() const { return !node_.isConstant(goesOn_); }
  /// What the iteration gives; where it is not gone through, what was before.
  ir::ValueId result(ir::ValueId now, ir::ValueId before) {
    if (!isDecidedByData()) return now;
    return node_.emit(std::make_unique<ops::Choose>(), {goesOn_, now, before});
  }
  /// Whether the next one may begin.
  void next(ir::ValueId condition) { goesOn_ = both(c_.reshape(condition, {})); }

 private:
  ir::ValueId truth(bool value) {
    const std::byte byte[] = {static_cast<std::byte>(value)};
    return node_.constantOf({DataType::Bool, {}}, byte);
  }
  ir::ValueId number(int64_t i) { return c_.cast(c_.integer(i), node_.typeOf(trips_).type); }
  bool isNever(ir::ValueId goesOn) const {
    return node_.isConstant(goesOn) && oneInteger(node_, goesOn, "whether the loop goes on") == 0;
  }
  /// The other one is asked only in an iteration that is gone through.
  ir::ValueId both(ir::ValueId other) {
    return isDecidedByData() ? result(other, truth(false)) : other;
  }

  NodeContext& node_;
  Composer c_;
  ir::ValueId trips_;
  int64_t most_ = std::numeric_limits<int64_t>::max();
  bool isCounted_ = false;
  ir::ValueId goesOn_;
};

/// Slices of a scanned output, one after another along a first axis; none of an iteration that is
/// not gone through.
class Scan {
 public:
  void add(NodeContext& node, LoopEnd& end, ir::ValueId value) {
    const Composer c(node);
    auto unsqueeze = std::make_unique<ops::Unsqueeze>();
    unsqueeze->axes = {0};
    const ir::ValueId slice = node.emit(std::move(unsqueeze), {value});
    parts_.push_back(end.isDecidedByData() ? end.result(slice, nothing(node, slice)) : slice);
  }
  ir::ValueId joined(NodeContext& node, const ::onnx::ValueInfoProto& declared) const {
    if (parts_.empty()) return emptyStack(node, declared, 0);
    return Composer(node).concat(parts_, 0);
  }

 private:
  /// As many as none of the slices. Extents that data decide are those of the slice before.
  ir::ValueId nothing(NodeContext& node, ir::ValueId slice) const {
    const Composer c(node);
    if (!parts_.empty()) return c.slice(parts_.back(), 0, 0, 0);
    TensorType type = node.typeOf(slice);
    const ir::ValueId extents = node.emit(std::make_unique<ops::ShapeOf>(), {slice});
    if (!node.isConstant(extents)) {
      type.shape[0] = 0;
      return node.constantOf(type, {});
    }
    const std::vector<std::byte> zero(elementSize(type.type));
    auto none = std::make_unique<ops::Expand>();
    none->shape = node.settingInts(
        *none, "shape",
        c.concat({node.constantIntRow({0}), c.slice(extents, 0, 1, type.shape.rank())}, 0),
        "the shape");
    return node.emit(std::move(none), {node.constantOf({type.type, {}}, zero)});
  }

  std::vector<ir::ValueId> parts_;
};

}  // namespace

/// Inputs: how often at most, whether at all, and what is carried from iteration to iteration. The
/// body takes the number of the iteration, the condition and the carried values; it gives the next
/// condition, the carried values, and one slice of each scanned output.
void Walk::expandLoop(const ::onnx::NodeProto& node, NodeContext& context) {
  const ::onnx::GraphProto& graph = context.graph("body");
  LoopEnd end(context, context.input(0), context.input(1));
  Results carried;
  for (int i = 2; i < node.input_size(); ++i) carried.push_back(context.input(i));
  const int slices = graph.output_size() - 1 - static_cast<int>(carried.size());
  if (slices < 0) context.broken("its body gives too few outputs");
  std::vector<Scan> scanned(static_cast<size_t>(slices));
  const std::string name = state_.nodeName;
  for (int64_t i = 0; end.begins(i); ++i) {
    state_.spendNode();
    const std::byte yes[] = {std::byte{1}};
    Results inputs{context.constantIntTensor(shapeOfCounter(graph, 0), {i}),
                   context.constantOf({DataType::Bool, shapeOfCounter(graph, 1)}, yes)};
    inputs.insert(inputs.end(), carried.begin(), carried.end());
    const Results results = body(graph, inputs, text(name, "[", i, "]/"));
    if (anyFailed(results)) return markFailed(node);
    for (size_t k = 0; k < carried.size(); ++k) carried[k] = end.result(results[k + 1], carried[k]);
    for (size_t k = 0; k < scanned.size(); ++k)
      scanned[k].add(context, end, results[k + 1 + carried.size()]);
    end.next(results[0]);
  }
  Results all = carried;
  for (size_t k = 0; k < scanned.size(); ++k)
    all.push_back(
        scanned[k].joined(context, graph.output(1 + static_cast<int>(carried.size() + k))));
  bind(node, context, all);
}

namespace {

/// The inputs that a Scan goes through, after its states.
struct Scanned {
  int first = 0;                   ///< the first of them among the node's inputs
  std::vector<int64_t> axes;       ///< that each is cut along, from 0
  std::vector<int64_t> backwards;  ///< whether each is gone through from its end
  int64_t trips = 0;

  Scanned(const NodeContext& node, int64_t states, size_t count)
      : first(static_cast<int>(states)),
        axes(oneEach(node, "scan_input_axes", count)),
        backwards(oneEach(node, "scan_input_directions", count)) {
    for (size_t k = 0; k < count; ++k) {
      const Shape& shape = node.shape(first + static_cast<int>(k));
      if (axes[k] < 0) axes[k] += shape.rank();
      if (axes[k] < 0 || axes[k] >= shape.rank()) node.broken("scan_input_axes is out of range");
      const int64_t extent = shape[static_cast<int>(axes[k])];
      if (k > 0 && extent != trips) node.broken("scanned inputs of different lengths");
      trips = extent;
    }
  }
  ir::ValueId slice(NodeContext& node, size_t k, int64_t trip) const {
    return sliceOf(node, node.input(first + static_cast<int>(k)), axes[k],
                   backwards[k] ? trips - 1 - trip : trip);
  }
};

}  // namespace

/// Inputs: the states, then what is scanned along an axis each; the body takes the states and a
/// slice of each, and gives the next states and a slice of each scanned output.
void Walk::expandScan(const ::onnx::NodeProto& node, NodeContext& context) {
  if (context.opset() < 9)
    throw ImportError("Scan of opset 8 is not supported; convert the model to opset 9 or later");
  const ::onnx::GraphProto& graph = context.graph("body");
  const int64_t count = context.integer("num_scan_inputs");
  const int64_t states = node.input_size() - count;
  if (count < 1 || states < 0 || graph.output_size() < states)
    context.broken("the numbers of inputs and outputs do not fit together");
  const Scanned inputs(context, states, static_cast<size_t>(count));
  std::vector<Results> outputs(static_cast<size_t>(graph.output_size() - states));
  const auto axes = oneEach(context, "scan_output_axes", outputs.size());
  const auto prepends = oneEach(context, "scan_output_directions", outputs.size());
  context.noteShapeDependence();
  Results carried;
  for (int i = 0; i < states; ++i) carried.push_back(context.input(i));
  const std::string name = state_.nodeName;
  for (int64_t i = 0; i < inputs.trips; ++i) {
    state_.spendNode();
    Results given = carried;
    for (size_t k = 0; k < inputs.axes.size(); ++k) given.push_back(inputs.slice(context, k, i));
    const Results results = body(graph, given, text(name, "[", i, "]/"));
    if (anyFailed(results)) return markFailed(node);
    std::copy_n(results.begin(), states, carried.begin());
    for (size_t k = 0; k < outputs.size(); ++k)
      outputs[k].push_back(results[k + static_cast<size_t>(states)]);
  }
  for (size_t k = 0; k < outputs.size(); ++k) {
    if (prepends[k]) std::ranges::reverse(outputs[k]);
    carried.push_back(stacked(context, outputs[k], axes[k],
                              graph.output(static_cast<int>(states) + static_cast<int>(k))));
  }
  bind(node, context, carried);
}

// Functions ---------------------------------------------------------------------------------------

/// Those of the call, or else the function's defaults.
CallAttributes Walk::attributesOf(const ::onnx::NodeProto& call, const Function& function) const {
  CallAttributes attributes;
  for (const auto& standard : function.defaults) attributes[standard.name()] = &standard;
  for (const auto& given : call.attribute()) {
    const auto* value = state_.resolved(given);
    if (!value) continue;
    if (value->has_g() || value->graphs_size() > 0)  // whose names are those of the caller
      throw ImportError("a graph as an attribute of a function is not supported");
    attributes[given.name()] = value;
  }
  return attributes;
}

/// What the function's outputs are for these inputs. The body sees its formal inputs alone, and
/// follows the operator sets that the function names.
Walk::Results Walk::functionBody(const ::onnx::FunctionProto& proto, const Results& inputs,
                                 const CallAttributes& attributes) {
  auto opsets = state_.opsets;
  for (const auto& opset : proto.opset_import())
    opsets[isDefaultDomain(opset.domain()) ? "" : opset.domain()] =
        static_cast<int>(opset.version());
  const Kept name(state_.nodeName, state_.nodeName);
  const Kept names(state_.prefix, state_.nodeName + "/");
  const Kept versions(state_.opsets, opsets);
  const Kept<const CallAttributes*> given(state_.callAttributes, &attributes);
  const Kept deeper(depth_, depth_ + 1);
  const Scopes::Inner scope(state_.scopes, Scopes::Kind::Function);
  for (size_t i = 0; i < inputs.size(); ++i)
    state_.scopes.set(proto.input(static_cast<int>(i)), inputs[i]);
  nodes(proto.node());
  Results outputs;
  for (const auto& output : proto.output()) outputs.push_back(state_.scopes.find(output));
  return outputs;
}

void Walk::expandCall(const ::onnx::NodeProto& call, const Function& function) {
  const ::onnx::FunctionProto& proto = *function.proto;
  if (call.input_size() > proto.input_size() || call.output_size() > proto.output_size())
    throw ImportError(text("the model is broken here: the function has ", proto.input_size(),
                           " inputs and ", proto.output_size(), " outputs, the call ",
                           call.input_size(), " and ", call.output_size()));
  Results inputs;
  for (const auto& input : call.input())
    inputs.push_back(input.empty() ? ir::kNoValue : state_.scopes.find(input));
  inputs.resize(static_cast<size_t>(proto.input_size()), ir::kNoValue);
  const Results results = functionBody(proto, inputs, attributesOf(call, function));
  for (int i = 0; i < call.output_size(); ++i) {
    if (call.output(i).empty()) continue;
    const ir::ValueId value = results[static_cast<size_t>(i)];
    if (value == kUnknown || value == ir::kNoValue)
      throw ImportError("the model is broken here: the function's output '" + proto.output(i) +
                        "' is written by none of its nodes");
    if (value == kNotComputed) throw ImportError(notComputed(proto.node(), proto.output(i)));
    if (!state_.scopes.add(call.output(i), value))
      throw ImportError("the model is broken here: tensor '" + call.output(i) +
                        "' is written twice");
  }
}

}  // namespace minnow::converter
