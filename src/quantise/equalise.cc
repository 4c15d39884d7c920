// A channel's size is weighed against the size of the weights that read it, which grow as it
// shrinks. Those of a depthwise convolution have a scale of their own and may grow as they like.
#include "quantise/equalise.h"

#include <algorithm>
#include <cmath>

#include "ops/conv.h"
#include "ops/unary.h"

namespace minnow::quantise {
namespace {

using ir::ValueId;

constexpr float kMostFactor = 64;  // of a channel that is all but absent

/// Two convolutions and what is between them.
struct Pair {
  int first, second;
  ValueId between;  ///< what the second reads
  float bound = 0;  ///< the most that the activation lets through; 0 for no bound
};

class Equaliser {
 public:
  Equaliser(ir::Graph& graph, const Seen& seen)
      : graph_(graph), seen_(seen), readers_(graph.consumers()), producers_(graph.producers()) {}

  int run() {
    int changed = 0;
    for (size_t n = 0; n < graph_.nodes.size(); ++n)
      if (const auto pair = pairAt(static_cast<int>(n))) changed += equalise(*pair);
    return changed;
  }

 private:
  const ir::Node& node(int n) const { return graph_.nodes[static_cast<size_t>(n)]; }
  bool isOwn(ValueId id) const { return readers_[at(id)].size() == 1 && !graph_.isOutput(id); }
  bool isConv(int n) const {
    return n >= 0 && node(n).as<ops::Conv>() && constantLinear(graph_, node(n));
  }

  std::optional<Pair> pairAt(int second) const {
    if (!isConv(second)) return std::nullopt;
    Pair pair{-1, second, node(second).inputs[0]};
    int before = producers_[at(pair.between)];
    if (before < 0 || !isOwn(pair.between)) return std::nullopt;
    if (const auto* activation = node(before).as<ops::Unary>()) {
      const bool isClip = activation->fn == ops::UnaryFn::Clip && activation->alpha == 0;
      if (activation->fn != ops::UnaryFn::Relu && !isClip) return std::nullopt;
      if (isClip) pair.bound = activation->beta;
      const ValueId x = node(before).inputs[0];
      if (!isOwn(x)) return std::nullopt;
      before = producers_[at(x)];
    }
    if (!isConv(before) || !seen_[at(pair.between)].seen()) return std::nullopt;
    pair.first = before;
    return pair;
  }

  /// The largest weight that reads each channel; that of a depthwise convolution is 0.
  std::vector<float> readBy(const Pair& pair, size_t channels) const {
    const ir::Node& second = node(pair.second);
    std::vector<float> largest(channels);
    if (second.as<ops::Conv>()->groups != 1) return largest;
    const ir::Value& value = graph_.values[at(second.inputs[1])];
    const auto weights = value.elements<float>();
    const size_t taps = weights.size() / static_cast<size_t>(value.type.shape[0]) / channels;
    for (size_t i = 0; i < weights.size(); ++i) {
      float& most = largest[i / taps % channels];
      most = std::max(most, std::abs(weights[i]));
    }
    return largest;
  }

  /// What to divide each channel by.
  std::vector<float> divisors(const Pair& pair) const {
    const Statistics& seen = seen_[at(pair.between)];
    const auto& sizes = seen.channelMost;
    const float whole = std::ranges::max(sizes);
    const auto reads = readBy(pair, sizes.size());
    const float most = std::ranges::max(reads);
    std::vector<float> by(sizes.size(), 1);
    for (size_t c = 0; c < by.size(); ++c) {
      if (!(sizes[c] > 0)) continue;
      // Equal shares of the whole range; where weights have a scale in common, of both.
      by[c] = sizes[c] / whole;
      if (most > 0) by[c] = std::sqrt(by[c] / std::max(reads[c] / most, 1 / kMostFactor));
      by[c] = std::clamp(by[c], 1 / kMostFactor, kMostFactor);
      // What is cut off stays where it is, and what is not may not grow beyond.
      if (pair.bound > 0)
        by[c] = sizes[c] < pair.bound ? std::max(by[c], sizes[c] / pair.bound) : 1;
    }
    return by;
  }

  /// A constant of the node's own: exporters let layers share those that are equal.
  template <class Change>
  void rewrite(int n, size_t input, Change change) {
    ir::Ids& inputs = graph_.nodes[static_cast<size_t>(n)].inputs;
    if (inputs.size() <= input || inputs[input] == ir::kNoValue) return;
    const ir::Value& old = graph_.values[at(inputs[input])];
    std::vector<float> now;
    for (const float x : old.elements<float>()) now.push_back(change(now.size(), x));
    inputs[input] = graph_.addFloats(old.name + "#equal", old.type.shape, now);
  }

  bool equalise(const Pair& pair) {
    const auto by = divisors(pair);
    if (std::ranges::all_of(by, [](float x) { return x == 1; })) return false;
    const Shape first = weightShape(pair.first), second = weightShape(pair.second);
    const size_t perOutput = static_cast<size_t>(first.elements()) / by.size();
    rewrite(pair.first, 1, [&](size_t i, float w) { return w / by[i / perOutput]; });
    rewrite(pair.first, 2, [&](size_t i, float b) { return b / by[i]; });
    const auto outputs = static_cast<size_t>(second[0]), perGroup = static_cast<size_t>(second[1]);
    const size_t taps = static_cast<size_t>(second.elements()) / outputs / perGroup;
    const auto groups = static_cast<size_t>(node(pair.second).as<ops::Conv>()->groups);
    rewrite(pair.second, 1, [&](size_t i, float w) {
      const size_t group = i / taps / perGroup / (outputs / groups);
      return w * by[i / taps % perGroup + group * perGroup];
    });
    return true;
  }

  const Shape& weightShape(int n) const { return graph_.values[at(node(n).inputs[1])].type.shape; }

  ir::Graph& graph_;
  const Seen& seen_;
  std::vector<std::vector<int>> readers_;
  std::vector<int> producers_;
};

}  // namespace

int equalise(ir::Graph& graph, const Seen& seen) { return Equaliser(graph, seen).run(); }

}  // namespace minnow::quantise
