// What integers stand for, through all passes: of each tensor of bytes it is known, and is what the numbers say that the
// graph computed before.
#include "passes/note_quantisation.h"

#include "ops/concat.h"
#include "ops/quantize.h"
#include "ops/quantized.h"
#include "ops/transpose.h"
#include "passes/pass_list.h"
#include "passes/random_graph.h"

namespace minnow::passes {
namespace {

using ir::ValueId;

class Quantised {
 public:
  GraphBuilder b{1};

  ValueId zero(int value) { return bytes({DataType::Uint8, {}}, {static_cast<std::byte>(value)}); }
  ValueId bytes(const TensorType& type, const std::vector<std::byte>& elements) {
    return b.graph.addValue({.name = "c", .type = type, .constant = ir::makeConstant(elements)});
  }
  ValueId quantise(ValueId x, float scale, int at) {
    return b.add(ops::QuantizeLinear(), {x, b.scalar(scale), zero(at)});
  }
  ValueId real(ValueId x, float scale, int at) {
    return b.add(ops::DequantizeLinear(), {x, b.scalar(scale), zero(at)});
  }
  ValueId both(ValueId x, float scale, int at) { return real(quantise(x, scale, at), scale, at); }
  /// int8 with a scale for each output channel, or uint8 with one zero point, where that is not 0.
  ValueId weights(const Shape& shape, int at = 0) {
    std::vector<std::byte> elements(static_cast<size_t>(shape.elements()));
    for (std::byte& one : elements) one = static_cast<std::byte>(b.generator()());
    if (at != 0) elements[0] = std::byte{0};  // less `at` it is no int8
    if (at != 0) return real(bytes({DataType::Uint8, shape}, elements), 0.5F, at);
    std::vector<float> scales;
    for (int64_t c = 0; c < shape[0]; ++c) scales.push_back(static_cast<float>(c + 1) / 256);
    ops::DequantizeLinear op;
    op.spread.axis = 0;
    return b.add(op, {bytes({DataType::Int8, shape}, elements),
                      b.graph.addFloats("s", Shape{shape[0]}, scales)});
  }
  ir::Graph converted(ValueId output) {
    b.output(output);
    EXPECT_TRUE(runPasses(b.graph, {}));
    return std::move(b.graph);
  }
};

bool isByte(const ir::Value& value) {
  return value.type.type == DataType::Uint8 || value.type.type == DataType::Int8;
}

/// "0.500000:3 0.250000:128" of what nodes give as bytes, in order.
std::string known(const ir::Graph& graph) {
  std::string all;
  for (const ir::Node& node : graph.nodes)
    for (const ValueId id : node.outputs) {
      if (!isByte(graph.values[static_cast<size_t>(id)])) continue;
      const Quantisation by = graph.quantisationOf(id);
      all += all.empty() ? "" : " ";
      all += by ? text(by.scales[0], ":", by.zeroPoints[0]) : "unknown";
    }
  return all;
}

TEST(NoteQuantisation, ConvolutionsAndTheirWeights) {
  Quantised q;
  const ValueId x = q.both(q.b.input({1, 4, 6, 6}), 0.5F, 3);
  const ValueId y = q.both(q.b.add(convOf(3, 1, 1), {x, q.weights({5, 4, 3, 3})}), 2, 7);
  const ValueId z = q.both(q.b.add(convOf(1, 1, 0), {y, q.weights({3, 5, 1, 1}, 130)}), 4, 9);
  const ir::Graph graph = q.converted(z);
  EXPECT_EQ(known(graph), "0.500000:3 2.000000:7 4.000000:9");
  std::vector<Quantisation> weights;
  for (const ir::Node& node : graph.nodes)
    if (node.as<ops::QuantizedConv>()) weights.push_back(graph.quantisationOf(node.inputs[1]));
  ASSERT_EQ(weights.size(), 2U);
  EXPECT_EQ(weights[0].scales.size(), 5U);
  EXPECT_EQ(weights[0].scales[4], 5 / 256.0F);
  EXPECT_EQ(weights[0].axis, 0);
  EXPECT_EQ(weights[1].scales.size(), 1U);  // stored 128 less, as is the zero point
  EXPECT_EQ(weights[1].scales[0], 0.5F);
  EXPECT_EQ(weights[1].zeroPoints[0], 2);
}

TEST(NoteQuantisation, WhatPassesMove) {
  Quantised q;  // rounded before it is moved, and moved again as bytes
  ops::Transpose turn;
  turn.perm = {0, 2, 3, 1};
  const ValueId x = q.b.add(turn, {q.b.input({1, 4, 6, 6})});
  const ValueId y = q.b.add(turn, {q.both(x, 0.5F, 3)});
  EXPECT_EQ(known(q.converted(q.both(y, 0.5F, 3))).find("unknown"), std::string::npos);
  Quantised cat;  // one part is stored anew by a table
  ops::Concat join;
  join.axis = 1;
  const ValueId a = cat.both(cat.b.input({1, 4, 3, 3}), 0.5F, 3);
  const ValueId b = cat.both(cat.b.input({1, 4, 3, 3}), 0.25F, 9);
  EXPECT_EQ(known(cat.converted(cat.both(cat.b.add(join, {a, b}), 0.5F, 3))),
            "0.500000:3 0.250000:9 0.500000:3 0.500000:3");
}

TEST(NoteQuantisation, NothingOfBytesOfDifferentScalesThatAreJoined) {
  Quantised q;
  ops::Concat join;
  join.axis = 1;
  const ValueId a = q.quantise(q.b.input({1, 4, 3, 3}), 0.5F, 3);
  const ValueId b = q.quantise(q.b.input({1, 4, 3, 3}), 0.25F, 3);
  EXPECT_EQ(known(q.converted(q.b.add(join, {a, b}))), "0.500000:3 0.250000:3 unknown");
}

TEST(NoteQuantisation, NothingOfBytesThatAreReadInTwoWays) {
  for (const float other : {0.5F, 0.25F}) {
    Quantised q;
    const ValueId x = q.b.graph.addValue({"x", {DataType::Uint8, {1, 4, 3, 3}}});
    q.b.graph.inputs.push_back(x);
    q.b.output(q.real(x, 0.5F, 3));
    const ir::Graph graph = q.converted(q.real(x, other, 3));
    EXPECT_EQ(static_cast<bool>(graph.quantisationOf(graph.inputs[0])), other == 0.5F);
  }
}

TEST(NoteQuantisation, BytesThatComeIn) {
  Quantised q;
  const ValueId picture = q.b.graph.addValue({"picture", {DataType::Uint8, {1, 6, 6, 4}}});
  q.b.graph.inputs.push_back(picture);
  ops::Transpose turn;
  turn.perm = {0, 3, 1, 2};
  const ValueId x = q.real(q.b.add(turn, {picture}), 0.5F, 3);
  const ir::Graph graph =
      q.converted(q.both(q.b.add(convOf(1, 1, 0), {x, q.weights({3, 4, 1, 1})}), 4, 9));
  const Quantisation by = graph.quantisationOf(graph.inputs[0]);
  ASSERT_TRUE(by);
  EXPECT_EQ(by.scales[0], 0.5F);
  EXPECT_EQ(by.zeroPoints[0], 3);
}

TEST(NoteQuantisation, NothingElse) {
  GraphBuilder b;  // bytes that stand for themselves
  const ValueId picture = b.graph.addValue({"picture", {DataType::Uint8, {1, 4}}});
  b.graph.inputs.push_back(picture);
  ops::Transpose turn;
  turn.perm = {1, 0};
  b.output(b.add(turn, {picture}));
  EXPECT_TRUE(runPasses(b.graph, {}));
  EXPECT_EQ(known(b.graph), "unknown");
}

}  // namespace
}  // namespace minnow::passes
