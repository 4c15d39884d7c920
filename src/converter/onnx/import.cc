// An ONNX model to a graph: declarations, initialisers, then node by node in the file's order.
// Nodes that cannot be imported are collected, so that a user sees all of them at once.
#include <algorithm>
#include <functional>

#include "base/fail.h"
#include "converter/onnx/import_state.h"
#include "converter/onnx/tensor_proto.h"
#include "passes/evaluate.h"

namespace minnow::converter {

#define MINNOW_IMPORT(name, function) void function(NodeContext&);
#include "converter/onnx/import_list.inc"
#undef MINNOW_IMPORT

namespace {

/// What concerns the whole model and not a node.
struct UnsupportedModel : ImportError {
  using ImportError::ImportError;
};

constexpr int kOldestOpset = 6, kNewestOpset = 27;
constexpr int kDeepestNesting = 32;
// Constants up to these sizes are evaluated while importing: shape arithmetic, not weights.
constexpr int64_t kSmallInput = 65536, kSmallOutput = 4096;

ImportFn findImport(const std::string& op) {
  struct Row {
    const char* name;
    ImportFn fn;
  };
  static constexpr Row kRows[] = {
#define MINNOW_IMPORT(name, function) {#name, function},
#include "converter/onnx/import_list.inc"
#undef MINNOW_IMPORT
  };
  for (const Row& row : kRows)
    if (op == row.name) return row.fn;
  return nullptr;
}

/// Kinds whose results hold elements of the first input (of all, for Concat) and nothing else.
bool movesElements(ops::OpKind kind) {
  switch (kind) {
    case ops::OpKind::Reshape:
    case ops::OpKind::Flatten:
    case ops::OpKind::Squeeze:
    case ops::OpKind::Unsqueeze:
    case ops::OpKind::Slice:
    case ops::OpKind::Split:
    case ops::OpKind::Gather:
    case ops::OpKind::Concat:
    case ops::OpKind::Cast:  // whole numbers stay what they are
      return true;
    default:
      return false;
  }
}

bool isDefaultDomain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

}  // namespace

// ImportState
// ---------------------------------------------------------------------------------------

std::string ImportState::freshName(const std::string& base) {
  return text("~", base, ".", fresh_++);
}

ir::ValueId ImportState::addTensor(const ::onnx::TensorProto& tensor, const std::string& name) {
  auto decoded = decodeTensor(tensor, folder);
  if (!decoded && decoded.error().code == ErrorCode::Unsupported)
    throw UnsupportedModel(decoded.error().message);
  if (!decoded) throw ImportError(decoded.error().message);
  return graph.addConstant(name, decoded->type, decoded->bytes);
}

bool ImportState::canEvaluate(const std::vector<ir::ValueId>& inputs,
                              const std::vector<TensorType>& types) const {
  int64_t in = 0, out = 0;
  for (ir::ValueId id : inputs) {
    if (id == ir::kNoValue) continue;
    const ir::Value& value = graph.values[static_cast<size_t>(id)];
    if (!value.isConstant()) return false;
    in += value.type.shape.elements();
  }
  for (const TensorType& type : types) out += type.shape.elements();
  return in <= kSmallInput && out <= kSmallOutput;
}

std::vector<ir::ValueId> ImportState::evaluate(const ops::Operator& op,
                                               const std::vector<ir::ValueId>& inputs,
                                               int outputs) {
  auto results = passes::evaluate(graph, op, inputs);
  if (!results) throw ImportError(results.error().message);
  std::vector<ir::ValueId> ids;
  for (int i = 0; i < outputs; ++i)
    ids.push_back(graph.addValue({freshName(nodeName), (*results)[static_cast<size_t>(i)].type,
                                  ir::Layout::Plain, (*results)[static_cast<size_t>(i)].constant}));
  return ids;
}

bool ImportState::readsAtMost(const std::vector<ir::ValueId>& inputs) const {
  return std::ranges::any_of(inputs, [&](ir::ValueId id) { return atMost.contains(id); });
}

void ImportState::expectKnown(ir::ValueId id) const {
  if (atMost.contains(id))
    throw ImportError(text("'", graph.values[static_cast<size_t>(id)].name,
                           "' holds a size that depends on data, which is not known at conversion; "
                           "let the model end before this node"));
}

/// The marks go where the elements go: the operator is evaluated on both.
std::vector<ir::ValueId> ImportState::moveAtMost(const ir::Node& node, int outputs) {
  std::vector<ir::ValueId> marks;
  for (size_t i = 0; i < node.inputs.size(); ++i) {
    const ir::ValueId id = node.inputs[i];
    const bool moved = i == 0 || node.op->kind() == ops::OpKind::Concat;
    if (!moved) expectKnown(id);
    const auto found = atMost.find(id);
    if (!moved || found != atMost.end()) {
      marks.push_back(moved ? found->second : id);
      continue;
    }
    const Shape shape = graph.values[static_cast<size_t>(id)].type.shape;
    const std::vector<int64_t> none(static_cast<size_t>(shape.elements()), 0);
    marks.push_back(graph.addConstant(freshName("known"), {DataType::Int64, shape},
                                      std::as_bytes(std::span(none))));
  }
  const std::vector<ir::ValueId> ids = evaluate(*node.op, node.inputs, outputs);
  const bool stay = node.op->kind() == ops::OpKind::Cast;
  const std::vector<ir::ValueId> moved = stay ? marks : evaluate(*node.op, marks, outputs);
  for (size_t i = 0; i < ids.size(); ++i)
    if (std::ranges::count(graph.values[static_cast<size_t>(moved[i])].elements<int64_t>(), 1) > 0)
      atMost[ids[i]] = moved[i];
  return ids;
}

std::vector<ir::ValueId> ImportState::emit(std::unique_ptr<ops::Operator> op,
                                           std::vector<ir::ValueId> inputs, int outputs) {
  while (!inputs.empty() && inputs.back() == ir::kNoValue) inputs.pop_back();
  ir::Node node{nodeName, std::move(op), std::move(inputs), {}, nodeOp};
  auto types = node.op->inferShape(graph.inputTypes(node));
  if (!types && dataSizes.concerns(node))
    throw ImportError(text(types.error().message,
                           " where data decide the size; a size that is known "
                           "is wanted"));
  if (!types) throw ImportError(types.error().message);
  if (types->size() < static_cast<size_t>(outputs))
    throw ImportError(text("has ", outputs, " outputs, at most ", types->size(), " are possible"));
  const bool constant = canEvaluate(node.inputs, *types);
  if (readsAtMost(node.inputs)) {
    if (constant && movesElements(node.op->kind())) return moveAtMost(node, outputs);
    for (ir::ValueId id : node.inputs) expectKnown(id);
  }
  if (constant) return evaluate(*node.op, node.inputs, outputs);
  for (int i = 0; i < outputs; ++i)
    node.outputs.push_back(graph.addValue({freshName(nodeName), (*types)[static_cast<size_t>(i)]}));
  if (dataSizes.concerns(node))
    if (auto ok = dataSizes.enter(node, graph.inputTypes(node)); !ok)
      throw ImportError(ok.error().message);
  std::vector<ir::ValueId> ids = node.outputs;
  graph.nodes.push_back(std::move(node));
  return ids;
}

std::vector<std::string> ImportState::sourceInputs(ir::ValueId id) const {
  std::vector<char> wanted(graph.values.size(), 0);
  wanted[static_cast<size_t>(id)] = 1;
  for (size_t n = graph.nodes.size(); n-- > 0;) {
    const ir::Node& node = graph.nodes[n];
    if (!std::ranges::any_of(
            node.outputs, [&](ir::ValueId out) { return wanted[static_cast<size_t>(out)] != 0; }))
      continue;
    for (ir::ValueId in : node.inputs)
      if (in != ir::kNoValue) wanted[static_cast<size_t>(in)] = 1;
  }
  std::vector<std::string> names;
  for (ir::ValueId in : graph.inputs)
    if (wanted[static_cast<size_t>(in)])
      names.push_back(graph.values[static_cast<size_t>(in)].name);
  return names;
}

// Walking the model
// ---------------------------------------------------------------------------------

namespace {

class ModelImport {
 public:
  ModelImport(const ::onnx::ModelProto& model, ImportState& state) : model_(model), state_(state) {}

