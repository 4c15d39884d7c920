// Real models, those of the goldens that are on this machine: the prediction is exact for each and
// for all together, running allocates nothing, and their metadata is small.
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <nlohmann/json.hpp>

#include "exit.h"
#include "model.h"
#include "tests/golden/find_model.h"
#include "tests/memory/allocations.h"

namespace minnow::tool {
namespace {

namespace fs = std::filesystem;

struct Converted {
  std::string name;
  AlignedBytes bytes;
};

/// All that are here, converted once.
const std::vector<Converted>& convertedModels() {
  static const std::vector<Converted> all = [] {
    std::vector<Converted> list;
    for (const auto& entry : fs::directory_iterator(kRoot / "tests/golden/data")) {
      const std::string file = entry.path().filename().string();
      if (!file.ends_with(".const.json")) continue;
      std::ifstream stream(entry.path());
      const auto golden = nlohmann::json::parse(stream);
      const std::string model = golden["model"];
      const fs::path path = findModel(model);
      if (path.empty()) {
        EXPECT_FALSE(isRequired(model)) << model << ": make models";
        continue;
      }
      const Shape shape(golden["shape"].get<std::vector<int64_t>>());
      const auto bytes = convertInMemory(path, {.shapes = {{golden["input"], shape}}});
      list.push_back({model, AlignedBytes(bytes)});
    }
    return list;
  }();
  return all;
}

void fillInputs(const Frame& frame) {
  for (size_t i = 0; const TensorView input = frame.input(i); ++i)
    std::memset(input.data, 0, input.bytes());
}

/// Runs a frame; how many allocations were made by it.
int64_t run(Session& session, const std::string& name) {
  auto frame = session.begin();
  EXPECT_TRUE(frame.has_value()) << name;
  fillInputs(*frame);
  const int64_t before = allocations::made();
  const auto ran = frame->run();
  const int64_t made = allocations::made() - before;
  EXPECT_TRUE(ran.has_value()) << name << ": " << ran.error().message;
  return made;
}

MemoryLedger expected(const MemoryReport& report) {
  return {report.modelBytes, report.staticBytes, report.dynamicBytes, report.metadataBytes};
}

/// What the process makes once, at its first use, is not the first model's.
void useOnce(const Converted& model) {
  auto runtime = Runtime::create({.threads = 2});
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.bytes.span());
  auto session = interpreter->createSession();
  run(*session, model.name);
}

TEST(RealModels, EachToTheByteAndWithoutAllocation) {
  if (convertedModels().empty()) GTEST_SKIP() << "no real models on this machine";
  useOnce(convertedModels().front());
  size_t metadata = 0;
  for (const Converted& model : convertedModels()) {
    auto runtime = Runtime::create({.threads = 2});
    const size_t before = allocations::liveBytes();
    auto interpreter = Interpreter::createFromBuffer(*runtime, model.bytes.span());
    ASSERT_TRUE(interpreter.has_value()) << interpreter.error().message;
    const size_t graph = runtime->ledger().now.heapBytes;
    auto session = interpreter->createSession();
    const MemoryReport report = session->memory();
    const auto counted = static_cast<double>(allocations::liveBytes() - before);
    EXPECT_NEAR(static_cast<double>(report.metadataBytes), counted, 128 + 0.01 * counted);
    EXPECT_EQ(run(*session, model.name), 0) << model.name;
    EXPECT_EQ(run(*session, model.name), 0) << model.name;
    EXPECT_EQ(runtime->ledger().peak, expected(report)) << model.name;
    EXPECT_EQ(runtime->predicted().dynamicBytes, report.dynamicBytes);
    std::printf("%-28s %4zu operators, weights %8zu, plan %9zu, graph %7zu, session %7zu bytes\n",
                model.name.c_str(), session->operators().size(), report.staticBytes,
                report.dynamicBytes, graph, report.metadataBytes - graph);
    metadata += report.metadataBytes;
  }
  std::printf("%zu models: %zu bytes of metadata\n", convertedModels().size(), metadata);
  EXPECT_LT(metadata, convertedModels().size() * 300'000);
}

TEST(RealModels, TogetherAtEveryConcurrency) {
  if (convertedModels().empty()) GTEST_SKIP() << "no real models on this machine";
  for (int concurrency = 1; concurrency <= 3; ++concurrency) {
    auto runtime = Runtime::create({.threads = 2, .concurrency = concurrency});
    std::vector<Interpreter> interpreters;
    std::vector<Session> sessions;
    size_t weights = 0;
    for (const Converted& model : convertedModels()) {
      interpreters.push_back(need(Interpreter::createFromBuffer(*runtime, model.bytes.span())));
      sessions.push_back(need(interpreters.back().createSession()));
      weights += sessions.back().memory().staticBytes;
    }
    std::ranges::sort(sessions, std::greater(),
                      [](const Session& s) { return s.memory().dynamicBytes; });
    const auto together = std::min(sessions.size(), static_cast<size_t>(concurrency));
    std::vector<Frame> frames;
    size_t arenas = 0;
    for (size_t k = together; k-- > 0;) {
      frames.push_back(need(sessions[k].begin()));
      fillInputs(frames.back());
      if (concurrency == 1) need(frames.back().run());
      arenas += sessions[k].memory().dynamicBytes;
    }
    EXPECT_EQ(runtime->ledger().peak.dynamicBytes, arenas);
    EXPECT_EQ(runtime->ledger().peak.staticBytes, weights);
    EXPECT_EQ(runtime->ledger().peak, expected(runtime->predicted()));
  }
}

}  // namespace
}  // namespace minnow::tool
