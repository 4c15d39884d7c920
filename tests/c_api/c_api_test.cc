// Makes a small model and hands it to a user written in C.
#include <gtest/gtest.h>

#include <cstring>
#include <memory>

#include "base/aligned.h"
#include "format/write.h"
#include "ops/unary.h"
#include "use_from_c.h"

namespace minnow {
namespace {

/// What is said of x is looked at, and nothing computes by it.
ir::Graph reluModel(bool isNoted = false) {
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
  const float scale = 0.5F;
  const int32_t zero = 7;
  if (isNoted) graph.quantise(x, {{&scale, 1}, {&zero, 1}});
  return graph;
}

class CApi : public testing::Test {
 protected:
  void SetUp() override { take(reluModel()); }
  void take(const ir::Graph& graph) {
    const auto file = format::write(graph);
    ASSERT_TRUE(file) << file.error().message;
    bytes_ = file->size();
    memory_ = base::alignedBytes(bytes_);
    std::memcpy(memory_.get(), file->data(), bytes_);
  }
  std::shared_ptr<std::byte[]> memory_;
  size_t bytes_ = 0;
};

TEST_F(CApi, AModelRunsFromC) {
  const char* problem = useFromC(memory_.get(), bytes_);
  EXPECT_EQ(problem, nullptr) << problem;
}

#ifdef MINNOW_WITH_SCHEDULE
TEST_F(CApi, AScheduleRunsFromC) {
  take(reluModel(true));
  const char* problem = scheduleFromC(memory_.get(), bytes_);
  EXPECT_EQ(problem, nullptr) << problem;
}
#endif

}  // namespace
}  // namespace minnow
