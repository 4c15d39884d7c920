// From the end of a graph to its beginning: whoever reads a step's results says what guards it.
#include "program/guards.h"

#include <algorithm>

namespace minnow::program {
namespace {

using ir::kNoValue;
using ir::ValueId;

constexpr int32_t kFree = -1, kUnread = -2;

class Search {
 public:
  Search(const ir::Graph& graph, std::span<const int> chainOf, const planning::Order& order)
      : graph_(graph),
        chainOf_(chainOf),
        order_(order),
        producers_(graph.producers()),
        ofValue_(graph.values.size(), kUnread) {}

  Guards run() {
    guards_.ofStep.assign(graph_.nodes.size(), kFree);
    for (const ValueId id : graph_.outputs) join(ofValue_[id], kFree);
    for (size_t n = graph_.nodes.size(); n-- > 0;) visit(n);
    return std::move(guards_);
  }

 private:
  void visit(size_t n) {
    const ir::Node& node = graph_.nodes[n];
    int32_t guard = chainOf_[n] < 0 ? kUnread : kFree;
    for (const ValueId id : node.outputs)
      if (id != kNoValue) join(guard, ofValue_[id]);
    guard = knownBefore(n, std::max(guard, kFree));
    guards_.ofStep[n] = guard;
    for (size_t i = 0; i < node.inputs.size(); ++i) {
      const bool isBranch = node.op->facts().choosesOne && i > 0;
      if (node.inputs[i] != kNoValue)
        join(ofValue_[node.inputs[i]], isBranch ? within(guard, node.inputs[0], i == 1) : guard);
    }
  }

  /// What guards all readers. A guard comes after its outer one.
  void join(int32_t& guard, int32_t other) const {
    if (guard == kUnread || other == kUnread) {
      guard = std::max(guard, other);
      return;
    }
    while (guard != other) {
      int32_t& inner = guard > other ? guard : other;
      inner = guards_.all[inner].outer;
    }
  }

  /// The innermost guard whose condition has been computed when the step runs.
  int32_t knownBefore(size_t n, int32_t guard) const {
    const auto isKnown = [&](ValueId condition) {
      const int producer = producers_[condition];
      return producer < 0 || order_.isBefore(producer, static_cast<int>(n));
    };
    while (guard != kFree && !isKnown(guards_.all[guard].condition))
      guard = guards_.all[guard].outer;
    return guard;
  }

  int32_t within(int32_t outer, ValueId condition, bool wanted) {
    const auto found = std::ranges::find_if(guards_.all, [&](const Guard& one) {
      return one.condition == condition && one.wanted == wanted && one.outer == outer;
    });
    const auto index = static_cast<int32_t>(found - guards_.all.begin());
    if (found == guards_.all.end()) guards_.all.push_back({condition, wanted, outer});
    return index;
  }

  const ir::Graph& graph_;
  std::span<const int> chainOf_;
  const planning::Order& order_;
  std::vector<int> producers_;    // by value
  std::vector<int32_t> ofValue_;  // what its readers so far have in common
  Guards guards_;
};

}  // namespace

Guards findGuards(const ir::Graph& graph, std::span<const int> chainOf,
                  const planning::Order& order) {
  const auto chooses = [](const ir::Node& node) { return node.op->facts().choosesOne; };
  if (std::ranges::none_of(graph.nodes, chooses)) return {};
  return Search(graph, chainOf, order).run();
}

}  // namespace minnow::program
