// An ONNX model to a graph: declarations, initialisers, then node by node in the file's order.
// Nodes that cannot be imported are collected, so that a user sees all of them at once.
#include "converter/onnx/import.h"

#include <google/protobuf/arena.h>

#include <algorithm>
#include <new>

#include "base/fail.h"
#include "converter/onnx/graph_inputs.h"
#include "converter/onnx/import_state.h"
#include "converter/onnx/newer_fields.h"
#include "converter/onnx/tensor_proto.h"
#include "converter/onnx/versions.h"
#include "converter/onnx/walk.h"
#include "ops/cast.h"
#include "ops/in_run.h"
#include "sizes/evaluate.h"

namespace minnow::converter {

#define MINNOW_IMPORT(name, function, known) void function(NodeContext&);
#include "converter/onnx/import_list.inc"
#undef MINNOW_IMPORT
#define MINNOW_MICROSOFT(name, function) void function(NodeContext&);
#include "converter/onnx/microsoft_list.inc"
#undef MINNOW_MICROSOFT

namespace {

constexpr int kOldestOpset = 6;
// Constants up to these sizes are evaluated while importing: shape arithmetic, not weights.
constexpr int64_t kSmallInput = 65536, kSmallOutput = 4096;

}  // namespace

ImportFn findImport(const std::string& op) {
  struct Row {
    const char* name;
    ImportFn fn;
  };
  static constexpr Row kRows[] = {
#define MINNOW_IMPORT(name, function, known) {#name, function},
#include "converter/onnx/import_list.inc"
#undef MINNOW_IMPORT
  };
  for (const Row& row : kRows)
    if (op == row.name) return row.fn;
  return nullptr;
}

ImportFn findMicrosoftImport(const std::string& op) {
#define MINNOW_MICROSOFT(name, function) \
  if (op == #name) return function;
#include "converter/onnx/microsoft_list.inc"
#undef MINNOW_MICROSOFT
  return nullptr;
}

bool isDefaultDomain(const std::string& domain) { return domain.empty() || domain == "ai.onnx"; }

// ImportState -------------------------------------------------------------------------------------

namespace {
/// Memory that ends is no fault of the node's.
[[noreturn]] void refuse(const Error& error) {
  if (error.code == ErrorCode::OutOfMemory) throw std::bad_alloc();
  throw ImportError(error.message);
}
}  // namespace

std::string ImportState::freshName(const std::string& base) {
  return text("~", base, ".", fresh_++);
}

void ImportState::spendBytes(size_t bytes) {
  if (!sizes::Budget::spend(budget.bytes, static_cast<int64_t>(bytes)))
    throw OverBudget(text("node ", nodeName, " (", nodeOp, "): conversion would make more than ",
                          options.budget.bytes,
                          " bytes of constants that the file does not hold; a loop, a function or "
                          "a constant of the model is very large. ConvertOptions::budget.bytes is "
                          "the limit"));
}

void ImportState::spendNode() {
  if (!sizes::Budget::spend(budget.nodes, 1))
    throw OverBudget(text("node ", nodeName, " (", nodeOp,
                          "): with functions expanded and loops unrolled the model has more than ",
                          options.budget.nodes,
                          " nodes; export it with fewer iterations. ConvertOptions::budget.nodes "
                          "is the limit"));
}

const ::onnx::AttributeProto* ImportState::resolved(const ::onnx::AttributeProto& attribute) const {
  if (attribute.ref_attr_name().empty()) return &attribute;
  if (!callAttributes)
    throw ImportError("the model is broken here: attribute '" + attribute.name() +
                      "' refers to one of a function, and there is no function around it");
  const auto given = callAttributes->find(attribute.ref_attr_name());
  return given == callAttributes->end() ? nullptr : given->second;
}

void ImportState::spendExternal(const ::onnx::TensorProto& tensor, size_t bytes) {
  for (const auto& entry : tensor.external_data()) {
    if (entry.key() != "location") continue;
    std::error_code error;
    const size_t file = std::filesystem::file_size(folder / entry.value(), error);
    size_t& read = externalRead_[entry.value()];
    if (read + bytes > file) spendBytes(std::min(bytes, read + bytes - file));
    read += bytes;
  }
}

ir::ValueId ImportState::addConstant(const std::string& name, TensorType type,
                                     std::span<const std::byte> bytes) {
  spendBytes(bytes.size());
  return graph.addConstant(name, type, bytes);
}

Result<ir::Graph> ImportState::finish(const std::function<void()>& import, const char* part,
                                      int parts) {
  try {
    import();
  } catch (const ModelError& error) {
    return fail(error.code, error.what());
  } catch (const OverBudget& error) {
    return fail(ErrorCode::Unsupported, error.what());
  } catch (const ImportError& error) {
    return fail(ErrorCode::BadModel, error.what());
  }
  if (!report.unsupported.empty())
    return fail(ErrorCode::Unsupported, report.unsupported.size(), " ", part,
                report.unsupported.size() == 1 ? "" : "s", " cannot be converted");
  if (auto ok = sizes.finish(graph); !ok) return passOn(ok);
  if (auto ok = graph.verify(); !ok) return passOn(ok);
  report.operatorsBefore = parts;
  return std::move(graph);
}

ir::ValueId ImportState::computable(ir::ValueId id) {
  if (id < 0 || graph.values[static_cast<size_t>(id)].type.type != DataType::Float16) return id;
  const auto [known, isNew] = computable_.try_emplace(id, ir::kNoValue);
  if (isNew) known->second = cast(id, DataType::Float32);
  return known->second;
}

ir::ValueId ImportState::cast(ir::ValueId id, DataType to) {
  auto op = std::make_unique<ops::Cast>();
  op->to = to;
  return emit(std::move(op), {id}, 1)[0];
}

ir::ValueId ImportState::addTensor(const ::onnx::TensorProto& tensor, const std::string& name) {
  refuseUnknown(unknownFields(tensor));
  auto decoded = decodeTensor(tensor, folder);
  if (!decoded && decoded.error().code == ErrorCode::Unsupported)
    throw UnsupportedModel(decoded.error().message);
  if (!decoded) refuse(decoded.error());
  // What the file holds is there once; read anew for each call or iteration it is made.
  if (scopes.depth() > 1) spendBytes(decoded->bytes.size());
  if (tensor.external_data_size() > 0) spendExternal(tensor, decoded->bytes.size());
  return graph.addConstant(name, decoded->type, decoded->bytes);
}

void ImportState::addInitialisers(const ::onnx::GraphProto& from) {
  for (const auto& initialiser : from.initializer())
    if (!scopes.add(initialiser.name(), addTensor(initialiser, initialiser.name())))
      throw ImportError("the model is broken here: '" + initialiser.name() +
                        "' has two values (initialisers)");
}

bool ImportState::canEvaluate(const ir::Node& node, std::span<const TensorType> types) const {
  if (!node.op->facts().readsElements) return !dataSizes.concerns(node);
  int64_t in = 0, out = 0;
  for (ir::ValueId id : node.inputs) {
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
  auto results = sizes::evaluate(graph, op, inputs, budget);
  if (!results) refuse(results.error());
  std::vector<ir::ValueId> ids;
  for (int i = 0; i < outputs; ++i)
    ids.push_back(graph.addValue({.name = freshName(nodeName),
                                  .type = (*results)[static_cast<size_t>(i)].type,
                                  .constant = (*results)[static_cast<size_t>(i)].constant}));
  return ids;
}

void ImportState::noteName(const std::string& name, ir::ValueId value) {
  if (!prefix.empty() && options.bounds.contains(prefix + name))
    return noteBound(prefix + name, value);  // of one iteration, of one call
  noteBound(name, value);
}

std::string ImportState::nameForBound(ir::ValueId value) const {
  const std::string name = graph.values[static_cast<size_t>(value)].name.str();
  return name.starts_with(prefix) ? name.substr(prefix.size()) : name;
}

void ImportState::noteBound(const std::string& name, ir::ValueId value) {
  const auto found = options.bounds.find(name);
  if (found == options.bounds.end()) return;
  if (found->second < 0) throw ImportError(text("the bound of '", name, "' is negative"));
  bounded.insert(name);
  bounds.limit(value, found->second);
}

std::vector<ir::ValueId> ImportState::compute(ir::Node node, int outputs) {
  node.outputs = evaluate(*node.op, node.inputs, outputs);
  std::vector<ir::ValueId> ids = node.outputs;
  sizes.note(std::move(node), graph, SizeTrace::Moment::Conversion);
  return ids;
}

ir::ValueId ImportState::addInts(const char* name, const std::vector<int64_t>& row) {
  return addConstant(freshName(name), {DataType::Int64, {std::ssize(row)}},
                     std::as_bytes(std::span(row)));
}

ir::ValueId ImportState::addZeros(const Shape& shape) {
  const std::vector<int64_t> zeros(static_cast<size_t>(shape.elements()), 0);
  return addConstant(freshName("zeros"), {DataType::Int64, shape}, std::as_bytes(std::span(zeros)));
}

namespace {
ops::InRun::Numbers numbersOf(const ir::Value& value) {
  if (value.type.type != DataType::Float32)
    return wholeNumbers(value).value_or(std::vector<int64_t>());
  const auto elements = value.elements<float>();
  return std::vector<float>(elements.begin(), elements.end());
}
}  // namespace

/// The operator has the most that the attributes can be.
void ImportState::setInRun(ir::Node& node, const std::vector<InRun>& attributes) {
  auto wrapper = std::make_unique<ops::InRun>();
  wrapper->op = std::move(node.op);
  for (const auto& [attribute, value, least] : attributes) {
    wrapper->parameters.push_back({attribute, numbersOf(graph.values[static_cast<size_t>(least)])});
    node.inputs.push_back(value);
    if (sizes.follows(least)) node.settings.push_back({"least:" + attribute, least});
  }
  node.op = std::move(wrapper);
}

std::vector<ir::ValueId> ImportState::emit(std::unique_ptr<ops::Operator> op,
                                           std::vector<ir::ValueId> inputs, int outputs,
                                           bool mayEvaluate) {
  while (!inputs.empty() && inputs.back() == ir::kNoValue) inputs.pop_back();
  std::vector<ir::Setting> follow;
  if (const auto found = settings.extract(op.get())) follow = std::move(found.mapped());
  const auto attributes = inRun.extract(op.get());
  ir::Node node{nodeName, std::move(op), std::move(inputs), {}, nodeOp, std::move(follow)};
  if (attributes) setInRun(node, attributes.mapped());
  auto types = dataSizes.outputTypes(node, graph.inputTypes(node));
  if (!types && dataSizes.concerns(node))
    throw ImportError(text(types.error().message,
                           ", and the size depends on data; a known size is "
                           "wanted here"));
  if (!types) refuse(types.error());
  if (types->size() < static_cast<size_t>(outputs))
    throw ImportError(text("has ", outputs, " outputs, at most ", types->size(), " are possible"));
  if (mayEvaluate && canEvaluate(node, *types)) return compute(std::move(node), outputs);
  return leaveToRun(std::move(node), std::span(*types).first(static_cast<size_t>(outputs)));
}

/// Adds a node to the graph; what can only be one constant is returned as that.
std::vector<ir::ValueId> ImportState::leaveToRun(ir::Node node, std::span<const TensorType> types) {
  for (const TensorType& type : types)
    node.outputs.push_back(graph.addValue({freshName(nodeName), type}));
  const bool fromData = dataSizes.concerns(node);
  if (fromData)
    if (auto ok = dataSizes.enter(node, graph.inputTypes(node)); !ok) refuse(ok.error());
  sizes.note({node.name, node.op->clone(), node.inputs, node.outputs, node.source, node.settings},
             graph, fromData ? SizeTrace::Moment::Run : SizeTrace::Moment::Session);
  bounds.note(node);
  std::vector<ir::ValueId> ids = node.outputs;
  graph.nodes.push_back(std::move(node));
  for (ir::ValueId& id : ids) id = bounds.known(id);
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
      names.push_back(graph.values[static_cast<size_t>(in)].name.str());
  return names;
}

// Walking the model -------------------------------------------------------------------------------

namespace {

/// The model's own parts around the nodes: what it says of itself, its inputs and outputs.
class ModelImport {
 public:
  ModelImport(const ::onnx::ModelProto& model, ImportState& state) : model_(model), state_(state) {}

  void run() {
    const ::onnx::GraphProto& graph = model_.graph();
    refuseUnknown(unknownFields(model_));
    refuseUnknown(unknownFields(graph));
    readVersions();
    state_.graph.name = graph.name();
    state_.graph.producer = model_.producer_name();
    if (!model_.producer_version().empty())
      state_.graph.producer += " " + model_.producer_version();
    state_.addInitialisers(graph);
    if (graph.sparse_initializer_size() > 0)
      throw UnsupportedModel("sparse initialisers are not supported");
    declareInputs(graph, state_);
    Walk(model_, state_).nodes(graph.node());
    checkBounds(graph);
    if (state_.report.unsupported.empty()) bindOutputs(graph);
  }

 private:
  void readVersions() {
    for (const auto& opset : model_.opset_import()) {
      const std::string domain = isDefaultDomain(opset.domain()) ? "" : opset.domain();
      const auto version = static_cast<int>(opset.version());
      if (state_.opsets.emplace(domain, version).first->second != version)
        throw ImportError("the model is broken: it names two versions of the operator set '" +
                          opset.domain() + "'");
    }
    if (!state_.opsets.contains("")) state_.opsets[""] = 1;
    const int opset = state_.report.opset = state_.opsets[""];
    if (opset > kNewestOpset)
      throw UnsupportedModel(text("the model is of ONNX opset ", opset, ", and ", kNewestOpset,
                                  " is the newest that this version of Minnow knows: its operators "
                                  "may follow other rules. Export it for opset ",
                                  kNewestOpset, " or older, or convert it with onnx's ",
                                  "version_converter.convert_version(model, ", kNewestOpset, ")"));
    if (opset < kOldestOpset)
      state_.report.warnings.push_back(text("opset ", opset, " is older than ", kOldestOpset,
                                            "; its operators are taken by the rules of opset ",
                                            kOldestOpset));
    if (model_.ir_version() > kNewestIr)
      state_.report.warnings.push_back(text("version ", model_.ir_version(),
                                            " of the ONNX format is newer than the newest known, ",
                                            kNewestIr));
  }

  /// A tensor behind a node that is refused has a name too.
  void checkBounds(const ::onnx::GraphProto& graph) const {
    const auto named = [&](const std::string& name) {
      return state_.bounded.contains(name) ||
             std::ranges::any_of(graph.node(), [&](const auto& node) {
               return std::ranges::find(node.output(), name) != node.output().end();
             });
    };
    for (const auto& [name, most] : state_.options.bounds)
      if (!named(name))
        throw ModelError(ErrorCode::NotFound,
                         text("the model has no tensor '", name, "' to give a bound of ", most));
  }

  void bindOutputs(const ::onnx::GraphProto& graph) {
    for (const auto& output : graph.output()) {
      const ir::ValueId value = state_.scopes.find(output.name());
      if (value == kNotComputed)
        throw UnsupportedModel("the graph's output " + notComputed(graph.node(), output.name()));
      if (value < 0)
        throw ImportError("the graph's output '" + output.name() +
                          "' is neither an input nor written by any of its nodes");
      state_.graph.outputs.push_back(asDeclared(value, output));
      state_.graph.outputNames.push_back(output.name());
    }
    if (state_.graph.outputs.empty()) throw ImportError("the graph has no outputs");
  }

  /// What is computed in place of float16.
  ir::ValueId asDeclared(ir::ValueId value, const ::onnx::ValueInfoProto& output) {
    const DataType type = state_.graph.values[static_cast<size_t>(value)].type.type;
    if (output.type().tensor_type().elem_type() != ::onnx::TensorProto::FLOAT16 ||
        type != DataType::Float32)
      return value;
    state_.nodeName = output.name(), state_.nodeOp = "Cast";
    return state_.cast(value, DataType::Float16);
  }

  const ::onnx::ModelProto& model_;
  ImportState& state_;
};

}  // namespace

Result<ir::Graph> importModel(std::span<const std::byte> model, const std::filesystem::path& folder,
                              const ConvertOptions& options, ConvertReport& report,
                              sizes::Budget& budget) {
  // Where an allocation fails, the messages read so far go with the arena.
  google::protobuf::Arena arena;
  auto& proto = *google::protobuf::Arena::CreateMessage<::onnx::ModelProto>(&arena);
  if (model.empty()) return fail(ErrorCode::BadModel, "the ONNX file is empty");
  if (const std::string other = otherFormat(model); !other.empty())
    return fail(ErrorCode::BadModel, other);
  if (model.size() > INT32_MAX ||
      !proto.ParseFromArray(model.data(), static_cast<int>(model.size())))
    return fail(ErrorCode::BadModel, "the file is no ONNX model, or it is truncated or damaged");
  if (!proto.has_graph() || (proto.graph().node_size() == 0 && proto.graph().output_size() == 0))
    return fail(ErrorCode::BadModel,
                "the file holds no ONNX graph: it is of another kind, or damaged");
  ImportState state(options, report, folder, budget);
  return state.finish([&] { ModelImport(proto, state).run(); }, "node", proto.graph().node_size());
}

}  // namespace minnow::converter
