// Many models, few arenas, several threads: every output is the one computed alone. Written for the
// thread sanitizer.
#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <optional>
#include <thread>

#include "minnow/elements.h"
#include "runtime/test_models.h"

namespace minnow {
namespace {

constexpr int kModels = 12, kThreads = 4, kFrames = 1000;

float startOf(size_t model) { return static_cast<float>(model) / 16 - 0.4f; }

/// Each model's output, from a runtime of its own with one thread.
std::vector<std::vector<float>> outputsAlone(const std::vector<test::Model>& models) {
  std::vector<std::vector<float>> outputs;
  for (size_t m = 0; m < models.size(); ++m) {
    auto runtime = Runtime::create();
    auto interpreter = Interpreter::createFromBuffer(*runtime, models[m].span);
    auto session = interpreter->createSession();
    outputs.push_back(test::runOnce(*session, startOf(m)));
    EXPECT_FALSE(outputs.back().empty());
  }
  return outputs;
}

/// What one thread does: a waiting and an impatient session of every third model, taken in turn.
class Camera {
 public:
  Camera(const std::vector<Interpreter>& interpreters, size_t number) {
    for (size_t m = number; m < interpreters.size(); m += kThreads - 1)
      for (const bool wait : {true, false})
        sessions_.push_back({m, *interpreters[m].createSession({.waitForArena = wait})});
  }

  /// Runs `count` frames; returns how many had another output than `alone` says.
  int watch(int count, const std::vector<std::vector<float>>& alone) {
    int wrong = 0;
    for (int done = 0, turn = 0; done < count; ++turn) {
      auto& [model, session] = sessions_[static_cast<size_t>(turn) % sessions_.size()];
      auto frame = session.begin();
      if (!frame) {
        EXPECT_EQ(frame.error().code, ErrorCode::Busy);
        ++refusals;
        std::this_thread::yield();
        continue;
      }
      wrong += test::runFrame(*frame, startOf(model)) != alone[model];
      ++done;
    }
    return wrong;
  }

  int refusals = 0;

