// Results whose size depends on data, frame after frame of one session: what one frame made smaller
// must be whole again in the next.
#include <gtest/gtest.h>

#include <cstring>

#include "base/aligned.h"
#include "base/fail.h"
#include "format/write.h"
#include "minnow/runtime.h"
#include "ops/binary.h"
#include "ops/cast.h"
#include "ops/select.h"
#include "ops/transpose.h"

namespace minnow {
namespace {

/// The coordinates of the elements that are not 0, as float32, one row each.
ir::Graph coordinates() {
  ir::Graph graph;
  const auto value = [&](const char* name, DataType type, const Shape& shape) {
    return graph.addValue({name, {type, shape}});
  };
  const ir::ValueId x = value("x", DataType::Float32, {3, 4});
  const ir::ValueId found = value("found", DataType::Int64, {2, 12});
  const ir::ValueId real = value("real", DataType::Float32, {2, 12});
  const ir::ValueId rows = value("rows", DataType::Float32, {12, 2});
  ops::Cast cast;
  cast.to = DataType::Float32;
  ops::Transpose transpose;
  transpose.perm = {1, 0};
  graph.inputs = {x};
  graph.nodes.push_back({"find", std::make_unique<ops::NonZero>(), {x}, {found}});
  graph.nodes.push_back({"cast", std::make_unique<ops::Cast>(cast), {found}, {real}});
  graph.nodes.push_back({"turn", std::make_unique<ops::Transpose>(transpose), {real}, {rows}});
  graph.outputs = {rows};
  graph.outputNames = {"out"};
  return graph;
}

/// Extents are noted by value, so a value that does not exist must be found before.
TEST(Runtime, SizesFromDataOfNoValueAreRefused) {
  for (const ir::ValueId none : {ir::ValueId{1 << 28}, ir::ValueId{4}, ir::ValueId{-2}}) {
    ir::Graph graph = coordinates();
    graph.nodes[0].outputs = {none};
    const auto sound = graph.verify();
    ASSERT_FALSE(sound);
    EXPECT_EQ(sound.error().code, ErrorCode::BadModel);
    EXPECT_NE(sound.error().message.find("'find'"), std::string::npos) << sound.error().message;
  }
}

TEST(Runtime, SizesFromDataFollowEveryFrame) {
  const auto bytes = format::write(coordinates());
  ASSERT_TRUE(bytes) << bytes.error().message;
  const auto memory = base::alignedBytes(bytes->size());
  std::memcpy(memory.get(), bytes->data(), bytes->size());
  auto runtime = Runtime::create();
  auto model = Interpreter::createFromBuffer(*runtime, {memory.get(), bytes->size()});
  ASSERT_TRUE(model) << model.error().message;
  auto session = model->createSession();
  ASSERT_TRUE(session) << session.error().message;
  auto frame = session->begin();
  int frames = 0;
  // Frames that run once and frames that run again.
  for (const unsigned set : {0x00fU, 0x000U, 0xfffU, 0x801U, 0xfffU, 0x010U}) {
    if (++frames % 3 == 0) {
      frame = fail(ErrorCode::NotFound, "");  // the frame before has to end first
      frame = session->begin();
    }
    ASSERT_TRUE(frame) << frame.error().message;
    std::vector<float> expected;
    for (int i = 0; i < 12; ++i) {
      const bool on = (set >> i & 1U) != 0;
      frame->input(0).as<float>()[i] = on ? 2.0f : 0.0f;
      if (!on) continue;
      expected.push_back(static_cast<float>(i / 4));
      expected.push_back(static_cast<float>(i % 4));
    }
    ASSERT_TRUE(frame->run());
    const TensorView out = frame->output(0);
    ASSERT_EQ(out.shape, (Shape{static_cast<int64_t>(expected.size() / 2), 2})) << set;
    std::vector<float> actual(expected.size());
    copyTensor(out, {{out.type, out.shape, plainStrides(out.shape)}, actual.data()});
    EXPECT_EQ(actual, expected) << set;
  }
}

// Of y's five rows the run finds out whether as many are kept: a model may know what nobody sees.
TEST(Runtime, SizesFromDataThatDoNotFitFailInTheRun) {
  ir::Graph graph;
  const auto value = [&](const char* name, DataType type, const Shape& shape) {
    return graph.addValue({name, {type, shape}});
  };
  const ir::ValueId x = value("x", DataType::Float32, {5}), y = value("y", DataType::Float32, {1});
  const ir::ValueId which = value("which", DataType::Bool, {5});
  const ir::ValueId kept = value("kept", DataType::Float32, {5});
  const ir::ValueId sum = value("sum", DataType::Float32, {5});
  ops::Binary less;
  less.fn = ops::BinaryFn::Less;
  graph.inputs = {x, y};
  graph.nodes.push_back({"less", std::make_unique<ops::Binary>(less), {y, x}, {which}});
  graph.nodes.push_back({"keep", std::make_unique<ops::Compress>(), {x, which}, {kept}});
  graph.nodes.push_back({"add", std::make_unique<ops::Binary>(), {kept, y}, {sum}});
  graph.outputs = {sum};
  graph.outputNames = {"out"};
  const auto bytes = format::write(graph);
  ASSERT_TRUE(bytes) << bytes.error().message;
  const auto memory = base::alignedBytes(bytes->size());
  std::memcpy(memory.get(), bytes->data(), bytes->size());
  auto runtime = Runtime::create();
  auto model = Interpreter::createFromBuffer(*runtime, {memory.get(), bytes->size()});
  ASSERT_TRUE(model) << model.error().message;
  auto session = model->createSession();
  const auto run = [&](float least) {
    auto frame = session->begin();
    for (int i = 0; i < 5; ++i) frame->input("x").as<float>()[i] = static_cast<float>(i);
    const TensorView y = frame->input("y");
    for (int64_t i = 0; i < y.elements(); ++i) y.as<float>()[i] = least;
    auto ok = frame->run();
    std::vector<float> sums;
    const TensorView out = frame->output(0);
    for (int64_t i = 0; ok && i < out.elements(); ++i) sums.push_back(out.as<float>()[i]);
    return ok ? Result<std::vector<float>>(sums) : passOn(ok);
  };
  EXPECT_EQ(run(2.5F), (std::vector{5.5F, 6.5F}));
  ASSERT_TRUE(session->resizeInput("y", {5}));
  EXPECT_EQ(run(-1), (std::vector<float>{-1, 0, 1, 2, 3}));
  const auto two = run(2.5F);
  ASSERT_FALSE(two);
  EXPECT_EQ(two.error().code, ErrorCode::ShapeMismatch);
  EXPECT_NE(two.error().message.find("'add'"), std::string::npos) << two.error().message;
}

}  // namespace
}  // namespace minnow