  void run() {
    readOpsets();
    const ::onnx::GraphProto& graph = model_.graph();
    state_.graph.name = graph.name();
    state_.graph.producer = model_.producer_name();
    if (!model_.producer_version().empty())
      state_.graph.producer += " " + model_.producer_version();
    for (const auto& initialiser : graph.initializer())
      state_.values[initialiser.name()] = state_.addTensor(initialiser, initialiser.name());
    if (graph.sparse_initializer_size() > 0)
      throw ImportError("sparse initialisers are not supported");
    for (const auto& input : graph.input()) addInput(input);
    importNodes(graph.node(), 0);
    if (!state_.report.unsupported.empty()) return;
    for (const auto& output : graph.output()) {
      const auto found = state_.values.find(output.name());
      if (found == state_.values.end())
        throw ImportError("the graph's output '" + output.name() + "' is written by no node");
      if (state_.atMost.contains(found->second)) refuseSize(output.name());
      state_.graph.outputs.push_back(found->second);
      state_.graph.outputNames.push_back(output.name());
    }
    if (state_.graph.outputs.empty()) throw ImportError("the graph has no outputs");
  }

 private:
  /// An output that holds a size which data decide, by the node that gives it.
  void refuseSize(const std::string& output) {
    for (const auto& node : model_.graph().node())
      if (std::ranges::find(node.output(), output) != node.output().end())
        report(node, node.name().empty() ? output : node.name(),
               text("output '", output,
                    "' holds a size that depends on data, which is not known at "
                    "conversion; leave this output out"),
               {});
  }

