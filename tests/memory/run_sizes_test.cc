// A frame allocates nothing where data decide sizes, whatever takes them: the consumers of
// tests/run_sizes.h in random graphs, frame after frame with other sizes.
#include <gtest/gtest.h>

#include "tests/memory/allocations.h"
#include "tests/run_sizes.h"

namespace minnow {
namespace {

const Shape kInput{6, 4};

/// Frames in which none, some and all of x's elements are found.
int64_t madeByFrames(Session& session, unsigned seed) {
  int64_t made = 0;
  for (unsigned often = 0; often < 4; ++often) {
    auto frame = session.begin();
    EXPECT_TRUE(frame) << frame.error().message;
    const TensorView x = frame->input("x");
    for (int64_t i = 0; i < x.elements(); ++i)
      x.as<float>()[i] = (static_cast<unsigned>(i) * 7 + seed) % 3 < often ? 1.5F : 0.25F;
    const int64_t before = allocations::made();
    const auto ran = frame->run();
    if (ran) made += allocations::made() - before;  // an error has a message
  }
  return made;
}

TEST(RunAllocatesNothing, NorWhereDataDecideSizes) {
  std::set<std::string> kinds;
  auto runtime = Runtime::create();
  for (unsigned seed = 0; seed < 300 && !HasFailure(); ++seed) {
    const test::RandomRunSizes graph(seed);
    const auto file = graph.model().convert(kInput);
    if (!file) continue;  // contradicts itself
    const std::shared_ptr<std::byte[]> memory = base::alignedBytes(file->size());
    std::memcpy(memory.get(), file->data(), file->size());
    auto model = Interpreter::createFromBuffer(*runtime, {memory.get(), file->size()});
    ASSERT_TRUE(model) << model.error().message;
    auto session = model->createSession();
    ASSERT_TRUE(session) << session.error().message;
    EXPECT_EQ(madeByFrames(*session, seed), 0) << seed;
    kinds.insert(graph.kinds.begin(), graph.kinds.end());
  }
  EXPECT_EQ(kinds.size(), std::size(test::kConsumers));
}

}  // namespace
}  // namespace minnow
