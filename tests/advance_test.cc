// Frames that are computed piece by piece, several of them in turns: the bits of run().
#include <gtest/gtest.h>

#include <optional>
#include <random>
#include <thread>

#include "passes/pass_list.h"
#include "passes/random_graph.h"
#include "runtime/test_models.h"

namespace minnow {
namespace {

/// With chains in strips, where the pass finds them worth while.
ir::Graph inStrips(unsigned seed) {
  ir::Graph graph = passes::RandomGraph(seed, 90, 41).build(6 + static_cast<int>(seed % 12));
  EXPECT_TRUE(passes::runPasses(graph, {}));
  return graph;
}

void fill(const Session& session, Frame& frame) {
  for (size_t i = 0; i < session.inputs().size(); ++i) {
    passes::Tensor tensor({DataType::Float32, session.inputs()[i].shape});
    for (size_t e = 0; e < tensor.floats().size(); ++e)
      tensor.floats()[e] = static_cast<float>((e * 7 + i) % 31) / 16 - 0.9F;
    copyTensor(tensor.view(), frame.input(i));
  }
}

/// Models in one runtime, and what each gives alone.
struct Models {
  Models(unsigned seed, int count, int threads)
      : runtime(*Runtime::create({.threads = threads, .concurrency = count})) {
    for (int m = 0; m < count; ++m) {
      const unsigned own = seed * 16 + static_cast<unsigned>(m);
      bytes.emplace_back(m % 2 == 0 ? inStrips(own) : test::smallNetwork(static_cast<int>(own)));
      models.push_back(*Interpreter::createFromBuffer(runtime, bytes.back().span));
      const Session listed = *models.back().createSession();
      sessions.push_back(*models.back().createSession(
          {.paths = m % 3 == 1 ? test::branchesOf(listed) : std::vector<PathOptions>()}));
      auto frame = *sessions.back().begin();
      fill(sessions.back(), frame);
      EXPECT_TRUE(frame.run());
      alone.push_back(test::outputOf(frame));
    }
  }
  Runtime runtime;
  std::vector<test::Model> bytes;
  std::vector<Interpreter> models;
  std::vector<Session> sessions;
  std::vector<std::vector<float>> alone;
};

bool advance(Frame& frame, bool elsewhere) {
  Result<bool> done;
  const auto here = [&] { done = frame.advance(); };
  elsewhere ? std::thread(here).join() : here();
  EXPECT_TRUE(done) << (done ? "" : done.error().message);
  return done.value_or(true);
}

TEST(Pieces, OfFramesInAnyOrderGiveTheBitsOfEachAlone) {
  int pieces = 0;
  for (unsigned seed = 0; seed < 24; ++seed) {
    SCOPED_TRACE(seed);
    Models all(seed, 5, 1 + static_cast<int>(seed % 3));
    std::mt19937 random(seed);
    std::vector<std::optional<Frame>> frames(all.sessions.size());
    for (int finished = 0; finished < 12;) {
      const size_t m = random() % frames.size();
      if (!frames[m]) {
        frames[m] = *all.sessions[m].begin();
        fill(all.sessions[m], *frames[m]);
      }
      ++pieces;
      if (!advance(*frames[m], random() % 8 == 0)) continue;
      EXPECT_EQ(test::outputOf(*frames[m]), all.alone[m]) << "model " << m;
      frames[m].reset();
      ++finished;
    }
    if (HasFailure()) return;
  }
  EXPECT_GT(pieces, 24 * 12 * 4) << "the networks no longer try what this test is for";
}

TEST(Pieces, AFrameThatStoppedHalfwayBeginsAnew) {
  Models one(3, 1, 1);
  Session& session = one.sessions[0];
  for (const bool runs : {false, true}) {
    auto frame = *session.begin();
    fill(session, frame);
    EXPECT_FALSE(*frame.advance());
    if (!runs) continue;  // it goes, and the next has its arena
    fill(session, frame);
    ASSERT_TRUE(frame.run());
    EXPECT_EQ(test::outputOf(frame), one.alone[0]);
    fill(session, frame);
    EXPECT_FALSE(*frame.advance()) << "what has ended begins anew";
  }
}

}  // namespace
}  // namespace minnow
