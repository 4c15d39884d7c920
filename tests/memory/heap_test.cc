// What the ledger says of the heap is what operator new was asked for; loading copies no weights.
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "ops/reshape.h"
#include "ops/shape_of.h"
#include "src/runtime/test_models.h"
#include "tests/memory/allocations.h"

namespace minnow {
namespace {

/// Everything that operator new gives to a model and its session is in the ledger, but for a few
/// bytes: the mutexes, weak references and lists that the runtime keeps of them.
void expectHonest(const test::Model& model, const std::vector<PathOptions>& paths = {}) {
  auto runtime = Runtime::create();
  const size_t before = allocations::liveBytes();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  ASSERT_TRUE(interpreter.has_value()) << interpreter.error().message;
  auto session = interpreter->createSession({.paths = paths});
  ASSERT_TRUE(session) << session.error().message;
  const auto counted = static_cast<double>(allocations::liveBytes() - before);
  const auto said = static_cast<double>(runtime->ledger().now.heapBytes);
  EXPECT_EQ(said, static_cast<double>(session->memory().metadataBytes));
  EXPECT_NEAR(said, counted, 128 + 0.01 * counted);
  ASSERT_TRUE(session->resizeInput("x", {1, 4, 26, 22}).has_value());
  test::runOnce(*session, 1);
  const auto afterwards = static_cast<double>(allocations::liveBytes() - before);
  EXPECT_NEAR(static_cast<double>(runtime->ledger().now.heapBytes), afterwards,
              128 + 0.01 * afterwards);
}

/// A small network whose result is reshaped to [n, -1], n following the input's first extent.
ir::Graph settledNetwork(int seed) {
  ir::Graph sizes, graph = test::smallNetwork(seed);
  const ir::ValueId x = sizes.addValue({"x", graph.values[graph.inputs[0]].type});
  const ir::ValueId n = sizes.addValue({"n", {DataType::Int64, {1}}});
  const int64_t minus = -1;
  const ir::ValueId rest =
      sizes.addConstant("rest", {DataType::Int64, {1}}, std::as_bytes(std::span(&minus, 1)));
  const ir::ValueId target = sizes.addValue({"target", {DataType::Int64, {2}}});
  auto shapeOf = std::make_unique<ops::ShapeOf>();
  shapeOf->end = 1;
  sizes.nodes.push_back({"shape", std::move(shapeOf), {x}, {n}});
  sizes.nodes.push_back({"join", std::make_unique<ops::Concat>(), {n, rest}, {target}});
  sizes.inputs = {x}, sizes.outputs = {target}, sizes.outputNames = {"target"};

  auto reshape = std::make_unique<ops::Reshape>();
  reshape->shape = {1, -1};
  const TensorType from = graph.values[graph.outputs[0]].type;
  const ir::ValueId flat = graph.addValue({"flat", (*reshape->inferShape(std::vector{from}))[0]});
  graph.nodes.push_back(
      {"flatten", std::move(reshape), {graph.outputs[0]}, {flat}, "Reshape", {{"shape", target}}});
  graph.outputs[0] = flat;
  graph.sizes = ir::makeConstant(*format::write(sizes));
  return graph;
}

TEST(HeapBytes, OfASettledGraphAreCounted) {
  for (int seed = 0; seed < 6; ++seed) {
    const test::Model model(settledNetwork(seed));
    auto runtime = Runtime::create();
    auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
    ASSERT_TRUE(interpreter) << interpreter.error().message;
    auto session = interpreter->createSession();
    ASSERT_TRUE(session) << session.error().message;
    const size_t before = allocations::liveBytes(), said = runtime->ledger().now.heapBytes;
    const MemoryLedger held = runtime->ledger().now;
    ASSERT_TRUE(session->resizeInput("x", {2, 4, 26, 22}));
    EXPECT_EQ(session->outputs()[0].shape[0], 2);
    EXPECT_NEAR(static_cast<double>(runtime->ledger().now.heapBytes - said),
                static_cast<double>(allocations::liveBytes() - before),
                0.01 * static_cast<double>(runtime->ledger().now.heapBytes));
    EXPECT_EQ(runtime->ledger().now.staticBytes, held.staticBytes) << "one mapping";
    ASSERT_TRUE(session->resizeInput("x", {1, 4, 26, 22}));
    EXPECT_EQ(session->outputs()[0].shape[0], 1);
  }
}

TEST(HeapBytes, AreWhatWasAllocated) {
  {
    const test::Model model(test::smallNetwork(1));  // what a process makes once is made
    auto runtime = Runtime::create();
    auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
    auto session = interpreter->createSession();
    test::runOnce(*session, 1);
  }
  for (int seed = 0; seed < 12; ++seed) {
    const test::Model model(test::smallNetwork(seed));
    expectHonest(model);
    auto runtime = Runtime::create();
    auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
    expectHonest(model, test::branchesOf(*interpreter->createSession()));
  }
}

/// Two convolutions with 2.4 MB of weights.
const test::Model& heavyModel() {
  static const test::Model model([] {
    test::Builder b("heavy");
    const auto x = b.conv(b.input("x", {1, 256, 4, 4}), 256, 256, 3, 1, 1, 1);
    return b.finish(b.conv(x, 256, 16, 1, 1, 1, 2));
  }());
  return model;
}

TEST(ZeroCopy, ABuffersWeightsAreUsedInPlace) {
  auto runtime = Runtime::create();
  const size_t before = allocations::liveBytes();
  auto interpreter = Interpreter::createFromBuffer(*runtime, heavyModel().span);
  auto session = interpreter->createSession();
  EXPECT_LT(allocations::liveBytes() - before, 20'000U);
  EXPECT_GT(runtime->ledger().now.staticBytes, 2'300'000U);
  EXPECT_LT(runtime->ledger().now.heapBytes, 20'000U);
  auto frame = session->begin();
  int constants = 0;
  const auto* first = heavyModel().span.data();
  const auto* end = first + heavyModel().span.size();
  const OpCallback look = [&](const OperatorInfo&, std::span<const TensorView> inputs) {
    const auto* weights = inputs[1].as<const std::byte>();
    EXPECT_TRUE(weights >= first && weights + inputs[1].bytes() <= end);
    ++constants;
    return CallbackVerdict::Continue;
  };
  EXPECT_TRUE(frame->runWithCallback(look, {}).has_value());
  EXPECT_EQ(constants, 2);
}

TEST(ZeroCopy, AFilesWeightsLieInItsMapping) {
  const auto path = std::filesystem::path(testing::TempDir()) / "zero_copy.minnow";
  {
    std::ofstream file(path, std::ios::binary);
    file.write(reinterpret_cast<const char*>(heavyModel().span.data()),
               static_cast<std::streamsize>(heavyModel().span.size()));
  }
  auto runtime = Runtime::create();
  const size_t before = allocations::liveBytes();
  auto interpreter = Interpreter::createFromFile(*runtime, path);
  ASSERT_TRUE(interpreter.has_value()) << interpreter.error().message;
  auto session = interpreter->createSession();
  EXPECT_LT(allocations::liveBytes() - before, 20'000U);
  EXPECT_EQ(runtime->ledger().now.staticBytes + runtime->ledger().now.modelBytes,
            heavyModel().span.size());
  auto frame = session->begin();
  std::string maps;
  {
    std::ifstream file("/proc/self/maps");
    std::getline(file, maps, '\0');
  }
  if (maps.empty()) GTEST_SKIP() << "this system has no /proc/self/maps";
  uintptr_t first = 0, end = 0;
  std::istringstream lines(maps);
  for (std::string line; std::getline(lines, line);)
    if (line.find("zero_copy.minnow") != std::string::npos) {
      ASSERT_EQ(std::sscanf(line.c_str(), "%zx-%zx", &first, &end), 2);
    }
  const OpCallback look = [&](const OperatorInfo&, std::span<const TensorView> inputs) {
    const auto weights = reinterpret_cast<uintptr_t>(inputs[1].data);
    EXPECT_TRUE(weights >= first && weights + inputs[1].bytes() <= end);
    return CallbackVerdict::Continue;
  };
  EXPECT_TRUE(frame->runWithCallback(look, {}).has_value());
}

}  // namespace
}  // namespace minnow