  void readOpsets() {
    for (const auto& opset : model_.opset_import())
      state_.opsets[isDefaultDomain(opset.domain()) ? "" : opset.domain()] =
          static_cast<int>(opset.version());
    if (!state_.opsets.contains("")) state_.opsets[""] = 1;
    const int opset = state_.report.opset = state_.opsets[""];
    if (opset > kNewestOpset || opset < kOldestOpset)
      state_.report.warnings.push_back(
          text("opset ", opset, " is outside ", kOldestOpset, " to ", kNewestOpset,
               "; its operators are taken by the nearest known rules"));
  }

  void addInput(const ::onnx::ValueInfoProto& info) {
    if (state_.values.contains(info.name()))
      return;  // an initialiser that is listed as an input too
    if (!info.type().has_tensor_type())
      throw ImportError("input '" + info.name() +
                        "' is no tensor (sequences, maps and optionals are not supported)");
    const TensorType type{elementTypeOf(info), inputShape(info)};
    ir::Value value{info.name(), type};
    if (const auto fixed = state_.options.fixedInputs.find(info.name());
        fixed != state_.options.fixedInputs.end()) {
      value.type = fixed->second.type;
      if (fixed->second.type.type != type.type)
        throw ImportError(text("input '", info.name(), "' is ", type.type,
                               ", the value given for it is ", fixed->second.type.type));
      value.constant = ir::makeConstant(fixed->second.bytes);
    }
    const bool isFixed = value.isConstant();
    const ir::ValueId id = state_.graph.addValue(std::move(value));
    state_.values[info.name()] = id;
    if (!isFixed) state_.graph.inputs.push_back(id);
  }

  static DataType elementTypeOf(const ::onnx::ValueInfoProto& info) {
    const int onnxType = info.type().tensor_type().elem_type();
    const auto type = static_cast<DataType>(onnxType);
    if (onnxType < 0 || onnxType > 255 || elementSize(type) == 0)
      throw UnsupportedModel(text("input '", info.name(), "' has ONNX element type ", onnxType,
                                  ", which is not supported"));
    return type;
  }

  Shape inputShape(const ::onnx::ValueInfoProto& info) {
    const auto& declared = info.type().tensor_type().shape();
    const auto given = state_.options.shapes.find(info.name());
    if (given != state_.options.shapes.end()) {
      checkGivenShape(info, given->second);
      return given->second;
    }
    if (state_.options.fixedInputs.contains(info.name())) return {};
    Shape shape;
    std::string symbolic;
    if (declared.dim_size() > kMaxRank)
      throw ImportError("input '" + info.name() + "' has too many axes");
    for (int i = 0; i < declared.dim_size(); ++i) {
      const auto& dim = declared.dim(i);
      const bool known = dim.has_dim_value();
      if (!known && i > 0)
        symbolic +=
            (symbolic.empty() ? "" : ", ") + (dim.dim_param().empty() ? "?" : dim.dim_param());
      shape.push_back(known ? dim.dim_value() : 1);
    }
    if (!symbolic.empty())
      throw ImportError(text("input '", info.name(), "' has symbolic dimensions (", symbolic,
                             "); fix them with --shape ", info.name(), "=",
                             exampleShape(declared)));
    if (auto ok = ops::checkShape(shape); !ok)
      throw ImportError("input '" + info.name() + "': " + ok.error().message);
    return shape;
  }

