// Sessions with paths: the bits of one path, on several threads at a time.
#include <gtest/gtest.h>

#include <condition_variable>
#include <mutex>
#include <set>
#include <thread>

#include "runtime/test_models.h"

namespace minnow {
namespace {

/// A trunk, and two heads that end in "left" and "right", enough to do for a lane of their own.
ir::Graph twoHeads(int64_t side = 14) {
  test::Builder b("two-heads");
  const ir::ValueId x = b.input("x", {1, 4, side, side});
  const ir::ValueId trunk = b.conv(b.conv(x, 4, 16, 3, 1, 1, 1), 16, 16, 3, 1, 1, 2);
  const auto head = [&](int seed) {
    const ir::ValueId first = b.conv(trunk, 16, 24, 3, 1, 1, seed);
    return b.conv(b.conv(first, 24, 24, 3, 1, 1, seed + 1), 24, 5, 1, 1, 1, seed + 2);
  };
  const ir::ValueId left = head(3), right = head(8);
  ir::Graph graph = b.finish(left);
  graph.outputs.push_back(right);
  graph.outputNames = {"left", "right"};
  return graph;
}

std::vector<float> elementsOf(const TensorView& view) {
  std::vector<float> plain(static_cast<size_t>(view.elements()));
  copyTensor(view, {{view.type, view.shape, plainStrides(view.shape)}, plain.data()});
  return plain;
}

std::vector<std::vector<float>> outputsOf(Session& session) {
  auto frame = *session.begin();
  test::writeInput(frame, -0.5F);
  const auto ran = frame.run();
  EXPECT_TRUE(ran) << ran.error().message;
  std::vector<std::vector<float>> all;
  for (size_t i = 0; i < session.outputs().size(); ++i) all.push_back(elementsOf(frame.output(i)));
  return all;
}

/// How many lanes the stages have, by stage.
std::vector<int> lanesOf(const Session& session) {
  std::vector<int> lanes;
  for (const OperatorInfo& op : session.operators()) {
    if (op.stage < 0) continue;
    lanes.resize(static_cast<size_t>(op.stage) + 1);
    lanes[op.stage] = std::max(lanes[op.stage], op.lane + 1);
  }
  return lanes;
}

/// A runtime of so many threads with a model.
struct Loaded {
  explicit Loaded(const ir::Graph& graph, int threads, int concurrency = 1)
      : model(graph),
        runtime(*Runtime::create({.threads = threads, .concurrency = concurrency})),
        interpreter(*Interpreter::createFromBuffer(runtime, model.span)) {}
  Session session(std::vector<PathOptions> paths) {
    auto made = interpreter.createSession({.paths = std::move(paths)});
    EXPECT_TRUE(made) << made.error().message;
    return std::move(*made);
  }
  std::string refused(std::vector<PathOptions> paths) {
    const auto made = interpreter.createSession({.paths = std::move(paths)});
    return made ? "not refused" : made.error().message;
  }
  test::Model model;
  Runtime runtime;
  Interpreter interpreter;
};

const std::vector<PathOptions> kBoth{{.to = {"left"}}, {.to = {"right"}}};

TEST(Paths, HaveTheBitsOfOne) {
  Loaded one(twoHeads(), 1);
  Session plain = one.session({});
  const auto expected = outputsOf(plain);
  for (const int threads : {1, 2, 3, 4}) {
    Loaded loaded(twoHeads(), threads);
    for (const auto& paths : {kBoth,
                              {{.to = {"left"}}},
                              {{.to = {"left", "right"}}},
                              {{.to = {"left"}, .threads = 1}}}) {
      Session session = loaded.session(paths);
      for (int run = 0; run < 5; ++run) EXPECT_EQ(outputsOf(session), expected) << threads;
    }
  }
}

TEST(Paths, WhatSeveralNeedIsComputedOnce) {
  Loaded loaded(twoHeads(), 2);
  Session session = loaded.session(kBoth);
  const auto operators = session.operators();
  EXPECT_EQ(operators.size(), loaded.session({}).operators().size());
  std::vector<int> paths;
  for (const OperatorInfo& op : operators) paths.push_back(op.path);
  std::ranges::sort(paths);
  EXPECT_EQ(paths, (std::vector<int>{-1, -1, 0, 0, 0, 1, 1, 1}));
  EXPECT_EQ(lanesOf(session), std::vector<int>{2});
}

TEST(Paths, WhatNoneClaimsRunsBesideThem) {
  Loaded loaded(twoHeads(), 2);
  Session session = loaded.session({{.to = {"right"}}});
  EXPECT_EQ(lanesOf(session), std::vector<int>{2});
}

// Each lane's first step waits until the other lane has come so far.
TEST(Paths, RunAtTheSameTime) {
  Loaded loaded(twoHeads(), 2);
  Session session = loaded.session(kBoth);
  const auto operators = session.operators();
  auto frame = *session.begin();
  test::writeInput(frame, -0.5F);
  std::mutex mutex;
  std::condition_variable changed;
  std::set<int> begun;
  std::set<std::thread::id> threads;
  bool alone = false;
  ASSERT_TRUE(frame.runObserved([&](const RunEvent& event) {
    if (event.kind != RunEvent::Kind::Step || operators[event.step].lane < 0) return;
    std::unique_lock lock(mutex);
    begun.insert(operators[event.step].lane);
    threads.insert(std::this_thread::get_id());
    changed.notify_all();
    alone |= !changed.wait_for(lock, std::chrono::seconds(20), [&] { return begun.size() == 2; });
  }));
  EXPECT_FALSE(alone);
  EXPECT_EQ(threads.size(), 2U);
}

TEST(Paths, AreObservedStepByStep) {
  Loaded loaded(twoHeads(), 2);
  Session session = loaded.session(kBoth);
  auto frame = *session.begin();
  test::writeInput(frame, -0.5F);
  std::mutex mutex;
  std::vector<int> seen(session.operators().size());
  int waits = 0;
  ASSERT_TRUE(frame.runObserved([&](const RunEvent& event) {
    const std::lock_guard lock(mutex);
    EXPECT_LE(event.begin, event.end);
    if (event.kind == RunEvent::Kind::Wait)
      ++waits;
    else
      ++seen[event.step];
  }));
  EXPECT_EQ(seen, std::vector<int>(seen.size(), 1));
  EXPECT_EQ(waits, 1);
}

TEST(Paths, CallbacksSeeOneStepAfterTheOther) {
  Loaded loaded(twoHeads(), 4);
  Session session = loaded.session(kBoth);
  const auto expected = outputsOf(session);
  auto frame = *session.begin();
  test::writeInput(frame, -0.5F);
  size_t next = 0;
  const auto count = [&](const OperatorInfo& op, std::span<const TensorView>) {
    EXPECT_EQ(op.index, next++);
    return CallbackVerdict::Continue;
  };
  ASSERT_TRUE(frame.runWithCallback({}, count));
  EXPECT_EQ(next, session.operators().size());
  EXPECT_EQ(elementsOf(frame.output(1)), expected[1]);
}

TEST(Paths, MemoryIsPredictedToTheByte) {
  for (const int threads : {1, 2}) {
    Loaded loaded(twoHeads(), threads);
    Session session = loaded.session(kBoth);
    for (int run = 0; run < 2; ++run) outputsOf(session);
    EXPECT_EQ(loaded.runtime.ledger().peak.total(), session.memory().total());
    EXPECT_EQ(loaded.runtime.ledger().peak.total(), loaded.runtime.predicted().total());
  }
}

// Both heads' maps exist at once: a plan that did not count that would be smaller.
TEST(Paths, NothingThatLanesHaveAtOnceSharesMemory) {
  Loaded loaded(twoHeads(), 2);
  Session session = loaded.session(kBoth);
  const auto operators = session.operators();
  const auto memory = session.memoryPlan();
  const auto laneAt = [&](size_t step) { return operators[step].lane; };
  int pairs = 0;
  for (const PlannedMemory& a : memory)
    for (const PlannedMemory& b : memory) {
      if (a.firstStep >= operators.size() || b.firstStep >= operators.size()) continue;
      if (laneAt(a.firstStep) != 0 || laneAt(b.firstStep) != 1) continue;
      ++pairs;
      EXPECT_TRUE(a.offset + a.bytes <= b.offset || b.offset + b.bytes <= a.offset)
          << a.name << " and " << b.name;
    }
  EXPECT_GE(pairs, 9);
  EXPECT_GT(session.memory().dynamicBytes, loaded.session({}).memory().dynamicBytes);
}

TEST(Paths, FramesRunThemSideBySide) {
  Loaded loaded(twoHeads(), 3, 2);
  auto session = *loaded.interpreter.createSession({.frames = 2, .paths = kBoth});
  const auto expected = outputsOf(session);
  std::vector<std::thread> callers;
  for (int caller = 0; caller < 2; ++caller)
    callers.emplace_back([&] {
      for (int run = 0; run < 20; ++run) EXPECT_EQ(outputsOf(session), expected);
    });
  for (std::thread& caller : callers) caller.join();
}

TEST(Paths, SessionsAreResized) {
  Loaded loaded(twoHeads(), 2), plain(twoHeads(), 1);
  Session session = loaded.session(kBoth), one = plain.session({});
  for (Session* each : {&session, &one}) ASSERT_TRUE(each->resizeInput("x", {1, 4, 18, 30}));
  EXPECT_EQ(outputsOf(session), outputsOf(one));
  EXPECT_EQ(lanesOf(session), std::vector<int>{2});
}

TEST(Paths, ShareProgramsOnlyWithTheirLike) {
  Loaded loaded(twoHeads(), 2);
  Session first = loaded.session(kBoth);
  const size_t heap = loaded.runtime.ledger().now.heapBytes;
  Session same = loaded.session(kBoth);
  const size_t more = loaded.runtime.ledger().now.heapBytes - heap;
  Session other = loaded.session({{.to = {"left"}}});
  EXPECT_LT(more, loaded.runtime.ledger().now.heapBytes - heap - more);
}

TEST(Paths, AreRefusedWithWhatToDo) {
  Loaded loaded(twoHeads(), 2);
  const auto expectWords = [&](std::vector<PathOptions> paths, std::vector<std::string> words) {
    const std::string message = loaded.refused(std::move(paths));
    for (const std::string& word : words)
      EXPECT_NE(message.find(word), std::string::npos) << message;
  };
  expectWords({{.to = {"middle"}}}, {"path 1", "'middle'", "minnow info"});
  expectWords({{.to = {}}}, {"path 1", "`to`"});
  expectWords({{.to = {"x"}}}, {"'x'", "input of the model"});
  expectWords({{.to = {"left"}}, {.to = {"right"}, .from = {"left"}}}, {"path 2", "'left'"});
  expectWords({{.to = {"left"}}, {.to = {"left"}}}, {"path 1", "path 2", "operator 'Conv2'"});
  expectWords({{.to = {"left"}, .from = {"Conv0"}}, {.to = {"right"}, .from = {"Conv0"}}},
              {"operator 'Conv0'", "`from`"});
  expectWords({{.to = {"left"}, .threads = 3}}, {"path 1", "threads is 3", "0 to 2"});
  expectWords({{.to = {"left"}, .backend = "tpu"}}, {"path 1", "'tpu'", "cpu"});
}

/// a → b and c → d, where b is needed for c' and d for a': paths {a, a'} and {c, c'}.
TEST(Paths, ThatNeedEachOtherInACircleAreRefused) {
  test::Builder b("circle");
  const ir::ValueId x = b.input("x", {1, 4, 8, 8});
  const ir::ValueId a = b.conv(x, 4, 4, 1, 1, 1, 1), c = b.conv(x, 4, 4, 1, 1, 1, 2);
  const ir::ValueId next = b.conv(a, 4, 4, 1, 1, 1, 3), last = b.conv(c, 4, 4, 1, 1, 1, 4);
  ir::Graph graph = b.finish(next);
  graph.outputs.push_back(last);
  graph.outputNames = {"one", "two"};
  Loaded loaded(graph, 2);
  // Conv0 → Conv2 and Conv1 → Conv3.
  const std::string message =
      loaded.refused({{.to = {"Conv0", "two"}, .from = {"Conv0", "Conv3"}},
                      {.to = {"one", "Conv1"}, .from = {"Conv2", "Conv1"}}});
  EXPECT_NE(message.find("path 1"), std::string::npos) << message;
  EXPECT_NE(message.find("path 2"), std::string::npos) << message;
  EXPECT_NE(message.find("need results of each other"), std::string::npos) << message;
}

TEST(AutoPaths, AreOnePathWhereThatIsFastest) {
  Loaded loaded(twoHeads(), 1);
  const auto choice = loaded.interpreter.choosePaths();
  ASSERT_TRUE(choice) << choice.error().message;
  EXPECT_EQ(choice->tried.size(), 1U) << "one thread has nothing to run beside it";
  EXPECT_EQ(choice->chosen, 0U);
  EXPECT_TRUE(choice->options.paths.empty());
}

TEST(AutoPaths, AreTriedAndMeasured) {
  Loaded loaded(twoHeads(), 2);
  const auto choice = loaded.interpreter.choosePaths();
  ASSERT_TRUE(choice) << choice.error().message;
  ASSERT_EQ(choice->tried.size(), 2U);
  for (const auto& tried : choice->tried) {
    EXPECT_GT(tried.predictedMs, 0) << tried.what;
    EXPECT_GT(tried.measuredMs, 0) << tried.what;
  }
  EXPECT_EQ(choice->options.paths.empty(), choice->chosen == 0);
  if (choice->chosen == 1) {
    EXPECT_LE(choice->tried[1].measuredMs, 0.98 * choice->tried[0].measuredMs);
  }
  Session plain = loaded.session({});
  const auto expected = outputsOf(plain);
  auto made = *loaded.interpreter.createSession(choice->options);
  EXPECT_EQ(outputsOf(made), expected);
  auto found = *loaded.interpreter.createSession({.autoPaths = true});
  EXPECT_EQ(outputsOf(found), expected);
}

TEST(AutoPaths, AreRefusedBesidePathsThatAreGiven) {
  Loaded loaded(twoHeads(), 2);
  const auto session = loaded.interpreter.createSession({.paths = kBoth, .autoPaths = true});
  ASSERT_FALSE(session);
  EXPECT_EQ(session.error().code, ErrorCode::InvalidArgument);
}

// What was tried is gone, and no more than the budget allows was.
TEST(AutoPaths, LeaveNothingBehindAndKeepToTheBudget) {
  size_t one = 0;
  {
    Loaded loaded(twoHeads(), 2);
    const size_t before = loaded.runtime.ledger().now.total();
    Session session = loaded.session({});
    one = loaded.runtime.predicted().total();
    {
      ASSERT_TRUE(loaded.interpreter.choosePaths());
    }
    EXPECT_EQ(loaded.runtime.predicted().total(), one);
    EXPECT_GT(one, before);
  }
  const test::Model model(twoHeads());
  auto runtime = *Runtime::create({.threads = 2, .memoryBudget = one});
  auto interpreter = *Interpreter::createFromBuffer(runtime, model.span);
  const auto choice = interpreter.choosePaths();
  ASSERT_TRUE(choice) << choice.error().message;
  EXPECT_EQ(choice->tried.size(), 1U) << "there is room for one session";
  EXPECT_LE(runtime.ledger().peak.total(), one);
}

TEST(Paths, OneMayFollowAnother) {
  Loaded loaded(twoHeads(), 2);
  const auto expected = outputsOf(*std::make_unique<Session>(loaded.session({})));
  Session session = loaded.session({{.to = {"Conv3"}}, {.to = {"left"}}, {.to = {"right"}}});
  EXPECT_EQ(lanesOf(session), (std::vector<int>{2, 1}));
  EXPECT_EQ(outputsOf(session), expected);
}

}  // namespace
}  // namespace minnow