 private:
  std::vector<std::pair<size_t, Session>> sessions_;
};

/// Bytes of the two largest plans. Makes sessions, and leaves none.
std::pair<size_t, size_t> largestPlans(const std::vector<Interpreter>& interpreters) {
  std::vector<size_t> bytes;
  for (const Interpreter& interpreter : interpreters)
    bytes.push_back(interpreter.createSession()->memory().dynamicBytes);
  std::ranges::sort(bytes, std::greater());
  return {bytes[0], bytes[1]};
}

TEST(Sessions, TwelveModelsFourThreadsAThousandFrames) {
  std::vector<test::Model> models;
  for (int m = 0; m < kModels; ++m) models.emplace_back(test::smallNetwork(m));
  const auto alone = outputsAlone(models);
  auto runtime = Runtime::create({.threads = 2, .concurrency = 2});
  std::vector<Interpreter> interpreters;
  for (const test::Model& model : models)
    interpreters.push_back(*Interpreter::createFromBuffer(*runtime, model.span));
  std::atomic<int> wrong = 0, refusals = 0;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      Camera camera(interpreters, t % (kThreads - 1));
      wrong += camera.watch(kFrames / kThreads, alone);
      refusals += camera.refusals;
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(refusals, 0) << "two arenas are too few for four threads at some moment";
  const auto [largest, second] = largestPlans(interpreters);
  EXPECT_GE(runtime->ledger().peak.dynamicBytes, largest);
  EXPECT_LE(runtime->ledger().peak.dynamicBytes, largest + second);
  EXPECT_EQ(runtime->ledger().now.dynamicBytes, 0U) << "all sessions went";
}

/// Frames of two sessions at once, with a thread for both, one each, and one over.
TEST(Sessions, TwoFramesAtOnceHaveTheSameBits) {
  const test::Model network(test::smallNetwork(11));
  const std::vector<float> expected = outputsAlone({network}).front();
  for (const int threads : {1, 2, 3}) {
    auto runtime = Runtime::create({.threads = threads, .concurrency = 2});
    auto interpreter = Interpreter::createFromBuffer(*runtime, network.span);
    std::barrier both(2);
    std::atomic<int> wrong = 0;
    const auto camera = [&] {
      auto session = interpreter->createSession();
      auto frame = session->begin();
      both.arrive_and_wait();
      for (int run = 0; run < 20; ++run) wrong += test::runFrame(*frame, startOf(0)) != expected;
    };
    std::thread other(camera);
    camera();
    other.join();
    EXPECT_EQ(wrong, 0) << threads << " threads";
  }
}

/// A callback that runs a frame of another session: both are right, on the same threads.
TEST(Sessions, AFrameWithinACallbackOfAnother) {
  const test::Model network(test::smallNetwork(11));
  const std::vector<float> expected = outputsAlone({network}).front();
  auto runtime = Runtime::create({.threads = 3, .concurrency = 2});
  auto interpreter = Interpreter::createFromBuffer(*runtime, network.span);
  auto outer = interpreter->createSession(), inner = interpreter->createSession();
  auto frame = outer->begin();
  EXPECT_EQ(test::runFrame(*frame, startOf(0)), expected);
  int wrong = 0, calls = 0;
  const auto nested = [&](const OperatorInfo&, std::span<const TensorView>) {
    wrong += test::runOnce(*inner, startOf(0)) != expected;
    ++calls;
    return CallbackVerdict::Continue;
  };
  test::writeInput(*frame, startOf(0));
  ASSERT_TRUE(frame->runWithCallback(nested, nested));
  EXPECT_EQ(test::outputOf(*frame), expected);
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(calls, 0);
}

/// A runtime with one model in several sessions that wait.
struct Waiting {
  explicit Waiting(int concurrency, size_t count = 3)
      : model(test::smallNetwork(2)),
        runtime(*Runtime::create({.concurrency = concurrency})),
        interpreter(*Interpreter::createFromBuffer(runtime, model.span)) {
    for (size_t i = 0; i < count; ++i) sessions.push_back(*interpreter.createSession());
  }
  test::Model model;
  Runtime runtime;
  Interpreter interpreter;
  std::vector<Session> sessions;
};

TEST(Sessions, AThreadDoesNotWaitForItsOwnFrames) {
  for (int concurrency : {1, 2}) {
    Waiting w(concurrency);
    std::vector<Frame> frames;
    for (int i = 0; i < concurrency; ++i)
      frames.push_back(*w.sessions[static_cast<size_t>(i)].begin());
    auto& last = w.sessions.back();
    auto refused = last.begin();
    ASSERT_FALSE(refused.has_value());
    EXPECT_EQ(refused.error().code, ErrorCode::Busy);
    EXPECT_NE(refused.error().message.find("RuntimeOptions::concurrency"), std::string::npos);
    frames.pop_back();
    EXPECT_TRUE(last.begin().has_value());
  }
}

TEST(Sessions, AThreadThatHoldsAnArenaWaitsForAnotherThreads) {
  Waiting w(2);
  std::barrier both(2);
  std::thread other([&] {
    auto frame = w.sessions[1].begin();
    both.arrive_and_wait();
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  });
  auto mine = w.sessions[0].begin();
  both.arrive_and_wait();
  EXPECT_TRUE(w.sessions[2].begin().has_value()) << "when the other thread has ended its frame";
  other.join();
}

/// Two threads hold an arena each and want a second one: one of them is refused, and the other gets
/// what the first gives back.
TEST(Sessions, ThreadsDoNotWaitForEachOther) {
  Waiting w(2, 4);
  for (int round = 0; round < 20; ++round) {
    std::atomic<int> refused = 0, served = 0;
    std::barrier both(2);
    const auto cascade = [&](size_t own) {
      auto first = std::optional(w.sessions[own].begin());
      both.arrive_and_wait();
      auto second = w.sessions[own + 2].begin();
      refused += !second && second.error().code == ErrorCode::Busy;
      served += second.has_value();
    };
    std::thread one(cascade, 0), two(cascade, 1);
    one.join(), two.join();
    EXPECT_EQ(refused, 1);
    EXPECT_EQ(served, 1);
  }
}

/// A frame that was handed over counts as its beginner's; a thread that has gone holds none of the
/// name of a later one.
TEST(Sessions, AFrameBelongsToTheThreadThatBeganIt) {
  Waiting w(1);
  std::optional<Frame> frame;
  std::thread([&] { frame = *w.sessions[0].begin(); }).join();
  std::thread([&] {
    std::thread ending([&] {
      std::this_thread::sleep_for(std::chrono::milliseconds(50));
      frame.reset();
    });
    EXPECT_TRUE(w.sessions[1].begin().has_value()) << "waits for a frame that another began";
    ending.join();
  }).join();
}

/// Sessions come, grow and go on several threads while others run; the budget holds throughout.
TEST(Sessions, TheBudgetHoldsWhileSessionsComeAndGo) {
  std::vector<test::Model> models;
  for (int m = 0; m < kModels; ++m) models.emplace_back(test::smallNetwork(m));
  const auto alone = outputsAlone(models);
  size_t budget = 0;
  {
    auto runtime = Runtime::create({.concurrency = 2});
    std::vector<Interpreter> interpreters;
    for (const test::Model& model : models)
      interpreters.push_back(*Interpreter::createFromBuffer(*runtime, model.span));
    auto one = interpreters[5].createSession(), two = interpreters[11].createSession();
    budget = runtime->predicted().total();
  }
  auto runtime = Runtime::create({.threads = 2, .concurrency = 2, .memoryBudget = budget});
  std::vector<Interpreter> interpreters;
  for (const test::Model& model : models)
    interpreters.push_back(*Interpreter::createFromBuffer(*runtime, model.span));
  std::atomic<int> wrong = 0, served = 0;
  std::vector<std::thread> threads;
  for (size_t t = 0; t < kThreads; ++t)
    threads.emplace_back([&, t] {
      for (size_t turn = 0; turn < 30; ++turn) {
        const size_t m = (turn * 5 + t * 3) % kModels;
        auto session = interpreters[m].createSession();
        if (!session) {
          wrong += session.error().code != ErrorCode::OutOfMemory;
          std::this_thread::yield();
          continue;
        }
        wrong += test::runOnce(*session, startOf(m)) != alone[m];
        if (session->resizeInput("x", {1, 4, 20, 20})) test::runOnce(*session, 1);
        ++served;
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_GT(served, 0);
  EXPECT_LE(runtime->ledger().peak.total(), budget);
}

// One session, several frames ---------------------------------------------------------------------

std::vector<float> outputOf(Frame& frame, uint32_t seed) {
  const TensorView in = frame.input(0);
  std::vector<float> values(static_cast<size_t>(in.elements()));
  for (size_t i = 0; i < values.size(); ++i)
    values[i] = static_cast<float>((i * 31 + seed * 17) % 101) / 50 - 1;
  EXPECT_TRUE(writeTensor(in, values));
  EXPECT_TRUE(frame.run());
  std::vector<float> out(static_cast<size_t>(frame.output(0).elements()));
  EXPECT_TRUE(readTensor(frame.output(0), out));
  return out;
}

TEST(SeveralFrames, GiveTheBitsOfOne) {
  const test::Model model(test::smallNetwork(2));
  auto runtime = *Runtime::create({.threads = 2, .concurrency = 3});
  auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  auto session = *interpreter.createSession({.frames = 0});
  const auto alone = [&](uint32_t seed) {
    auto frame = *session.begin();
    return outputOf(frame, seed);
  };
  const std::vector<std::vector<float>> expected{alone(0), alone(1), alone(2)};
  ASSERT_NE(expected[0], expected[1]);
  std::vector<std::thread> threads;
  for (uint32_t seed = 0; seed < 3; ++seed)
    threads.emplace_back([&, seed] {
      for (int repeat = 0; repeat < 50; ++repeat) {
        auto frame = session.begin();
        ASSERT_TRUE(frame) << frame.error().message;
        ASSERT_EQ(outputOf(*frame, seed), expected[seed]);
      }
    });
  for (std::thread& thread : threads) thread.join();
}

TEST(SeveralFrames, EachHasItsArenaAndNoMoreMayLive) {
  const test::Model model(test::smallNetwork(2));
  auto runtime = *Runtime::create({.concurrency = 3});
  auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  auto session = *interpreter.createSession({.frames = 2});
  EXPECT_EQ(runtime.predicted().dynamicBytes, 2 * session.memory().dynamicBytes);
  auto one = session.begin(), two = session.begin();
  ASSERT_TRUE(one && two);
  EXPECT_NE(one->input(0).data, two->input(0).data);
  EXPECT_EQ(runtime.ledger().peak.total(), runtime.predicted().total());
  EXPECT_EQ(session.begin().error().code, ErrorCode::Busy);
  EXPECT_EQ(session.resizeInput(session.inputs()[0].name, {1, 3, 40, 40}).error().code,
            ErrorCode::Busy);
  {
    const Frame ended(std::move(*one));
  }
  EXPECT_TRUE(session.begin());
}

TEST(SeveralFrames, NoMoreThanTheRuntimeHasArenas) {
  const test::Model model(test::smallNetwork(2));
  auto runtime = *Runtime::create({.concurrency = 2});
  auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  for (const int frames : {-1, 3}) {
    const auto session = interpreter.createSession({.frames = frames});
    ASSERT_FALSE(session) << frames;
    EXPECT_EQ(session.error().code, ErrorCode::InvalidArgument);
  }
}

/// A program is counted once for all sessions that share it, and leaves with the last.
TEST(SharedPrograms, AreCountedOnce) {
  const test::Model model(test::smallNetwork(2));
  auto runtime = *Runtime::create();
  auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  const size_t none = runtime.ledger().now.heapBytes;
  const auto held = [&] { return runtime.ledger().now.heapBytes - none; };
  std::optional<Session> first = *interpreter.createSession();
  const size_t one = held();
  std::optional<Session> second = *interpreter.createSession();
  const size_t own = held() - one;
  EXPECT_LT(own, one / 2);
  first.reset();
  EXPECT_EQ(held(), one);
  const Session layers = *interpreter.createSession({.inStrips = false});
  EXPECT_GT(held(), one + own);
  second.reset();
  auto frame = *Session(*interpreter.createSession()).begin();
  EXPECT_EQ(frame.output(0).type, DataType::Float32) << "a frame keeps its session";
}

}  // namespace
}  // namespace minnow
