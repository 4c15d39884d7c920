// Sessions by OpenGL ES, by their public face: near the CPU's results, not their bits.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <map>
#include <mutex>
#include <set>
#include <thread>

#include "runtime/test_models.h"

namespace minnow {
namespace {

bool isHere(std::string_view name) {
  return std::ranges::any_of(backendsHere(), [&](const BackendInfo& one) {
    return name == one.name && *one.missing == '\0';
  });
}

/// Convolutions of each kind and a sine, which no device computes, large enough to be worth crossing.
ir::Graph networkOfConvolutions() {
  test::Builder b("convolutions");
  ops::Unary sine;
  sine.fn = ops::UnaryFn::Sin;
  const ir::ValueId x = b.input("x", {1, 16, 64, 64});
  const ir::ValueId wide = b.conv(x, 16, 64, 1, 1, 1, 1);
  const ir::ValueId deep = b.conv(b.conv(wide, 64, 64, 3, 1, 64, 2), 64, 64, 3, 2, 1, 3);
  return b.finish(b.conv(b.add(sine, {deep}), 64, 16, 3, 1, 2, 4));
}

class GlSessions : public testing::Test {
 protected:
  void SetUp() override {
    if (!isHere("gl")) GTEST_SKIP() << "there is no OpenGL ES here";
  }
  Runtime runtime_ = *Runtime::create();
  test::Model model_{networkOfConvolutions()};
  Interpreter interpreter_ = *Interpreter::createFromBuffer(runtime_, model_.span);
};

void expectNear(const std::vector<float>& found, const std::vector<float>& expected) {
  ASSERT_EQ(found.size(), expected.size());
  const float most = std::fabs(
      *std::ranges::max_element(expected, {}, [](float number) { return std::fabs(number); }));
  ASSERT_GT(most, 0);
  for (size_t i = 0; i < found.size(); ++i) ASSERT_NEAR(found[i], expected[i], 1e-4 * most) << i;
}

int onGl(const Session& session) {
  int count = 0;
  for (const OperatorInfo& op : session.operators())
    count += std::string_view(op.kernel).starts_with("gl-");
  return count;
}

TEST_F(GlSessions, AreNearTheCpuAndHaveAnAccountThatIsRightToTheByte) {
  auto onCpu = *interpreter_.createSession();
  const auto expected = test::runOnce(onCpu, -0.5F);
  auto session = interpreter_.createSession({.backend = "gl"});
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(onGl(*session), 4);
  expectNear(test::runOnce(*session, -0.5F), expected);
  EXPECT_GT(session->memory().deviceBytes, 0U);
  EXPECT_EQ(runtime_.ledger().now.deviceBytes, session->memory().deviceBytes);
}

TEST_F(GlSessions, FramesOnThreadsShareTheDevice) {
  auto onCpu = *interpreter_.createSession();
  const auto expected = test::runOnce(onCpu, 0.25F);
  std::vector<std::thread> threads;
  for (int i = 0; i < 2; ++i)
    threads.emplace_back([&] {
      auto session = interpreter_.createSession({.waitForArena = true, .backend = "gl"});
      ASSERT_TRUE(session) << session.error().message;
      for (int k = 0; k < 5; ++k) expectNear(test::runOnce(*session, 0.25F), expected);
    });
  for (std::thread& thread : threads) thread.join();
}

TEST_F(GlSessions, TheFirstOfAListThatIsThereHasTheOperators) {
  auto session = *interpreter_.createSession({.backend = "gl", .backups = "cl,cpu"});
  EXPECT_EQ(onGl(session), 4);
  auto last = *interpreter_.createSession({.backend = "cl", .backups = "gl,cpu"});
  EXPECT_EQ(onGl(last), isHere("cl") ? 0 : 4);
  const auto operators = last.operators();
  const auto first = std::ranges::find(operators, "Conv", &OperatorInfo::type);
  EXPECT_EQ(first->refused.starts_with("cl: there is no OpenCL") ||
                first->refused.starts_with("cl: OpenCL has no device"),
            !isHere("cl"))
      << first->refused;
  auto never = *interpreter_.createSession({.backend = "cl", .backups = "cpu,gl"});
  EXPECT_EQ(onGl(never), 0) << "the CPU comes before";
}

/// That are computed by one.
int countOn(const Session& session, std::string_view backend) {
  int count = 0;
  for (const OperatorInfo& op : session.operators())
    count += backend == op.backend && !op.crosses() && op.kernel != "view";
  return count;
}

TEST_F(GlSessions, APathMayBeThereThoughTheSessionAsksForAnother) {
  const SessionOptions options{
      .backend = "cl", .paths = {{.to = {interpreter_.outputs()[0].name}, .backend = "gl"}}};
  const auto session = interpreter_.createSession(options);
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(onGl(*session), 4);
}

/// A trunk with a head for each device.
ir::Graph networkOfHeads() {
  test::Builder b("heads");
  const ir::ValueId trunk = b.conv(b.input("x", {1, 16, 64, 64}), 16, 32, 3, 1, 1, 1);
  const auto head = [&](int seed) {
    return b.conv(b.conv(trunk, 32, 64, 3, 1, 1, seed), 64, 8, 3, 1, 1, seed + 1);
  };
  const ir::ValueId left = head(2), right = head(4);
  ir::Graph graph = b.finish(left);
  graph.outputs.push_back(right);
  graph.outputNames = {"left", "right"};
  return graph;
}

TEST(BothDevices, EachHasAPathOfOneSession) {
  if (!isHere("gl") || !isHere("cl")) GTEST_SKIP() << "one of them is not there";
  Runtime runtime = *Runtime::create({.threads = 2});
  const test::Model model{networkOfHeads()};
  Interpreter interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  auto onCpu = *interpreter.createSession();
  auto session = interpreter.createSession(
      {.paths = {{.to = {"left"}, .backend = "gl"}, {.to = {"right"}, .backend = "cl"}}});
  ASSERT_TRUE(session) << session.error().message;
  EXPECT_EQ(countOn(*session, "gl"), 2);
  EXPECT_EQ(countOn(*session, "cl"), 2);
  EXPECT_EQ(countOn(*session, "cpu"), 1);
  const auto elementsOf = [](Frame& frame, std::string_view name) {
    const float* from = frame.output(name).as<float>();
    return std::vector<float>(from, from + frame.output(name).elements());
  };
  const auto ran = [&](Session& of) {
    auto frame = *of.begin();
    test::writeInput(frame, -0.5F);
    EXPECT_TRUE(frame.run());
    return std::pair(elementsOf(frame, "left"), elementsOf(frame, "right"));
  };
  const auto [left, right] = ran(onCpu);
  for (int run = 0; run < 3; ++run) {
    const auto [ofGl, ofCl] = ran(*session);
    EXPECT_EQ(ofCl, right) << "OpenCL has the CPU's bits";
    expectNear(ofGl, left);
  }
  EXPECT_EQ(runtime.ledger().now.deviceBytes, session->memory().deviceBytes) << "of both";
  EXPECT_EQ(runtime.predicted().deviceBytes, session->memory().deviceBytes);
  std::set<std::string_view> seen;
  std::mutex mutex;
  ASSERT_TRUE(session->begin()->runObserved([&](const RunEvent& event) {
    const std::lock_guard lock(mutex);
    if (event.kind != RunEvent::Kind::Wait) seen.insert(session->operators()[event.step].backend);
  }));
  EXPECT_EQ(seen, (std::set<std::string_view>{"cl", "gl", "cpu"}));
}

TEST_F(GlSessions, HaveWhatTheDeviceBeforeThemLacks) {
  if (!isHere("cl")) GTEST_SKIP() << "there is no OpenCL here";
  // No operator is one's alone, but work that it takes too long for it does not get.
  auto session = *interpreter_.createSession({.backend = "cl", .backups = "gl"});
  auto same = *interpreter_.createSession({.backend = "cl", .backups = "gl,cpu"});
  EXPECT_EQ(countOn(session, "cl"), 4);
  EXPECT_EQ(countOn(session, "gl"), 0);
  const auto onTheCpu = session.operators();
  const auto sine = std::ranges::find(onTheCpu, "Sin", &OperatorInfo::type);
  ASSERT_NE(sine, onTheCpu.end());
  EXPECT_TRUE(sine->refused.contains("cl: ") && sine->refused.contains("; gl: ")) << sine->refused;
  EXPECT_EQ(test::runOnce(session, -0.5F), test::runOnce(same, -0.5F));
}

/// A sum of more terms than llvmpipe's compiler goes through, and a function that no device computes.
ir::Graph networkOfALongSum() {
  test::Builder b("long-sum");
  ops::Unary sine;
  sine.fn = ops::UnaryFn::Sin;
  const ir::ValueId wide = b.conv(b.input("x", {1, 16, 16, 16}), 16, 1824, 1, 1, 1, 1);
  return b.finish(b.add(sine, {b.conv(wide, 1824, 64, 3, 1, 1, 2)}));
}

TEST(BothDevices, WhatOneRefusesIsForTheNextAndWhatBothRefuseForTheCpu) {
  if (!isHere("gl") || !isHere("cl")) GTEST_SKIP() << "one of them is not there";
  Runtime runtime = *Runtime::create();
  const test::Model model{networkOfALongSum()};
  Interpreter interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  auto session = *interpreter.createSession({.backend = "gl", .backups = "cl,cpu"});
  std::vector<OperatorInfo> operators = session.operators();
  std::erase_if(operators, &OperatorInfo::crosses);
  ASSERT_EQ(operators.size(), 3U);
  if (!operators[1].refused.contains("the driver ends loops"))
    GTEST_SKIP() << "this OpenGL ES takes sums of any length";
  EXPECT_STREQ(operators[0].backend, "gl");
  EXPECT_STREQ(operators[1].backend, "cl");
  EXPECT_TRUE(operators[1].refused.starts_with("gl: results of 65664 terms"))
      << operators[1].refused;
  EXPECT_STREQ(operators[2].backend, "cpu");
  EXPECT_TRUE(operators[2].refused.starts_with("gl: ") && operators[2].refused.contains("; cl: "))
      << operators[2].refused;
  auto onCpu = *interpreter.createSession();
  expectNear(test::runOnce(session, 0.125F), test::runOnce(onCpu, 0.125F));
  EXPECT_EQ(runtime.ledger().now.deviceBytes, session.memory().deviceBytes);
}

/// As if each were alone, and as the sizes of tensors and weights have it.
TEST(BothDevices, AreToldApartInReportsOfMemory) {
  if (!isHere("gl") || !isHere("cl")) GTEST_SKIP() << "one of them is not there";
  Runtime runtime = *Runtime::create({.threads = 2});
  const test::Model model{networkOfHeads()};
  Interpreter interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  const auto headOn = [&](const char* head, const char* device) {
    return interpreter.createSession({.paths = {{.to = {head}, .backend = device}}})
        ->deviceMemory()
        .at(0);
  };
  auto session = *interpreter.createSession(
      {.paths = {{.to = {"left"}, .backend = "gl"}, {.to = {"right"}, .backend = "cl"}}});
  const auto devices = session.deviceMemory();
  ASSERT_EQ(devices.size(), 2U);
  size_t sum = 0;
  for (const DeviceMemoryReport& one : devices) {
    const bool isGl = std::string_view(one.backend) == "gl";
    const DeviceMemoryReport alone = isGl ? headOn("left", "gl") : headOn("right", "cl");
    EXPECT_STREQ(one.backend, alone.backend);
    EXPECT_EQ(one.weightBytes, alone.weightBytes) << one.backend;
    EXPECT_EQ(one.blockBytes, alone.blockBytes) << one.backend;
    EXPECT_GE(one.weightBytes, sizeof(float) * 9 * (32 * 64 + 64 * 8)) << one.backend;
    EXPECT_GE(one.blockBytes, sizeof(float) * 64 * 64 * (32 + 64)) << one.backend;
    sum += one.total();
  }
  EXPECT_EQ(sum, session.memory().deviceBytes);
  EXPECT_TRUE(interpreter.createSession()->deviceMemory().empty());
  std::map<std::string, size_t> ends;
  for (const PlannedMemory& memory : session.memoryPlan())
    ends[memory.device] = std::max(ends[memory.device], memory.offset + memory.bytes);
  for (const DeviceMemoryReport& one : devices) {
    EXPECT_LE(ends.at(one.backend), one.blockBytes);
    EXPECT_GT(ends.at(one.backend) + 128, one.blockBytes) << "a vector may read behind it";
  }
}

TEST(BothDevices, AreBothTriedForPaths) {
  if (!isHere("gl") || !isHere("cl")) GTEST_SKIP() << "one of them is not there";
  Runtime runtime = *Runtime::create({.threads = 2});
  const test::Model model{networkOfHeads()};
  Interpreter interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  const auto choice = interpreter.choosePaths({.backend = "cl", .backups = "gl,cpu"});
  ASSERT_TRUE(choice) << choice.error().message;
  std::map<std::string, int> tried;
  for (const PathChoice::Tried& one : choice->tried) {
    EXPECT_GT(one.predictedMs, 0) << one.what;
    EXPECT_LT(one.measuredMs, 1e6) << one.what;
    ++tried[one.what.substr(0, one.what.find(", '")) +
            (one.what.contains('\'') ? one.what.substr(one.what.rfind(' ')) : "")];
  }
  EXPECT_EQ(tried, (std::map<std::string, int>{{"one path", 1},
                                               {"one path on cl", 1},
                                               {"one path on gl", 1},
                                               {"one path on the CPU", 1},
                                               {"paths on the CPU", 1},
                                               {"paths cl", 2},
                                               {"paths gl", 2}}));
  EXPECT_LE(choice->tried[choice->chosen].measuredMs, choice->tried[0].measuredMs);
}

TEST(GlNotThere, SessionsFallToTheCpuAndSayWhy) {
  if (isHere("gl")) GTEST_SKIP() << "there is OpenGL ES here";
  Runtime runtime = *Runtime::create();
  const test::Model model{networkOfConvolutions()};
  Interpreter interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  auto session = interpreter.createSession({.backend = "gl"});
  if (!session) {  // a build without OpenGL ES does not know the name
    EXPECT_EQ(session.error().code, ErrorCode::InvalidArgument);
    return;
  }
  EXPECT_EQ(onGl(*session), 0);
  EXPECT_NE(session->operators()[0].refused.find("libgl1-mesa-dri"), std::string::npos)
      << session->operators()[0].refused;
  auto onCpu = *interpreter.createSession();
  EXPECT_EQ(test::runOnce(*session, 0.5F), test::runOnce(onCpu, 0.5F));
}

}  // namespace
}  // namespace minnow
