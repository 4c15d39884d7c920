// remove-dead: nodes whose results no output needs.
#include "passes/pass.h"

namespace minnow::passes {

Result<int> removeDead(ir::Graph& graph, sizes::Budget&) {
  const size_t before = graph.nodes.size();
  graph.removeDead();
  return static_cast<int>(before - graph.nodes.size());
}

}  // namespace minnow::passes