  static std::string exampleShape(const ::onnx::TensorShapeProto& declared) {
    std::string out;
    for (int i = 0; i < declared.dim_size(); ++i) {
      const auto& dim = declared.dim(i);
      out += (i ? "," : "") + std::to_string(dim.has_dim_value() ? dim.dim_value()
                                             : i == 0            ? 1
                                                                 : 320);
    }
    return out;
  }

  static void checkGivenShape(const ::onnx::ValueInfoProto& info, const Shape& given) {
    if (auto ok = ops::checkShape(given); !ok)
      throw ImportError("input '" + info.name() + "': " + ok.error().message);
    if (!info.type().tensor_type().has_shape()) return;
    const auto& declared = info.type().tensor_type().shape();
    bool fits = declared.dim_size() == given.rank();
    for (int i = 0; fits && i < given.rank(); ++i)
      fits = !declared.dim(i).has_dim_value() || declared.dim(i).dim_value() == given[i] || i == 0;
    if (!fits)
      throw ImportError(text("input '", info.name(), "': the shape ", given,
                             " does not fit what the model declares (", exampleShape(declared),
                             ")"));
  }

  template <class Nodes>
  void importNodes(const Nodes& nodes, int depth) {
    int done = 0;
    for (const auto& node : nodes) {
      if (depth == 0 && state_.options.progress)
        state_.options.progress(static_cast<double>(done++) / nodes.size(), "importing");
      importNode(node, depth);
    }
  }

  void importNode(const ::onnx::NodeProto& node, int depth) {
    const std::string name =
        node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
    try {
      if (depth > kDeepestNesting)
        throw ImportError("functions and branches are nested too deeply");
      state_.nodeName = name;
      state_.nodeOp = node.op_type();
      if (const auto* function = findFunction(node)) return importFunction(node, *function, depth);
      const ImportFn import = isDefaultDomain(node.domain()) ? findImport(node.op_type()) : nullptr;
      const bool isIf = isDefaultDomain(node.domain()) && node.op_type() == "If";
      if (!import && !isIf)
        throw ImportError("operator " +
                          (isDefaultDomain(node.domain()) ? "" : node.domain() + ".") +
                          node.op_type() + " is not supported");
      if (dependsOnFailed(node)) return markFailed(node);
      NodeContext context(state_, node);
      if (isIf) return importIf(node, context, depth);
      import(context);
    } catch (const NeedsValue& error) {
      report(node, name, error.what(), error.graphInputs);
    } catch (const ImportError& error) {
      report(node, name, error.what(), {});
    }
  }

  bool dependsOnFailed(const ::onnx::NodeProto& node) const {
    for (const auto& input : node.input()) {
      if (input.empty()) continue;
      if (failed_.contains(input)) return true;
      if (!state_.values.contains(input))
        throw ImportError("the model is broken here: input '" + input +
                          "' is written by no earlier node");
    }
    return false;
  }

  void markFailed(const ::onnx::NodeProto& node) {
    failed_.insert(node.output().begin(), node.output().end());
  }

  void report(const ::onnx::NodeProto& node, const std::string& name, const std::string& reason,
              std::vector<std::string> fixable) {
    std::string advice = reason;
    if (!fixable.empty()) {
      advice += "; give it at conversion:";
      for (const std::string& input : fixable) advice += " --value " + input + "=…";
    }
    const auto opset = state_.opsets.find(isDefaultDomain(node.domain()) ? "" : node.domain());
    state_.report.unsupported.push_back({name, node.op_type(),
                                         opset == state_.opsets.end() ? 0 : opset->second, advice,
                                         std::move(fixable)});
    markFailed(node);
  }

  // Branches and functions: their nodes are imported in place, under the names of their own scope.

  void importIf(const ::onnx::NodeProto& node, NodeContext& context, int depth) {
    const bool taken = context.constantInts(0).at(0) != 0;
    const char* wanted = taken ? "then_branch" : "else_branch";
    for (const auto& attribute : node.attribute()) {
      if (attribute.name() != wanted) continue;
      const ::onnx::GraphProto& branch = attribute.g();
      auto outer = state_.values;
      for (const auto& initialiser : branch.initializer())
        state_.values[initialiser.name()] = state_.addTensor(initialiser, initialiser.name());
      importNodes(branch.node(), depth + 1);
      bindResults(node, branch.output(), std::move(outer),
                  [](const auto& info) { return info.name(); });
      return;
    }
    context.broken(std::string(wanted) + " is missing");
  }

