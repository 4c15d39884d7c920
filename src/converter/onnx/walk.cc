// One node after another.
#include "converter/onnx/walk.h"

#include <algorithm>
#include <set>

#include "base/fail.h"
#include "converter/onnx/import.h"
#include "converter/onnx/newer_fields.h"
#include "converter/onnx/versions.h"

namespace minnow::converter {
namespace {

constexpr int kDeepestNesting = 32;

void checkFields(const ::onnx::NodeProto& node) {
  refuseUnknown(unknownFields(node));
  std::set<std::string> names;
  for (const auto& attribute : node.attribute()) {
    refuseUnknown(unknownFields(attribute));
    if (!names.insert(attribute.name()).second)
      throw ImportError("the model is broken here: attribute '" + attribute.name() +
                        "' is given twice");
  }
}

std::string nameOf(const ::onnx::NodeProto& node) {
  return node.name().empty() && node.output_size() > 0 ? node.output(0) : node.name();
}

std::string noSuchOperator(const ::onnx::NodeProto& node) {
  const std::string overload = overloadOf(node);
  std::string words = "operator " + (isDefaultDomain(node.domain()) ? "" : node.domain() + ".") +
                      node.op_type() + (overload.empty() ? "" : ", overload '" + overload + "',") +
                      " is not supported";
  if (node.domain() == "com.microsoft")
    words += "; it is ONNX Runtime's own: convert the model from before ONNX Runtime optimised it";
  return words;
}

/// One name for ONNX's own domain, which has two.
template <class Message>
std::string domainOf(const Message& message) {
  return isDefaultDomain(message.domain()) ? "" : message.domain();
}

}  // namespace

const Walk::Function* Walk::findFunction(const ::onnx::NodeProto& node) const {
  const auto found = functions_.find({domainOf(node), node.op_type(), overloadOf(node)});
  return found == functions_.end() ? nullptr : &found->second;
}

void refuseUnknown(const std::string& complaint) {
  if (!complaint.empty()) throw UnsupportedModel(complaint);
}

std::string notComputed(const Walk::Nodes& nodes, const std::string& tensor) {
  for (const auto& node : nodes)
    for (int i = 0; i < node.output_size(); ++i)
      if (node.output(i) == tensor)
        return text("'", tensor, "' is output ", i, " of node ", nameOf(node), " (", node.op_type(),
                    "), which is not supported");
  return "'" + tensor + "' is not supported";
}

Walk::Walk(const ::onnx::ModelProto& model, ImportState& state) : state_(state) {
  for (const auto& function : model.functions()) {
    refuseUnknown(unknownFields(function));
    Function entry{&function, defaultsOf(function)};
    for (const auto& attribute : entry.defaults) refuseUnknown(unknownFields(attribute));
    const FunctionKey key{domainOf(function), function.name(), overloadOf(function)};
    if (!functions_.emplace(key, std::move(entry)).second)
      throw ImportError("the model is broken: it has two functions " + function.domain() + "." +
                        function.name() + " of one overload");
  }
}

void Walk::nodes(const Nodes& nodes) {
  const Nodes* outside = around_;
  int done = 0;
  for (const auto& proto : nodes) {
    around_ = &nodes;
    if (depth_ == 0 && state_.options.progress)
      state_.options.progress(static_cast<double>(done++) / nodes.size(), "importing");
    node(proto);
  }
  around_ = outside;
}

void Walk::node(const ::onnx::NodeProto& node) {
  const std::string name = state_.prefix + nameOf(node);
  state_.nodeName = name;
  state_.nodeOp = node.op_type();
  state_.settings.clear();
  state_.spendNode();
  try {
    if (depth_ > kDeepestNesting)
      throw ImportError(
          text("functions, branches and loops are nested deeper than ", kDeepestNesting));
    checkFields(node);
    expand(node);
  } catch (const NeedsValue& error) {
    report(node, name, error.what(), error.graphInputs);
  } catch (const ImportError& error) {
    report(node, name, error.what(), {});
  }
}

void Walk::expand(const ::onnx::NodeProto& node) {
  const Function* function = findFunction(node);
  const bool ours = isDefaultDomain(node.domain());
  const ImportFn import = ours                               ? findImport(node.op_type())
                          : node.domain() == "com.microsoft" ? findMicrosoftImport(node.op_type())
                                                             : nullptr;
  const Expand expansion = ours ? findExpansion(node.op_type()) : nullptr;
  if (!function && !import && !expansion) throw ImportError(noSuchOperator(node));
  if (!function && ours) checkVersion(node);
  if (dependsOnFailed(node)) return markFailed(node);
  if (function) return expandCall(node, *function);
  NodeContext context(state_, node);
  if (expansion) return (this->*expansion)(node, context);
  import(context);
  markNotComputed(node);
}

/// An operator that the model's opset (or its function's) defines anew is not tried by its older
/// rules.
void Walk::checkVersion(const ::onnx::NodeProto& node) const {
  const std::string& op = node.op_type();
  const int opset = state_.opsets.at(""), version = versionOf(op, opset);
  if (opset > kNewestOpset)
    throw ImportError(text("operator ", op, " of opset ", opset, " may follow rules that this ",
                           "version of Minnow, which knows opsets up to ", kNewestOpset,
                           ", does not know"));
  if (version > newestKnown(op))
    throw ImportError(text("operator ", op, " follows other rules from opset ", version,
                           " on, which this version of Minnow does not know; export the model for "
                           "opset ",
                           version - 1, " or older"));
}

bool Walk::dependsOnFailed(const ::onnx::NodeProto& node) const {
  bool failed = false;
  for (const auto& input : node.input()) {
    if (input.empty()) continue;
    const ir::ValueId value = state_.scopes.find(input);
    if (value == kUnknown)
      throw ImportError("the model is broken here: input '" + input +
                        "' is written by no earlier node");
    if (value == kNotComputed) throw ImportError("its input " + notComputed(*around_, input));
    failed |= value == kFailed;
  }
  return failed;
}

void Walk::markFailed(const ::onnx::NodeProto& node) {
  for (const auto& output : node.output()) state_.scopes.set(output, kFailed);
}

/// Outputs that the import function has not set. Exporters name some that nobody reads; whoever
/// reads one is told.
void Walk::markNotComputed(const ::onnx::NodeProto& node) {
  for (const auto& output : node.output())
    if (!output.empty()) state_.scopes.add(output, kNotComputed);
}

void Walk::report(const ::onnx::NodeProto& node, const std::string& name, const std::string& reason,
                  const std::vector<std::string>& sources) {
  std::string advice = reason;
  std::vector<std::string> fixable;
  for (const std::string& input : sources)
    if (isParameter(input)) fixable.push_back(input);
  if (!fixable.empty()) advice += "; give it at conversion:";
  for (const std::string& input : fixable) advice += " --value " + input + "=…";
  if (fixable.empty() && !sources.empty())
    advice += "; it is computed from the data of input '" + sources[0] +
              "': export the model so that it is a constant there";
  const auto opset = state_.opsets.find(isDefaultDomain(node.domain()) ? "" : node.domain());
  state_.report.unsupported.push_back({name, node.op_type(),
                                       opset == state_.opsets.end() ? 0 : opset->second, advice,
                                       std::move(fixable)});
  markFailed(node);
}

/// An input that could be fixed at conversion: a shape, an axis, a threshold; not a picture.
bool Walk::isParameter(const std::string& input) const {
  constexpr int64_t kMostElements = 1024;
  for (const ir::ValueId id : state_.graph.inputs) {
    const ir::Value& value = state_.graph.values[static_cast<size_t>(id)];
    if (value.name == input) return value.type.shape.elements() <= kMostElements;
  }
  return false;
}

}  // namespace minnow::converter
