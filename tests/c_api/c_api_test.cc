// Makes a small model and hands it to a user written in C.
#include <gtest/gtest.h>

#include <cstring>

#include "base/aligned.h"
#include "format/write.h"
#include "ops/unary.h"
#include "use_from_c.h"

namespace minnow {
namespace {

ir::Graph reluModel() {
  ir::Graph graph;
  graph.name = "relu";
  const TensorType type{DataType::Float32, Shape{2, 3}};
  const auto x = graph.addValue({"x", type});
  const auto y = graph.addValue({"y", type});
  auto relu = std::make_unique<ops::Unary>();
  relu->fn = ops::UnaryFn::Relu;
  graph.nodes.push_back({"relu", std::move(relu), {x}, {y}});
  graph.inputs = {x};
  graph.outputs = {y};
  graph.outputNames = {"y"};
  graph.extents = {{"N", 1, 4, {{0, 0}}}};
  return graph;
}

TEST(CApi, AModelRunsFromC) {
  const auto file = format::write(reluModel());
  ASSERT_TRUE(file) << file.error().message;
  const auto memory = base::alignedBytes(file->size());
  std::memcpy(memory.get(), file->data(), file->size());
  const char* problem = useFromC(memory.get(), file->size());
  EXPECT_EQ(problem, nullptr) << problem;
}

}  // namespace
}  // namespace minnow