  template <class Outputs, class NameOf>
  void bindResults(const ::onnx::NodeProto& node, const Outputs& results,
                   std::unordered_map<std::string, ir::ValueId> outer, NameOf nameOf) {
    for (int i = 0; i < node.output_size() && i < results.size(); ++i) {
      if (node.output(i).empty()) continue;
      const auto found = state_.values.find(nameOf(results.Get(i)));
      if (found == state_.values.end())
        failed_.insert(node.output(i));
      else
        outer[node.output(i)] = found->second;
    }
    state_.values = std::move(outer);
  }

  const ::onnx::FunctionProto* findFunction(const ::onnx::NodeProto& node) const {
    for (const auto& function : model_.functions())
      if (function.name() == node.op_type() && function.domain() == node.domain()) return &function;
    return nullptr;
  }

  void importFunction(const ::onnx::NodeProto& call, const ::onnx::FunctionProto& function,
                      int depth) {
    if (dependsOnFailed(call)) return markFailed(call);
    std::unordered_map<std::string, ir::ValueId> scope;
    for (int i = 0; i < function.input_size() && i < call.input_size(); ++i)
      if (!call.input(i).empty()) scope[function.input(i)] = state_.values.at(call.input(i));
    std::swap(scope, state_.values);  // `scope` now holds the outer names
    std::set<std::string> outerFailed;
    std::swap(outerFailed, failed_);
    for (const ::onnx::NodeProto& node : function.node())
      importNode(bound(node, function, call), depth + 1);
    std::swap(outerFailed, failed_);
    bindResults(call, function.output(), std::move(scope),
                [](const std::string& result) { return result; });
  }

  /// A copy of a function's node with references to the call's attributes replaced by their values,
  /// and absent optional inputs of the call made absent.
  ::onnx::NodeProto bound(const ::onnx::NodeProto& node, const ::onnx::FunctionProto& function,
                          const ::onnx::NodeProto& call) const {
    ::onnx::NodeProto copy = node;
    copy.clear_attribute();
    for (const auto& attribute : node.attribute()) {
      if (attribute.ref_attr_name().empty()) {
        *copy.add_attribute() = attribute;
        continue;
      }
      for (const auto& given : call.attribute()) {
        if (given.name() != attribute.ref_attr_name()) continue;
        auto* added = copy.add_attribute();
        *added = given;
        added->set_name(attribute.name());
      }
    }
    for (int i = 0; i < copy.input_size(); ++i) {
      const auto formal = std::ranges::find(function.input(), copy.input(i));
      if (formal != function.input().end() && !state_.values.contains(copy.input(i)))
        copy.set_input(i, "");
    }
    return copy;
  }

  const ::onnx::ModelProto& model_;
  ImportState& state_;
  std::set<std::string> failed_;  // tensors of nodes that could not be imported
};

}  // namespace

Result<ir::Graph> importOnnx(std::span<const std::byte> model, const std::filesystem::path& folder,
                             const ConvertOptions& options, ConvertReport& report) {
  ::onnx::ModelProto proto;
  if (model.empty()) return fail(ErrorCode::BadModel, "the ONNX file is empty");
  if (model.size() > INT32_MAX ||
      !proto.ParseFromArray(model.data(), static_cast<int>(model.size())))
    return fail(ErrorCode::BadModel, "the file is no ONNX model, or it is truncated or damaged");
  if (!proto.has_graph() || (proto.graph().node_size() == 0 && proto.graph().output_size() == 0))
    return fail(ErrorCode::BadModel, "the file holds no ONNX graph");
  ImportState state(options, report, folder);
  try {
    ModelImport(proto, state).run();
  } catch (const UnsupportedModel& error) {
    return fail(ErrorCode::Unsupported, error.what());
  } catch (const std::exception& error) {
    return fail(ErrorCode::BadModel, error.what());
  }
  if (!report.unsupported.empty())
    return fail(ErrorCode::Unsupported, report.unsupported.size(), " node(s) cannot be converted");
  if (auto ok = state.graph.verify(); !ok) return std::unexpected(ok.error());
  report.operatorsBefore = proto.graph().node_size();
  return std::move(state.graph);
}

}  // namespace minnow::converter
