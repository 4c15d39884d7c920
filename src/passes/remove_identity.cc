// remove-identity: operators that hand their input on unchanged, and pairs that undo each other.
// What is one only for the converted shapes (a slice of the whole, a reshape to the same) stays:
// inputs can be resized.
#include <limits>

#include "ops/cast.h"
#include "ops/concat.h"
#include "ops/expand.h"
#include "ops/pad.h"
#include "ops/reshape.h"
#include "ops/slice.h"
#include "ops/split.h"
#include "ops/transpose.h"
#include "ops/unary.h"
#include "passes/pass.h"
#include "passes/rewriter.h"

namespace minnow::passes {
namespace {

using ir::ValueId;

bool all(const std::vector<int64_t>& list, int64_t number) {
  return std::ranges::all_of(list, [&](int64_t one) { return one == number; });
}

bool isCounting(const std::vector<int64_t>& list) {
  for (size_t i = 0; i < list.size(); ++i)
    if (list[i] != static_cast<int64_t>(i)) return false;
  return true;
}

/// Ends beyond every extent mean "to the end" for any input.
bool slicesNothingEver(const ops::Slice& slice) {
  constexpr int64_t kAnyEnd = std::numeric_limits<int32_t>::max();
  return all(slice.starts, 0) && all(slice.steps, 1) &&
         std::ranges::all_of(slice.ends, [](int64_t end) { return end >= kAnyEnd; });
}

/// True if the attributes alone say so, whatever the input's shape.
bool isAlwaysIdentity(const ir::Node& node) {
  if (const auto* unary = node.as<ops::Unary>()) return unary->fn == ops::UnaryFn::Identity;
  if (const auto* transpose = node.as<ops::Transpose>()) return isCounting(transpose->perm);
  if (const auto* pad = node.as<ops::Pad>()) return all(pad->padsBegin, 0) && all(pad->padsEnd, 0);
  if (const auto* slice = node.as<ops::Slice>()) return slicesNothingEver(*slice);
  if (node.as<ops::Concat>()) return node.inputs.size() == 1;
  if (const auto* tile = node.as<ops::Tile>()) return all(tile->repeats, 1);
  if (const auto* split = node.as<ops::Split>()) return split->sizes.empty() && split->parts == 1;
  if (const auto* reshape = node.as<ops::Reshape>())
    return all(reshape->shape, 0) && !reshape->allowZero;
  return node.as<ops::Cast>() != nullptr;  // to its own type: the types are compared besides
}

bool isIdentity(const Rewriter& graph, const ir::Node& node) {
  if (node.inputs.empty() || node.outputs.size() != 1 || !node.settings.empty()) return false;
  if (graph.value(node.inputs[0]).type != graph.value(node.outputs[0]).type) return false;
  return isAlwaysIdentity(node);
}

/// Transpose of a transpose: one transpose with both permutations.
bool mergeTransposes(Rewriter& graph, int n) {
  const auto* second = graph.node(n).as<ops::Transpose>();
  if (!second) return false;
  const ValueId between = graph.node(n).inputs[0];
  const auto* first = graph.producedBy<ops::Transpose>(between);
  if (!first || !graph.readOnce(between)) return false;
  auto both = std::make_unique<ops::Transpose>();
  for (const int64_t axis : second->perm) both->perm.push_back(first->perm[axis]);
  const ir::Node& inner = graph.node(graph.producer(between));
  graph.replace(n, std::move(both), {inner.inputs[0]},
                joinSources(inner.source, graph.node(n).source));
  return true;
}

}  // namespace

Result<int> removeIdentity(ir::Graph& graph, Budget&) {
  Rewriter rewriter(graph);
  int changes = 0;
  for (int n = 0; n < rewriter.nodes(); ++n) {
    if (rewriter.node(n).outputs.empty()) continue;
    changes += mergeTransposes(rewriter, n);
    if (isIdentity(rewriter, rewriter.node(n)))
      changes += rewriter.forward(n, rewriter.node(n).inputs[0]);
  }
  return changes;
}

}  // namespace minnow::passes
