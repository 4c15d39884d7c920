// A child of fork() goes on with what the parent made. Not for the thread sanitizer, which starts
// threads in no child.
#include <gtest/gtest.h>

#if !defined(__SANITIZE_THREAD__)

#include <sys/wait.h>
#include <unistd.h>

#include <barrier>
#include <functional>
#include <thread>

#include "runtime/test_models.h"

namespace minnow {
namespace {

bool endedWell(pid_t child) {
  int status = 0;
  return waitpid(child, &status, 0) == child && WIFEXITED(status) && WEXITSTATUS(status) == 0;
}

/// Runs `body` in a child; true if it returned true within a minute.
bool inChild(const std::function<bool()>& body) {
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    _exit(body() ? 0 : 1);
  }
  return endedWell(child);
}

struct Parent {
  test::Model model{test::smallNetwork(5)};
  std::optional<Runtime> runtime = *Runtime::create({.threads = 4});
  std::optional<Interpreter> interpreter = *Interpreter::createFromBuffer(*runtime, model.span);
  std::optional<Session> session = *interpreter->createSession();
  std::vector<float> expected = test::runOnce(*session, 1);

  bool worksAndGoes() {
    for (int frame = 0; frame < 20; ++frame)
      if (test::runOnce(*session, 1) != expected) return false;
    session.reset();
    interpreter.reset();
    runtime.reset();
    return true;
  }
};

TEST(Fork, TheChildComputesTheSameAndEnds) {
  Parent parent;
  ASSERT_FALSE(parent.expected.empty());
  for (int round = 0; round < 10; ++round) {
    EXPECT_TRUE(inChild([&] { return parent.worksAndGoes(); }));
    EXPECT_EQ(test::runOnce(*parent.session, 1), parent.expected) << "the parent goes on as before";
  }
}

TEST(Fork, AFrameOfTheForkingThreadGoesOnInBoth) {
  Parent parent;
  auto frame = parent.session->begin();
  ASSERT_TRUE(frame.has_value());
  EXPECT_TRUE(inChild([&] { return test::runFrame(*frame, 1) == parent.expected; }));
  EXPECT_EQ(test::runFrame(*frame, 1), parent.expected);
}

TEST(Fork, ARunGoesOnInBothWhenACallbackForks) {
  Parent parent;
  auto frame = parent.session->begin();
  ASSERT_TRUE(frame.has_value());
  test::writeInput(*frame, 1);
  pid_t child = -1;
  const auto forking = [&](const OperatorInfo& op, std::span<const TensorView>) {
    if (op.index == 2) child = fork();
    if (op.index == 2 && child == 0) alarm(60);
    return CallbackVerdict::Continue;
  };
  const bool ran = frame->runWithCallback({}, forking).has_value();
  const bool right = ran && test::outputOf(*frame) == parent.expected;
  if (child == 0) _exit(right && test::runFrame(*frame, 1) == parent.expected ? 0 : 1);
  EXPECT_TRUE(right);
  EXPECT_TRUE(endedWell(child));
}

TEST(Fork, TheChildDoesNotWaitForThreadsThatItLacks) {
  Parent parent;
  auto second = parent.interpreter->createSession();
  std::barrier before(2), after(2);
  std::thread other([&] {
    auto frame = parent.session->begin();
    before.arrive_and_wait();
    after.arrive_and_wait();
  });
  before.arrive_and_wait();
  EXPECT_TRUE(inChild([&] {
    auto frame = second->begin();
    return !frame && frame.error().code == ErrorCode::Busy;
  }));
  after.arrive_and_wait();
  other.join();
}

TEST(Fork, TheChildMakesARuntimeOfItsOwn) {
  Parent parent;
  EXPECT_TRUE(inChild([&] {
    Parent own;
    return own.expected == parent.expected && own.worksAndGoes();
  }));
}

}  // namespace
}  // namespace minnow

#endif
