// Sessions on a device of this machine, by their public face: where there is none, they fall to the
// CPU and say why, which is tested too.
#include <gtest/gtest.h>

#include <algorithm>

#include "runtime/test_models.h"

namespace minnow {
namespace {

const SessionOptions kOnDevice{.backend = "cl"};

/// Why there is no device here; "" where there is one.
std::string missing() {
  for (const BackendInfo& one : backendsHere())
    if (std::string_view(one.name) == "cl") return one.missing;
  return "this build has no OpenCL (MINNOW_OPENCL)";
}

#define SKIP_WITHOUT_DEVICE() \
  if (!missing().empty()) GTEST_SKIP() << missing()

/// Functions of one and of two tensors, large enough to be worth crossing.
ir::Graph networkWithASine() {
  test::Builder b("functions");
  ops::Unary function;
  function.fn = ops::UnaryFn::Sigmoid;
  ops::Unary onHost;
  onHost.fn = ops::UnaryFn::Sin;  // in double, on no device
  ops::Binary sum;
  sum.fn = ops::BinaryFn::Add;
  const ir::ValueId x = b.input("x", {1, 64, 96, 96});
  const ir::ValueId one = b.add(function, {b.add(function, {b.add(function, {x})})});
  return b.finish(b.add(sum, {b.add(function, {b.add(onHost, {one})}), one}));
}

class DeviceSessions : public testing::Test {
 protected:
  Runtime runtime_ = *Runtime::create();
  test::Model model_{networkWithASine()};
  Interpreter interpreter_ = *Interpreter::createFromBuffer(runtime_, model_.span);
};

std::vector<float> ranOn(Session& session) {
  auto outputs = test::runOnce(session, -0.5F);
  EXPECT_FALSE(outputs.empty());
  return outputs;
}

std::vector<std::string> backendsOf(const Session& session) {
  std::vector<std::string> all;
  for (const OperatorInfo& op : session.operators()) all.push_back(op.backend);
  return all;
}

TEST_F(DeviceSessions, GiveTheBitsOfTheCpu) {
  SKIP_WITHOUT_DEVICE();
  auto onDevice = interpreter_.createSession(kOnDevice);
  ASSERT_TRUE(onDevice) << onDevice.error().message;
  auto onCpu = *interpreter_.createSession();
  const auto where = backendsOf(*onDevice);
  EXPECT_EQ(std::ranges::count(where, "cpu"), 1) << "the sine";
  EXPECT_EQ(ranOn(*onDevice), ranOn(onCpu));
}

TEST_F(DeviceSessions, HaveAnAccountThatIsRightToTheByte) {
  SKIP_WITHOUT_DEVICE();
  {
    auto session = *interpreter_.createSession(kOnDevice);
    const MemoryReport report = session.memory();
    EXPECT_GT(report.deviceBytes, 0U);
    ranOn(session);
    EXPECT_EQ(runtime_.ledger().now.deviceBytes, report.deviceBytes);
    EXPECT_EQ(runtime_.ledger().now.total(), report.total());
    EXPECT_EQ(runtime_.predicted().deviceBytes, report.deviceBytes);
  }
  EXPECT_EQ(runtime_.ledger().now.deviceBytes, 0U);
}

TEST_F(DeviceSessions, ShareBlocksAsTheyShareArenas) {
  SKIP_WITHOUT_DEVICE();
  auto large = *interpreter_.createSession(kOnDevice);
  auto small = *interpreter_.createSession(kOnDevice);
  ASSERT_TRUE(small.resizeInput("x", {1, 64, 40, 96}));
  const size_t alone = large.memory().deviceBytes;
  EXPECT_LT(small.memory().deviceBytes, alone);
  EXPECT_EQ(runtime_.predicted().deviceBytes, alone) << "one frame at a time";
  EXPECT_EQ(runtime_.ledger().now.deviceBytes, 0U) << "nothing runs yet";
  const auto first = ranOn(small);
  ranOn(large);
  EXPECT_EQ(ranOn(small), first) << "in the larger block";
  EXPECT_EQ(runtime_.ledger().now.deviceBytes, alone);
  EXPECT_EQ(runtime_.ledger().peak.deviceBytes, alone);
}

TEST_F(DeviceSessions, OverTheBudgetAreRefusedWithTheDevicesShare) {
  SKIP_WITHOUT_DEVICE();
  const size_t needed = interpreter_.createSession(kOnDevice)->memory().total();
  for (const size_t budget : {needed - 1, needed, needed + 8000}) {
    Runtime runtime = *Runtime::create({.memoryBudget = budget});
    auto interpreter = *Interpreter::createFromBuffer(runtime, model_.span);
    auto session = interpreter.createSession(kOnDevice);
    ASSERT_EQ(session.has_value(), budget >= needed);
    if (session) {
      ranOn(*session);
      EXPECT_EQ(runtime.ledger().peak.total(), needed);
      EXPECT_EQ(interpreter.createSession(kOnDevice).has_value(), budget > needed)
          << "it needs a name and views, and no other block";
      continue;
    }
    EXPECT_EQ(session.error().code, ErrorCode::OutOfMemory);
    EXPECT_NE(session.error().message.find("on the device"), std::string::npos)
        << session.error().message;
  }
}

TEST_F(DeviceSessions, SessionsAreResized) {
  SKIP_WITHOUT_DEVICE();
  auto onDevice = *interpreter_.createSession(kOnDevice);
  auto onCpu = *interpreter_.createSession();
  for (Session* session : {&onDevice, &onCpu})
    ASSERT_TRUE(session->resizeInput("x", {1, 64, 40, 96}));
  EXPECT_EQ(ranOn(onDevice), ranOn(onCpu));
}

TEST_F(DeviceSessions, CallbacksSeeWhatTheCpuComputes) {
  SKIP_WITHOUT_DEVICE();
  auto session = *interpreter_.createSession(kOnDevice);
  auto frame = *session.begin();
  test::writeInput(frame, 0);
  std::vector<float> firsts;
  const auto note = [&](const OperatorInfo& op, std::span<const TensorView> outputs) {
    if (op.type == "Sigmoid") firsts.push_back(*outputs[0].as<float>());
    return CallbackVerdict::Continue;
  };
  ASSERT_TRUE(frame.runWithCallback({}, note));
  ASSERT_EQ(firsts.size(), 4U);
  EXPECT_EQ(firsts[0], 0.5F);
}

TEST_F(DeviceSessions, ThatAreNotThereLeaveTheCpuAndAReason) {
  if (missing().empty()) GTEST_SKIP() << "there is a device";
  auto session = interpreter_.createSession(kOnDevice);
  if (!session) {  // a build without OpenCL does not know the name
    EXPECT_EQ(session.error().code, ErrorCode::InvalidArgument);
    return;
  }
  const auto operators = session->operators();
  for (const OperatorInfo& op : operators) EXPECT_STREQ(op.backend, "cpu");
  EXPECT_NE(operators[0].refused.find(missing()), std::string::npos) << operators[0].refused;
  auto onCpu = *interpreter_.createSession();
  EXPECT_EQ(ranOn(*session), ranOn(onCpu));
}

TEST_F(DeviceSessions, OfUnknownNamesAreRefused) {
  const auto session = interpreter_.createSession({.backend = "cl2"});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::InvalidArgument);
  EXPECT_NE(session.error().message.find("'cl2'"), std::string::npos) << session.error().message;
  EXPECT_NE(session.error().message.find("cpu"), std::string::npos) << session.error().message;
}

}  // namespace
}  // namespace minnow
