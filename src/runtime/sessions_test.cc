// Many models, few arenas, several threads: every output is the one computed alone. Written for the
// thread sanitizer.
#include <gtest/gtest.h>

#include <atomic>
#include <thread>

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
  EXPECT_LE(runtime->ledger().peak.dynamicBytes, runtime->ledger().peak.total());
  EXPECT_EQ(runtime->ledger().now.dynamicBytes, 0U) << "all sessions went";
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

}  // namespace
}  // namespace minnow
