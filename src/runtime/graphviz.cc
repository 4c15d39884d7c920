// A graph as a drawing.
#include "runtime/graphviz.h"

#include "base/fail.h"

namespace minnow::runtime {
namespace {

std::string quoted(const std::string& label) {
  std::string out = "\"";
  for (const char c : label) {
    if (c == '"' || c == '\\') out += '\\';
    out += c;
  }
  return out + "\"";
}

std::string edge(const std::string& from, const std::string& to, const ir::Value& value) {
  return text("  ", from, " -> ", to, " [label=", quoted(value.type.shape.toString()), "];\n");
}

}  // namespace

std::string graphviz(const ir::Graph& graph) {
  std::string out =
      text("digraph ", quoted(graph.name), " {\n  node [shape=box, fontname=Helvetica];\n");
  std::vector<std::string> source(graph.values.size());
  for (const ir::ValueId id : graph.inputs) {
    source[id] = text("in", id);
    out += text("  in", id, " [shape=ellipse, label=", quoted(graph.values[id].name.str()), "];\n");
  }
  for (size_t n = 0; n < graph.nodes.size(); ++n) {
    const ir::Node& node = graph.nodes[n];
    const std::string self = text("n", n);
    out += text("  ", self, " [label=", quoted(text(node.op->name(), "  ", node.name)), "];\n");
    for (const ir::ValueId id : node.inputs)
      if (id != ir::kNoValue && !graph.values[id].isConstant())
        out += edge(source[id], self, graph.values[id]);
    for (const ir::ValueId id : node.outputs)
      if (id != ir::kNoValue) source[id] = self;
  }
  for (size_t i = 0; i < graph.outputs.size(); ++i) {
    const ir::ValueId id = graph.outputs[i];
    out += text("  out", i, " [shape=ellipse, label=", quoted(graph.outputNames[i]), "];\n");
    if (!source[id].empty()) out += edge(source[id], text("out", i), graph.values[id]);
  }
  return out + "}\n";
}

}  // namespace minnow::runtime
