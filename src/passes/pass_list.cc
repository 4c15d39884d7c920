// The list of passes.
#include "passes/pass_list.h"

#include <algorithm>
#include <set>

#include "base/fail.h"
#include "passes/note_quantisation.h"

namespace minnow::passes {

#define MINNOW_PASS(function, name, summary) Result<int> function(ir::Graph&, sizes::Budget&);
#include "passes/pass_list.inc"
#undef MINNOW_PASS

std::span<const Pass> allPasses() {
  static constexpr Pass kPasses[] = {
#define MINNOW_PASS(function, name, summary) {name, summary, function},
#include "passes/pass_list.inc"
#undef MINNOW_PASS
  };
  return kPasses;
}

size_t weightBytes(const ir::Graph& graph) {
  std::set<const std::byte*> seen;
  size_t bytes = 0;
  for (const ir::Value& value : graph.values)
    if (value.isConstant() && seen.insert(value.constant->bytes.data()).second)
      bytes += value.constant->bytes.size();
  return bytes;
}

namespace {

Result<void> checkNames(std::span<const std::string> disabled) {
  for (const std::string& name : disabled) {
    if (std::ranges::any_of(allPasses(), [&](const Pass& pass) { return name == pass.name; }))
      continue;
    std::string known;
    for (const Pass& pass : allPasses()) known += text(known.empty() ? "" : ", ", pass.name);
    return fail(ErrorCode::NotFound, "no pass is called '", name, "'; there are ", known);
  }
  return {};
}

Result<PassReport> runPass(ir::Graph& graph, const Pass& pass, sizes::Budget& budget) {
  PassReport report{pass.name, 0, static_cast<int>(graph.nodes.size()), 0, weightBytes(graph), 0};
  const auto changes = pass.run(graph, budget);
  if (!changes)
    return fail(changes.error().code, "pass ", pass.name, ": ", changes.error().message);
  graph.removeDead();
  if (auto ok = graph.verify(); !ok)
    return fail(ErrorCode::Internal, "pass ", pass.name, " broke the graph: ", ok.error().message,
                "; convert without it (--disable ", pass.name, ") and report this");
  report.changes = *changes;
  report.operatorsAfter = static_cast<int>(graph.nodes.size());
  report.weightBytesAfter = weightBytes(graph);
  return report;
}

}  // namespace

Result<void> runPasses(ir::Graph& graph, std::span<const std::string> disabled,
                       std::vector<PassReport>* report, sizes::Budget budget) {
  if (auto ok = checkNames(disabled); !ok) return ok;
  graph.chains.clear();
  noteQuantisation(graph);
  for (const Pass& pass : allPasses()) {
    if (std::ranges::find(disabled, pass.name) != disabled.end()) continue;
    auto done = runPass(graph, pass, budget);
    if (!done) return passOn(done);
    if (report) report->push_back(std::move(*done));
  }
  spreadQuantisation(graph);
  return {};
}

}  // namespace minnow::passes
