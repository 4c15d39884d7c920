// Several sessions on several threads share few arenas: every result is the one computed alone.
#include <gtest/gtest.h>

#include <cstring>
#include <thread>

#include "base/aligned.h"
#include "format/write.h"
#include "minnow/runtime.h"
#include "ops/conv.h"

namespace minnow {
namespace {

/// `depth` convolutions of 3x3 on an image of `size`, with weights that depend on `seed`.
ir::Graph convolutions(int depth, int64_t size, int seed) {
  ir::Graph graph;
  graph.name = "convolutions";
  ir::ValueId x =
      graph.addValue({"x", {DataType::Float32, {1, 4, size, size}}, ir::Layout::ChannelsLast});
  graph.inputs = {x};
  for (int i = 0; i < depth; ++i) {
    std::vector<float> weights(4 * 4 * 9);
    for (size_t w = 0; w < weights.size(); ++w)
      weights[w] = static_cast<float>((w * 7 + static_cast<size_t>(seed)) % 11) / 64 - 0.05f;
    auto conv = std::make_unique<ops::Conv>();
    conv->kernel = {3, 3};
    conv->strides = conv->dilations = conv->padsBegin = conv->padsEnd = {1, 1};
    const ir::ValueId w = graph.addFloats("w" + std::to_string(i), {4, 4, 3, 3}, weights);
    const ir::ValueId y = graph.addValue({"y" + std::to_string(i),
                                          {DataType::Float32, {1, 4, size, size}},
                                          ir::Layout::ChannelsLast});
    graph.nodes.push_back({"conv" + std::to_string(i), std::move(conv), {x, w}, {y}});
    x = y;
  }
  graph.outputs = {x};
  graph.outputNames = {"out"};
  return graph;
}

struct Model {
  std::shared_ptr<std::byte[]> memory;
  Interpreter interpreter;
};

Model load(Runtime& runtime, const ir::Graph& graph) {
  const auto bytes = format::write(graph);
  EXPECT_TRUE(bytes.has_value());
  auto memory = base::alignedBytes(bytes->size());
  std::memcpy(memory.get(), bytes->data(), bytes->size());
  auto interpreter = Interpreter::createFromBuffer(runtime, {memory.get(), bytes->size()});
  EXPECT_TRUE(interpreter.has_value());
  return {memory, std::move(*interpreter)};
}

std::vector<float> once(Session& session, float value) {
  auto frame = session.begin();
  EXPECT_TRUE(frame.has_value());
  const TensorView in = frame->input(0);
  std::fill_n(in.as<float>(), in.elements(), value);
  EXPECT_TRUE(frame->run().has_value());
  const TensorView out = frame->output(0);
  return {out.as<float>(), out.as<float>() + out.elements()};
}

TEST(Sessions, ManyThreadsFewArenas) {
  auto runtime = Runtime::create({.threads = 2, .concurrency = 2});
  std::vector<Model> models;
  std::vector<std::vector<float>> alone;
  for (int m = 0; m < 4; ++m) models.push_back(load(*runtime, convolutions(2 + m, 6 + 2 * m, m)));
  for (Model& model : models) {
    auto session = model.interpreter.createSession();
    alone.push_back(once(*session, 0.46875f));
  }
  std::vector<std::thread> threads;
  for (int t = 0; t < 4; ++t)
    threads.emplace_back([&, t] {
      auto session = models[t].interpreter.createSession();
      for (int frame = 0; frame < 25; ++frame) EXPECT_EQ(once(*session, 0.46875f), alone[t]);
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace
}  // namespace minnow
