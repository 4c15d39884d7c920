// Scales are notes of values here, and attributes or inputs of operators everywhere else.
#include "passes/note_quantisation.h"

#include <algorithm>
#include <ranges>

#include "ops/integer_product.h"
#include "ops/quantize.h"
#include "passes/match.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;

/// Of 8 and 16 bits: those of 32 are sums and biases, whose scales are products of others.
bool isNarrow(DataType type) {
  return type == DataType::Uint8 || type == DataType::Int8 || type == DataType::Uint16 ||
         type == DataType::Int16;
}

class Notes {
 public:
  explicit Notes(ir::Graph& graph) : graph_(graph), producers_(graph.producers()) {
    for (const ir::Value& value : graph.values) isSettled_.push_back(value.quantisation != 0);
  }

  void of(const ir::Node& node) {
    if (const auto* op = node.as<ops::QuantizeLinear>())
      note(node.outputs[0], By::Maker, node.inputs[1], inputAt(node, 2), op->spread);
    if (const auto* op = node.as<ops::DequantizeLinear>())
      note(node.inputs[0], By::Reader, node.inputs[1], inputAt(node, 2), op->spread);
    if (node.as<ops::Requantize>()) {
      note(node.outputs[0], By::Maker, node.inputs[3], inputAt(node, 4), {});
      const int n = producers_[static_cast<size_t>(node.inputs[0])];
      const ir::Node* product = n < 0 ? nullptr : &graph_.nodes[static_cast<size_t>(n)];
      if (product && (product->as<ops::ConvInteger>() || product->as<ops::MatMulInteger>()))
        note(product->inputs[0], By::Reader, node.inputs[1], inputAt(*product, 2), {});
    }
  }

 private:
  const ir::Value& value(ValueId id) const { return graph_.values[static_cast<size_t>(id)]; }

  /// What makes a value knows what it stands for, and comes before its readers. These know it where they
  /// agree: of two scales neither is the value's.
  enum class By { Maker, Reader };

  void note(ValueId id, By by, ValueId scale, ValueId zero, const ops::ScaleSpread& spread) {
    if (id == kNoValue || isSettled_[static_cast<size_t>(id)] || !isNarrow(value(id).type.type))
      return;
    const auto scales = scalesOf(scale);
    const auto zeros = zerosOf(zero);
    const int rank = value(id).type.shape.rank();
    const auto axis = static_cast<int>(spread.axis < 0 ? spread.axis + rank : spread.axis);
    const bool isWhole = scales.size() == 1;
    if (scales.empty() || (zeros.size() != 1 && zeros.size() != scales.size()) ||
        (!isWhole && (spread.blockSize != 0 || axis < 0 || axis >= rank ||
                      value(scale).type.shape.rank() != 1)))
      return;
    uint16_t& noted = graph_.values[static_cast<size_t>(id)].quantisation;
    const uint16_t before = noted;
    graph_.quantise(id, {scales, zeros, isWhole ? -1 : axis});
    const bool differs = before != 0 && noted != before;
    if (differs) noted = 0;
    isSettled_[static_cast<size_t>(id)] = by == By::Maker || differs;
  }

  std::vector<float> scalesOf(ValueId id) const {
    if (!value(id).isFixed() || !value(id).isPlain() || value(id).type.type != DataType::Float32)
      return {};
    const auto all = value(id).elements<float>();
    return {all.begin(), all.end()};
  }

  /// One where all are the same.
  std::vector<int32_t> zerosOf(ValueId id) const {
    if (id == kNoValue) return {0};
    if (!value(id).isFixed() || !value(id).isPlain()) return {};
    std::vector<int32_t> zeros;
    const auto read = [&](auto elements) { zeros.assign(elements.begin(), elements.end()); };
    switch (value(id).type.type) {
      case DataType::Uint8:
        read(value(id).elements<uint8_t>());
        break;
      case DataType::Int8:
        read(value(id).elements<int8_t>());
        break;
      case DataType::Uint16:
        read(value(id).elements<uint16_t>());
        break;
      case DataType::Int16:
        read(value(id).elements<int16_t>());
        break;
      default:
        break;
    }
    const bool isOne = !zeros.empty() && std::ranges::count(zeros, zeros[0]) == std::ssize(zeros);
    return isOne ? std::vector{zeros[0]} : zeros;
  }

  ir::Graph& graph_;
  std::vector<int> producers_;
  std::vector<char> isSettled_;  ///< by value
};

/// Between the inputs of a node that its output's elements are of, and the output.
template <class Spread>
void alongMoves(const ir::Node& node, Spread&& spread) {
  if (node.outputs.empty() || node.outputs[0] == kNoValue) return;
  for (size_t i = 0; i < node.inputs.size(); ++i)
    if (node.inputs[i] != kNoValue && node.op->choosesElements(static_cast<int>(i)))
      spread(node.inputs[i], node.outputs[0]);
}

/// False if elements of different meanings are joined, which then have none in common.
bool agree(const ir::Graph& graph, const ir::Node& node) {
  uint16_t common = 0;
  bool all = true;
  alongMoves(node, [&](ValueId in, ValueId) {
    const uint16_t one = graph.values[static_cast<size_t>(in)].quantisation;
    all = all && (one == 0 || common == 0 || one == common);
    common = one == 0 ? common : one;
  });
  return all;
}

/// One scale stays one wherever elements go.
void copyNote(ir::Graph& graph, ValueId from, ValueId to) {
  const ir::Value& known = graph.values[static_cast<size_t>(from)];
  ir::Value& other = graph.values[static_cast<size_t>(to)];
  if (other.quantisation == 0 && known.quantisation != 0 && known.type.type == other.type.type &&
      graph.quantisationOf(from).axis < 0)
    other.quantisation = known.quantisation;
}

}  // namespace

void noteQuantisation(ir::Graph& graph) {
  Notes notes(graph);
  for (const ir::Node& node : graph.nodes) notes.of(node);
}

void spreadQuantisation(ir::Graph& graph) {
  for (const ir::Node& node : graph.nodes)
    if (agree(graph, node))
      alongMoves(node, [&](ValueId in, ValueId out) { copyNote(graph, in, out); });
  for (const ir::Node& node : std::views::reverse(graph.nodes))
    alongMoves(node, [&](ValueId in, ValueId out) { copyNote(graph, out, in); });
}

}  // namespace minnow::passes
