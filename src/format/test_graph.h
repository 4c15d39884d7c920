// A small graph with everything a file can hold, for the tests of this room.
#pragma once

#include <vector>

#include "base/aligned.h"
#include "ir/graph.h"
#include "kernels/pack.h"
#include "ops/conv.h"

namespace minnow::format {

/// Replaces a plain constant by its packed form.
inline void packWeights(ir::Value& value, const ops::Operator& op) {
  const auto matrices = op.weightMatrices(1, value.type.shape, plainStrides(value.type.shape));
  std::vector<std::byte> packed(kernels::packedBytes(Packing::F32x16, *matrices));
  kernels::pack(Packing::F32x16, value.constant->bytes.data(), *matrices, packed);
  value.constant = ir::makeConstant(packed);
  value.packing = Packing::F32x16;
}

/// image -> Conv (packed, LeakyRelu) -> Sigmoid -> scores; two convolutions share a bias's bytes.
inline ir::Graph testGraph() {
  ir::Graph graph;
  graph.name = "test";
  graph.producer = "pytorch 2.0";
  graph.sizes = ir::makeConstant(std::as_bytes(std::span("a size graph, unread")));
  graph.assumptions = {{1, 2, "Gather_2", "Gather"}};
  const TensorType image{DataType::Float32, {1, 3, 4, 4}};
  const TensorType maps{DataType::Float32, {1, 5, 4, 4}};
  graph.inputs = {graph.addValue({"image", image, ops::StorageOrder::ChannelsLast})};
  auto conv = std::make_unique<ops::Conv>();
  conv->kernel = conv->strides = conv->dilations = {1, 1};
  conv->padsBegin = conv->padsEnd = {0, 0};
  conv->epilogue = {ops::UnaryFn::LeakyRelu, -0.0f, 1.5f};
  std::vector<float> weights(15), bias(5, 0.25f);
  for (size_t i = 0; i < weights.size(); ++i) weights[i] = static_cast<float>(i) - 7;
  const ir::ValueId w = graph.addFloats("w", {5, 3, 1, 1}, weights);
  const ir::ValueId b = graph.addFloats("b", {5}, bias);
  const ir::ValueId twin = graph.addFloats("b_again", {5}, bias);
  packWeights(graph.values[w], *conv);
  const ir::ValueId y = graph.addValue({"y", maps, ops::StorageOrder::ChannelsLast});
  const ir::ValueId z = graph.addValue({"z", maps, ops::StorageOrder::ChannelsLast});
  const ir::ValueId out = graph.addValue({"scores", maps, ops::StorageOrder::Plain});
  auto sigmoid = std::make_unique<ops::Unary>();
  sigmoid->fn = ops::UnaryFn::Sigmoid;
  graph.nodes.push_back({"conv_a", conv->clone(), {0, w, b}, {y}, "Conv+LeakyRelu"});
  graph.nodes.push_back({"conv_b", std::move(conv), {0, w, twin}, {z}, "Conv+LeakyRelu"});
  graph.nodes.push_back({"act", std::move(sigmoid), {z}, {out}, "Sigmoid"});
  graph.values[twin].size = 4;
  graph.nodes.back().settings = {{"alpha", 3}, {"beta", 0}};
  graph.extents = {{"H", 2, 8, {{0, 2}, {0, 3}}}, {"", 1, kAnyExtent, {{0, 0}}}};
  graph.outputs = {y, out};
  graph.outputNames = {"maps", "scores"};
  graph.chains = {{0, static_cast<int>(graph.nodes.size()), 2}};
  return graph;
}

/// A file's bytes where a reader wants them.
struct AlignedFile {
  explicit AlignedFile(std::span<const std::byte> from)
      : block(base::alignedBytes(from.size())), bytes(block.get(), from.size()) {
    std::ranges::copy(from, bytes.begin());
  }
  std::shared_ptr<std::byte[]> block;
  std::span<std::byte> bytes;
};

}  // namespace minnow::format
