// The ledger, the prediction and the budget agree, to the byte.
#include <gtest/gtest.h>

#include <cstring>
#include <filesystem>
#include <fstream>

#include "base/aligned.h"
#include "format/header.h"
#include "format/write.h"
#include "minnow/runtime.h"
#include "runtime/test_models.h"

namespace minnow {
namespace {

using test::Model;

MemoryLedger expected(const MemoryReport& predicted) {
  return {predicted.modelBytes, predicted.staticBytes, predicted.dynamicBytes,
          predicted.metadataBytes};
}

std::vector<Model> models(int count) {
  std::vector<Model> list;
  for (int m = 0; m < count; ++m) list.emplace_back(test::smallNetwork(m));
  return list;
}

// Twenty maps of 256 MB: on a 32-bit CPU their offsets in an arena would wrap.
TEST(RuntimeMemory, PlansBeyondTheAddressSpaceAreRefused) {
  test::Builder builder("large");
  ops::Pool pool;
  pool.kernel = pool.strides = pool.dilations = {1, 1};
  pool.padsBegin = pool.padsEnd = {0, 0};
  ir::ValueId map = builder.input("x", {1, 4, 4096, 4096});
  for (int i = 0; i < 20; ++i) map = builder.add(pool, {map});
  const test::Model model(builder.finish(map));
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  ASSERT_TRUE(interpreter.has_value()) << interpreter.error().message;
  const auto session = interpreter->createSession();
  EXPECT_EQ(session.has_value(), sizeof(size_t) > 4);
  if (!session) {
    EXPECT_EQ(session.error().code, ErrorCode::OutOfMemory);
  }
}

TEST(RuntimeMemory, OneModelToTheByte) {
  for (const Model& model : models(12)) {
    auto runtime = Runtime::create();
    EXPECT_EQ(runtime->ledger().peak.total(), 0U);
    auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
    ASSERT_TRUE(interpreter.has_value()) << interpreter.error().message;
    const auto header = format::readHeader(model.span, "m");
    EXPECT_EQ(runtime->ledger().now.modelBytes, header->weightsOffset);
    EXPECT_EQ(runtime->ledger().now.staticBytes, header->weightsBytes);
    auto session = interpreter->createSession();
    const MemoryReport report = session->memory();
    EXPECT_EQ(runtime->ledger().now.dynamicBytes, 0U);
    for (int frames = 0; frames < 2; ++frames) test::runOnce(*session, 1);
    EXPECT_EQ(runtime->ledger().peak, expected(report));
    EXPECT_EQ(runtime->ledger().peak, expected(runtime->predicted()));
    EXPECT_EQ(runtime->ledger().now, runtime->ledger().peak);
    interpreter->releaseModel();
    EXPECT_EQ(runtime->ledger().now.modelBytes, 0U);
    EXPECT_EQ(runtime->ledger().now.total(), session->memory().total());
  }
}

TEST(RuntimeMemory, EverythingThatGoesLeavesTheLedger) {
  auto runtime = Runtime::create();
  const Model model(test::smallNetwork(3));
  {
    auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
    const MemoryLedger loaded = runtime->ledger().now;
    {
      auto session = interpreter->createSession();
      test::runOnce(*session, 1);
      EXPECT_GT(runtime->ledger().now.total(), loaded.total());
    }
    EXPECT_EQ(runtime->ledger().now, loaded);
  }
  EXPECT_EQ(runtime->ledger().now, MemoryLedger{});
  EXPECT_GT(runtime->ledger().peak.total(), 0U);
  runtime->resetPeak();
  EXPECT_EQ(runtime->ledger().peak, MemoryLedger{});
}

TEST(RuntimeMemory, ManyModelsAtEveryConcurrency) {
  const std::vector<Model> list = models(12);
  for (int concurrency = 1; concurrency <= 3; ++concurrency) {
    auto runtime = Runtime::create({.concurrency = concurrency});
    std::vector<Interpreter> interpreters;
    std::vector<Session> sessions;
    std::vector<size_t> plans;
    for (const Model& model : list) {
      interpreters.push_back(*Interpreter::createFromBuffer(*runtime, model.span));
      sessions.push_back(*interpreters.back().createSession());
      plans.push_back(sessions.back().memory().dynamicBytes);
      test::runOnce(sessions.back(), 1);
      EXPECT_LE(runtime->ledger().peak.total(), runtime->predicted().total());
    }
    std::ranges::sort(sessions, std::greater(),
                      [](const Session& s) { return s.memory().dynamicBytes; });
    std::ranges::sort(plans, std::greater());
    std::vector<Frame> frames;
    size_t largest = 0;
    for (int k = 0; k < concurrency; ++k) {
      frames.push_back(*sessions[static_cast<size_t>(k)].begin());
      EXPECT_TRUE(frames.back().run().has_value());
      largest += plans[static_cast<size_t>(k)];
    }
    EXPECT_EQ(runtime->predicted().dynamicBytes, largest);
    EXPECT_EQ(runtime->arenaBytes(), largest);
    EXPECT_EQ(runtime->ledger().peak, expected(runtime->predicted()));
    EXPECT_EQ(runtime->predicted(1).dynamicBytes, plans[0]);
    EXPECT_EQ(runtime->predicted(3).dynamicBytes, plans[0] + plans[1] + plans[2]);
  }
}

TEST(RuntimeMemory, ArenasFollowSessionsThatComeGrowAndGo) {
  const std::vector<Model> list = models(6);
  auto runtime = Runtime::create();
  std::vector<Interpreter> interpreters;
  for (const Model& model : list)
    interpreters.push_back(*Interpreter::createFromBuffer(*runtime, model.span));
  auto kept = interpreters[0].createSession();
  test::runOnce(*kept, 1);
  const size_t small = runtime->ledger().now.dynamicBytes;
  for (Interpreter& interpreter : interpreters) {
    auto session = interpreter.createSession();
    test::runOnce(*session, 1);
    EXPECT_EQ(runtime->ledger().now.dynamicBytes, runtime->predicted().dynamicBytes);
    ASSERT_TRUE(session->resizeInput("x", {1, 4, 40, 40}).has_value());
    EXPECT_EQ(runtime->predicted().dynamicBytes, session->memory().dynamicBytes);
    test::runOnce(*session, 1);
    EXPECT_EQ(runtime->ledger().now.dynamicBytes, session->memory().dynamicBytes);
    EXPECT_EQ(runtime->ledger().now, expected(runtime->predicted()));
  }
  test::runOnce(*kept, 1);
  EXPECT_EQ(runtime->ledger().now.dynamicBytes, small);
}

TEST(RuntimeMemory, OneBufferIsCountedOnce) {
  auto runtime = Runtime::create();
  const Model model(test::smallNetwork(1)), equal(test::smallNetwork(1));
  auto first = Interpreter::createFromBuffer(*runtime, model.span);
  const MemoryLedger one = runtime->ledger().now;
  auto second = Interpreter::createFromBuffer(*runtime, model.span);
  EXPECT_EQ(runtime->ledger().now.staticBytes, one.staticBytes);
  auto elsewhere = Interpreter::createFromBuffer(*runtime, equal.span);
  EXPECT_EQ(runtime->ledger().now.staticBytes, 2 * one.staticBytes) << "equal, but not the same";
  *first = std::move(*elsewhere);
  EXPECT_EQ(runtime->ledger().now.staticBytes, 2 * one.staticBytes);
  *second = std::move(*first);
  EXPECT_EQ(runtime->ledger().now.staticBytes, one.staticBytes);
}

// Budgets -----------------------------------------------------------------------------------------

TEST(RuntimeBudget, ExactlyWhatIsNeededSuffices) {
  const Model model(test::smallNetwork(5));
  auto unlimited = Runtime::create();
  auto loaded = Interpreter::createFromBuffer(*unlimited, model.span);
  const size_t modelNeeds = unlimited->ledger().now.total();
  auto planned = loaded->createSession();
  const size_t needs = unlimited->predicted().total();

  auto tooSmall = Runtime::create({.memoryBudget = modelNeeds - 1});
  EXPECT_EQ(Interpreter::createFromBuffer(*tooSmall, model.span).error().code,
            ErrorCode::OutOfMemory);
  EXPECT_EQ(tooSmall->ledger().peak, MemoryLedger{});

  auto almost = Runtime::create({.memoryBudget = needs - 1});
  auto interpreter = Interpreter::createFromBuffer(*almost, model.span);
  ASSERT_TRUE(interpreter.has_value());
  const MemoryLedger before = almost->ledger().now;
  const auto refused = interpreter->createSession();
  EXPECT_EQ(refused.error().code, ErrorCode::OutOfMemory);
  EXPECT_NE(refused.error().message.find("1 bytes short"), std::string::npos)
      << refused.error().message;
  EXPECT_EQ(almost->ledger().now, before);

  auto enough = Runtime::create({.memoryBudget = needs});
  auto interpreter2 = Interpreter::createFromBuffer(*enough, model.span);
  auto session = interpreter2->createSession();
  ASSERT_TRUE(session.has_value()) << session.error().message;
  EXPECT_EQ(test::runOnce(*session, 1), test::runOnce(*planned, 1));
  EXPECT_EQ(enough->ledger().peak.total(), needs);
}

TEST(RuntimeBudget, TheRefusalNamesCategoriesAndTheLargestPlan) {
  const Model model(test::smallNetwork(5));
  auto runtime = Runtime::create({.memoryBudget = model.span.size() + 20'000});
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  ASSERT_TRUE(interpreter.has_value()) << interpreter.error().message;
  auto session = interpreter->createSession();
  ASSERT_FALSE(session.has_value());
  for (const char* part : {"model in memory", "weights ", "feature maps ", "metadata ", " short",
                           "largest plan: model in memory "})
    EXPECT_NE(session.error().message.find(part), std::string::npos) << session.error().message;
}

TEST(RuntimeBudget, ResizingAsksTooAndConcurrencyIsPaidFor) {
  const Model model(test::smallNetwork(2));
  auto unlimited = Runtime::create({.concurrency = 2});
  auto loaded = Interpreter::createFromBuffer(*unlimited, model.span);
  auto one = loaded->createSession(), two = loaded->createSession();
  ASSERT_TRUE(one->resizeInput("x", {1, 4, 30, 30}).has_value());
  const size_t needs = unlimited->predicted().total();

  for (const size_t missing : {0, 1}) {
    auto runtime = Runtime::create({.concurrency = 2, .memoryBudget = needs - missing});
    auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
    auto first = interpreter->createSession(), second = interpreter->createSession();
    ASSERT_TRUE(first.has_value() && second.has_value());
    const auto outputs = test::runOnce(*first, 1);
    const MemoryLedger before = runtime->ledger().now;
    const auto resized = first->resizeInput("x", {1, 4, 30, 30});
    EXPECT_EQ(resized.has_value(), missing == 0);
    if (resized) continue;
    EXPECT_EQ(resized.error().code, ErrorCode::OutOfMemory);
    EXPECT_EQ(runtime->ledger().now, before);
    EXPECT_EQ(test::runOnce(*first, 1), outputs) << "the session stays as it was";
  }
}

}  // namespace
}  // namespace minnow
