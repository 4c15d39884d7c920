// Schedules that run: what models give is what they give alone, whatever goes between their pieces, and
// no frame is lost without being counted. Times are nobody's business here.
#include <gtest/gtest.h>

#include <cmath>
#include <map>
#include <optional>
#include <set>
#include <thread>
#include <tuple>

#include "minnow/schedule.h"
#include "runtime/test_models.h"

namespace minnow {
namespace {

using Clock = std::chrono::steady_clock;
constexpr double kNoDeadline = 1e6;  // whatever else this machine does

float startOf(uint64_t frame, int crop) {
  return static_cast<float>(frame % 7) / 8 - 0.4F + static_cast<float>(crop) / 16;
}

/// Models, and what each gives for every start, from a runtime of its own.
class Net {
 public:
  explicit Net(int seed) : model_(test::smallNetwork(seed)) {
    auto runtime = *Runtime::create();
    auto interpreter = *Interpreter::createFromBuffer(runtime, model_.span);
    auto session = *interpreter.createSession();
    for (int frame = 0; frame < 7; ++frame)
      for (int crop = 0; crop < 3; ++crop)
        alone_[startOf(static_cast<uint64_t>(frame), crop)] =
            test::runOnce(session, startOf(static_cast<uint64_t>(frame), crop));
  }
  /// It fills and compares.
  ScheduledModel scheduled(std::string name) {
    return {.name = std::move(name),
            .bytes = model_.span,
            .deadlineMs = kNoDeadline,
            .fill = [](ModelRun& run) -> Result<void> {
              test::writeInput(run.frame(), startOf(run.captured().number, run.crop()));
              return {};
            },
            .done = [this](ModelRun& run) -> Result<void> {
              const float start = startOf(run.captured().number, run.crop());
              wrong += test::outputOf(run.frame()) != alone_[start];
              ++runs;
              return {};
            }};
  }
  std::span<const std::byte> bytes() const { return model_.span; }
  int wrong = 0, runs = 0;  // of the thread that computes; read when it rests

 private:
  test::Model model_;
  std::map<float, std::vector<float>> alone_;
};

uint64_t doneIn(const Schedule& schedule) {
  uint64_t done = 0;
  for (const ModelStatus& model : schedule.status().models) done += model.done;
  return done;
}

/// Frames, faster than they can be computed, until so many are done.
void feedUntil(Schedule& schedule, uint64_t done) {
  for (uint64_t number = 0; doneIn(schedule) < done; ++number) {
    schedule.feed({.captured = Clock::now(), .number = number});
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

void expectAllAccountedFor(const ScheduleStatus& status) {
  for (const ModelStatus& model : status.models) {
    EXPECT_EQ(model.underWay, 0U) << model.model;
    EXPECT_GT(model.asked, 0U) << model.model;
    EXPECT_EQ(model.lastError, "") << model.model;
  }
}

TEST(Schedules, GiveTheBitsOfEachModelAlone) {
  for (const auto& [concurrency, units, threads] :
       {std::tuple{0, 1, 2}, {1, 1, 2}, {2, 1, 2}, {0, 2, 1}, {0, 3, 1}, {1, 2, 2}}) {
    std::vector<std::unique_ptr<Net>> nets;
    std::vector<ScheduledModel> models;
    for (int m = 0; m < 5; ++m) {
      nets.push_back(std::make_unique<Net>(m));
      models.push_back(nets.back()->scheduled("m" + std::to_string(m)));
      models.back().priority = m % 3;
      models.back().every = 1 + m % 2;
    }
    auto schedule = Schedule::create(
        models,
        {.threads = threads, .cpuUnits = units, .frameRates = {2000}, .concurrency = concurrency});
    ASSERT_TRUE(schedule) << schedule.error().message;
    ASSERT_TRUE(schedule->start());
    feedUntil(*schedule, 40);
    schedule->drain();
    const ScheduleStatus status = schedule->status();
    expectAllAccountedFor(status);
    EXPECT_EQ(status.units.size(), static_cast<size_t>(units));
    EXPECT_LE(status.memory.peak.total(), schedule->runtime().predicted().total());
    for (const auto& net : nets) EXPECT_EQ(net->wrong, 0);
  }
}

// A finder on one unit, its reader on another: what is asked for is done or counted.
TEST(Schedules, TriggerFromOneUnitToAnother) {
  Net finder(1), reader(2), other(3);
  std::vector<ScheduledModel> models{finder.scheduled("finder"), reader.scheduled("reader"),
                                     other.scheduled("other")};
  auto compare = models[0].done;
  models[0].done = [compare](ModelRun& run) {
    EXPECT_TRUE(run.trigger("reader", 2));
    return compare(run);
  };
  models[1].of = "finder";
  models[1].mostCrops = 2;
  auto schedule = Schedule::create(models, {.cpuUnits = 2, .frameRates = {2000}});
  ASSERT_TRUE(schedule) << schedule.error().message;
  std::set<int> homes;
  for (const Admission& model : schedule->admission()) homes.insert(model.unit);
  EXPECT_EQ(homes.size(), 2U);
  ASSERT_TRUE(schedule->start());
  feedUntil(*schedule, 60);
  schedule->drain();
  const ScheduleStatus status = schedule->status();
  expectAllAccountedFor(status);
  EXPECT_EQ(status.models[1].asked, status.models[0].done);
  EXPECT_EQ(finder.wrong + reader.wrong + other.wrong, 0);
}

// Whatever this machine has: a device is a unit, one that is not there is left out.
TEST(Schedules, PutModelsOnDevicesAndCoresSideBySide) {
  Net one(1), two(2), three(3);
  std::vector<ScheduledModel> models{one.scheduled("one"), two.scheduled("two"),
                                     three.scheduled("three")};
  size_t units = 1;
  for (const BackendInfo& here : backendsHere()) {
    if (std::string_view(here.name) == "cpu") continue;
    units += *here.missing == '\0';
    models[0].backend = here.name;
    models[1].backend += std::string(",") + here.name;
  }
  int wrong = 0;
  for (ScheduledModel& model : models)
    model.done = [&wrong, compare = model.done](ModelRun& run) -> Result<void> {
      const TensorView output = run.frame().output(size_t{0});
      wrong += !output || !std::isfinite(*static_cast<const float*>(output.data));
      return compare(run);
    };
  auto schedule = Schedule::create(models, {.frameRates = {2000}});
  ASSERT_TRUE(schedule) << schedule.error().message;
  ASSERT_TRUE(schedule->start());
  feedUntil(*schedule, 60);
  schedule->drain();
  const ScheduleStatus status = schedule->status();
  expectAllAccountedFor(status);
  EXPECT_EQ(status.units.size(), units);
  EXPECT_LE(status.memory.peak.total(), schedule->runtime().predicted().total());
  for (const ModelStatus& model : status.models) EXPECT_GT(model.done, 0U) << model.model;
  EXPECT_EQ(three.wrong + wrong, 0);
  if (units == 1) {
    EXPECT_EQ(one.wrong + two.wrong, 0);
  }
  models[2].backend = "tpu";
  EXPECT_FALSE(Schedule::create(models, {}));
}

/// Of this machine; "" where there is none.
std::string anyDevice() {
  for (const BackendInfo& here : backendsHere())
    if (std::string_view(here.name) != "cpu" && *here.missing == '\0') return here.name;
  return "";
}

// A budget that holds the models on cores holds them with a device in their lists too: who finds no room there
// does without it, the least urgent first, and the report says so.
TEST(Schedules, LeaveOutADeviceThatHasNoRoom) {
  const std::string device = anyDevice();
  if (device.empty()) GTEST_SKIP() << "no device here";
  Net one(1), two(2);
  std::vector<ScheduledModel> models{one.scheduled("one"), two.scheduled("two")};
  models[0].priority = 1;
  const size_t onCores = Schedule::create(models, {})->runtime().predicted().total();
  for (ScheduledModel& model : models) model.backend = device;
  const size_t onDevice = Schedule::create(models, {})->runtime().predicted().total();
  for (ScheduledModel& model : models) model.backend = device + ",cpu";
  ASSERT_LT(onCores, onDevice);
  int without = 2;
  for (const size_t budget : {onCores, onDevice - 1, size_t{0}}) {
    const auto schedule = Schedule::create(models, {.memoryBudget = budget});
    ASSERT_TRUE(schedule) << schedule.error().message;
    const auto admission = schedule->admission();
    int leftOut = 0;
    for (const Admission& model : admission) {
      leftOut += static_cast<int>(model.leftOut.size());
      for (const auto& [name, why] : model.leftOut) {
        EXPECT_EQ(name, device);
        EXPECT_NE(why.find("budget"), std::string::npos) << why;
        EXPECT_EQ(model.unit, 0) << "cores";
      }
    }
    EXPECT_LE(leftOut, without);
    without = leftOut;
    EXPECT_GE(admission[1].leftOut.size(), admission[0].leftOut.size()) << "the least urgent first";
  }
  EXPECT_EQ(without, 0) << "there is room for all";
  for (ScheduledModel& model : models) model.backend = device;
  auto schedule = *Schedule::create(models, {.memoryBudget = onCores, .frameRates = {2000}});
  ASSERT_TRUE(schedule.start());
  feedUntil(schedule, 20);
  schedule.drain();
  EXPECT_LE(schedule.status().memory.peak.total(), onCores);
  EXPECT_EQ(one.wrong + two.wrong, 0) << "the bits of cores";
}

// Between its frames, and while the others go on. Its time is that of before until its next runs are done.
TEST(Schedules, ResizeAModelWhileItRuns) {
  for (const int units : {1, 2}) {
    Net other(1), net(2);
    std::vector<ScheduledModel> models{other.scheduled("other"), net.scheduled("resized")};
    auto runtime = *Runtime::create();
    auto interpreter = *Interpreter::createFromBuffer(runtime, net.bytes());
    const Shape large = interpreter.inputs()[0].shape;
    Shape small = large;
    small[2] /= 2;
    std::map<int64_t, std::vector<float>> expected;
    for (const Shape& shape : {large, small}) {
      auto session = *interpreter.createSession();
      ASSERT_TRUE(session.resizeInput("x", shape));
      expected[shape[2]] = test::runOnce(session, 0.25F);
    }
    std::map<int64_t, int> seen;
    int wrong = 0;
    models[1].fill = [](ModelRun& run) -> Result<void> {
      test::writeInput(run.frame(), 0.25F);
      return {};
    };
    models[1].done = [&](ModelRun& run) -> Result<void> {
      const int64_t height = run.frame().input(0).shape[2];
      wrong += test::outputOf(run.frame()) != expected[height];
      ++seen[height];
      return {};
    };
    auto schedule = Schedule::create(models, {.cpuUnits = units, .frameRates = {2000}});
    ASSERT_TRUE(schedule) << schedule.error().message;
    const double before = schedule->admission()[1].aloneMs;
    ASSERT_TRUE(schedule->start());
    std::jthread camera([&](const std::stop_token& stop) {
      for (uint64_t number = 0; !stop.stop_requested(); ++number) {
        schedule->feed({.captured = Clock::now(), .number = number});
        std::this_thread::sleep_for(std::chrono::microseconds(100));
      }
    });
    const auto waitFor = [&](const std::function<bool()>& met) {
      while (!met()) std::this_thread::sleep_for(std::chrono::microseconds(200));
    };
    const auto doneOf = [&] { return schedule->status().models[1].done; };
    waitFor([&] { return doneOf() > 5; });
    for (const Shape& shape : {small, large, small}) {
      const std::pair<std::string, Shape> wanted("x", shape);
      const auto refused = schedule->resize("resized", {{std::pair("x", Shape{1, 5, 8, 8})}});
      ASSERT_FALSE(refused);
      EXPECT_NE(refused.error().message.find("'resized' stays as it was: "), std::string::npos);
      EXPECT_FALSE(schedule->admission()[1].isLearning);
      const auto ok = schedule->resize("resized", {&wanted, 1});
      ASSERT_TRUE(ok) << ok.error().message;
      const uint64_t sofar = doneOf();
      waitFor([&] { return doneOf() > sofar + 10; });
      waitFor([&] { return !schedule->admission()[1].isLearning; });
    }
    camera.request_stop();
    camera.join();
    schedule->drain();
    expectAllAccountedFor(schedule->status());
    EXPECT_EQ(schedule->resize("nobody", {}).error().code, ErrorCode::NotFound);
    EXPECT_EQ(wrong + other.wrong, 0);
    EXPECT_EQ(seen.size(), 2U);
    EXPECT_GT(before, 0);
    EXPECT_GT(schedule->admission()[1].aloneMs, 0);
    EXPECT_LE(schedule->status().memory.now.total(), schedule->runtime().predicted().total());
  }
}

// What does not fit the budget is refused, and the model goes on as it was.
TEST(Schedules, RefuseToResizeBeyondTheBudget) {
  Net net(2);
  const std::vector<ScheduledModel> models{net.scheduled("m")};
  const size_t budget = Schedule::create(models, {})->runtime().predicted().total();
  auto schedule = *Schedule::create(models, {.memoryBudget = budget, .frameRates = {2000}});
  ASSERT_TRUE(schedule.start());
  feedUntil(schedule, 5);
  const auto refused = schedule.resize("m", {{std::pair("x", Shape{1, 4, 64, 64})}});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::OutOfMemory);
  EXPECT_EQ(refused.error().message.rfind("model 'm' stays as it was: ", 0), 0U)
      << refused.error().message;
  feedUntil(schedule, 10);
  schedule.drain();
  expectAllAccountedFor(schedule.status());
  EXPECT_EQ(net.wrong, 0);
}

// A frame for the urgent one comes just after the other has begun: it is done first, unless there is
// but one arena.
TEST(Schedules, LetUrgentModelsGoBetweenThePiecesOfOthers) {
  for (const int concurrency : {1, 2}) {
    Net slow(1), urgent(2);
    std::vector<ScheduledModel> models{slow.scheduled("slow"), urgent.scheduled("urgent")};
    std::optional<Schedule> schedule;
    models[0].fill = [&, fill = models[0].fill](ModelRun& run) {
      if (schedule) schedule->feed({.captured = Clock::now(), .stream = 1});
      return fill(run);
    };
    models[1].stream = 1;
    models[1].priority = 1;
    std::vector<int> order;
    schedule = *Schedule::create(models, {.frameRates = {30, 30},
                                          .concurrency = concurrency,
                                          .observer = [&](const ScheduleEvent& event) {
                                            if (event.kind == ScheduleEvent::Kind::Done)
                                              order.push_back(event.model);
                                          }});
    ASSERT_TRUE(schedule->start());
    schedule->feed({.captured = Clock::now()});
    schedule->drain();
    EXPECT_EQ(order, concurrency == 1 ? (std::vector{0, 1}) : (std::vector{1, 0}));
    EXPECT_EQ(slow.wrong + urgent.wrong, 0);
  }
}

TEST(Schedules, RunAModelOnWhatAnotherOneFinds) {
  Net finder(1), reader(2);
  std::vector<ScheduledModel> models{finder.scheduled("finder"), reader.scheduled("reader")};
  auto compare = models[0].done;
  models[0].done = [compare](ModelRun& run) {
    const auto crops = static_cast<int>(run.captured().number % 5);
    EXPECT_FALSE(run.trigger("nobody", 1));
    EXPECT_TRUE(run.trigger("reader", crops));
    return compare(run);
  };
  models[1].of = "finder";
  models[1].mostCrops = 3;
  auto schedule = Schedule::create(models, {.frameRates = {100}});
  ASSERT_TRUE(schedule) << schedule.error().message;
  ASSERT_TRUE(schedule->start());
  for (uint64_t number = 0; number < 10; ++number) {
    schedule->feed({.captured = Clock::now(), .number = number});
    schedule->drain();  // one frame after another: how many crops there are is known
  }
  const ScheduleStatus status = schedule->status();
  EXPECT_EQ(status.models[0].done, 10U);
  EXPECT_EQ(status.models[1].done, 8U) << "two frames have none";
  EXPECT_EQ(status.models[1].crops, 18U) << "1, 2, 3 and 3 of 4, twice";
  EXPECT_EQ(status.models[1].dropped[static_cast<size_t>(DropReason::Crops)], 2U);
  EXPECT_EQ(finder.wrong + reader.wrong, 0);
}

/// Bytes of a schedule of these models with so much concurrency, all of them loaded.
size_t bytesOf(const std::vector<ScheduledModel>& models, int concurrency) {
  auto schedule = *Schedule::create(models, {.concurrency = concurrency});
  return schedule.runtime().predicted().total();
}

TEST(Schedules, KeepTheirBudgetByConcurrencyAndThenByEviction) {
  std::vector<std::unique_ptr<Net>> nets;
  std::vector<ScheduledModel> models;
  for (int m = 0; m < 4; ++m) {
    nets.push_back(std::make_unique<Net>(m));
    models.push_back(nets.back()->scheduled("m" + std::to_string(m)));
    models.back().priority = m;
  }
  const size_t four = bytesOf(models, 4), one = bytesOf(models, 1);
  ASSERT_LT(one, four);
  EXPECT_EQ(Schedule::create(models, {.memoryBudget = four})->concurrency(), 4);
  const size_t between = (one + four) / 2;
  const int fitting = Schedule::create(models, {.memoryBudget = between})->concurrency();
  EXPECT_GT(fitting, 0);
  EXPECT_LT(fitting, 4);
  const auto refused = Schedule::create(models, {.memoryBudget = one - 1});
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, ErrorCode::OutOfMemory);
  EXPECT_NE(refused.error().message.find("model 'm"), std::string::npos) << refused.error().message;
  EXPECT_NE(refused.error().message.find("evictable"), std::string::npos);

  for (ScheduledModel& model : models) model.evictable = true;
  auto schedule = Schedule::create(models, {.memoryBudget = one - 1, .frameRates = {100}});
  ASSERT_TRUE(schedule) << schedule.error().message;
  ASSERT_TRUE(schedule->start());
  for (uint64_t number = 0; number < 20; ++number) {
    schedule->feed({.captured = Clock::now(), .number = number});
    schedule->drain();
  }
  const ScheduleStatus status = schedule->status();
  expectAllAccountedFor(status);
  uint64_t loads = 0;
  for (const ModelStatus& model : status.models) loads += model.loads;
  EXPECT_GT(loads, 10U) << "models leave and come back";
  EXPECT_LE(status.memory.peak.total(), one - 1);
  for (const auto& net : nets) EXPECT_EQ(net->wrong, 0);
}

/// The most that is too little for all of the models at once.
size_t tooLittleFor(std::vector<ScheduledModel> models, ScheduleOptions options) {
  for (ScheduledModel& model : models) model.evictable = false;
  for (;;) {
    const auto schedule = Schedule::create(models, options);
    if (!schedule) return options.memoryBudget;
    for (const Admission& model : schedule->admission()) EXPECT_FALSE(model.mayLeave);
    options.memoryBudget = schedule->runtime().predicted().total() - 1;
  }
}

// Units evict each other's models: what does not fit at the moment is dropped and counted, the rest has
// the bits of each model alone.
TEST(Schedules, EvictModelsWhileOthersCompute) {
  std::vector<std::unique_ptr<Net>> nets;
  std::vector<ScheduledModel> models;
  for (int m = 0; m < 5; ++m) {
    nets.push_back(std::make_unique<Net>(m));
    models.push_back(nets.back()->scheduled("m" + std::to_string(m)));
    models.back().evictable = true;
    models.back().every = 1 + m % 3;
  }
  const ScheduleOptions options{.cpuUnits = 2, .frameRates = {2000}, .concurrency = 1};
  ScheduleOptions less = options;
  less.memoryBudget = tooLittleFor(models, options);
  auto schedule = Schedule::create(models, less);
  ASSERT_TRUE(schedule) << schedule.error().message;
  for (const Admission& model : schedule->admission())
    EXPECT_TRUE(model.mayLeave && !model.holds) << "nothing is promised of what is not there";
  ASSERT_TRUE(schedule->start());
  feedUntil(*schedule, 300);
  schedule->drain();
  const ScheduleStatus status = schedule->status();
  uint64_t loads = 0;
  for (const ModelStatus& model : status.models) {
    EXPECT_EQ(model.underWay, 0U);
    EXPECT_GT(model.done, 0U);
    loads += model.loads;
  }
  EXPECT_GT(loads, 10U);
  EXPECT_LE(status.memory.peak.total(), less.memoryBudget);
  for (const auto& net : nets) EXPECT_EQ(net->wrong, 0);
}

TEST(Schedules, CountWhatFailsAndGoOn) {
  Net net(1), other(2);
  std::vector<ScheduledModel> models{net.scheduled("failing"), other.scheduled("other")};
  models[0].fill = [](ModelRun& run) -> Result<void> {
    if (run.captured().number % 2 == 1)
      return std::unexpected(Error{ErrorCode::InvalidArgument, "no picture"});
    test::writeInput(run.frame(), startOf(run.captured().number, 0));
    return {};
  };
  auto schedule = *Schedule::create(models, {.frameRates = {100}});
  ASSERT_TRUE(schedule.start());
  for (uint64_t number = 0; number < 10; ++number) {
    schedule.feed({.captured = Clock::now(), .number = number});
    schedule.drain();
  }
  const ScheduleStatus status = schedule.status();
  EXPECT_EQ(status.models[0].done, 5U);
  EXPECT_EQ(status.models[0].dropped[static_cast<size_t>(DropReason::Failed)], 5U);
  EXPECT_EQ(status.models[0].lastError, "no picture");
  EXPECT_EQ(status.models[1].done, 10U);
  EXPECT_EQ(net.wrong + other.wrong, 0);
}

TEST(Schedules, StopEndsWhatWasBegunAndCountsWhatWaited) {
  Net net(1);
  auto schedule = *Schedule::create({net.scheduled("m")}, {.frameRates = {2000}});
  EXPECT_TRUE(schedule.start());
  EXPECT_FALSE(schedule.start()) << "once";
  std::jthread camera([&](const std::stop_token& stop) {
    for (uint64_t number = 0; !stop.stop_requested(); ++number)
      schedule.feed({.captured = Clock::now(), .number = number});
  });
  while (schedule.status().models[0].done < 20) std::this_thread::yield();
  schedule.stop();
  camera.request_stop();
  camera.join();
  const ScheduleStatus status = schedule.status();
  EXPECT_EQ(status.models[0].underWay, 0U);
  EXPECT_EQ(net.wrong, 0);
  schedule.feed({});  // nobody looks at it
  EXPECT_EQ(schedule.status().models[0].asked, status.models[0].asked);
}

TEST(Schedules, TellWhatIsWrongWithWhatIsAskedFor) {
  Net net(1);
  const ScheduledModel good = net.scheduled("m");
  const auto refusal = [&](const std::function<void(ScheduledModel&)>& change) {
    ScheduledModel model = good;
    change(model);
    const auto made = Schedule::create({model});
    return made ? "not refused" : made.error().message;
  };
  EXPECT_EQ(refusal([](auto& m) { m.rate = 31; }),
            "model 'm': rate is 31, expected 0 to 30, its stream's frames a second");
  EXPECT_EQ(refusal([](auto& m) { m.every = 0; }), "model 'm': every is 0, expected 1 or more");
  EXPECT_EQ(refusal([](auto& m) { m.stream = 1; }), "model 'm': stream is 1, and there are 1");
  EXPECT_EQ(refusal([](auto& m) { m.of = "x"; }),
            "model 'm' is of 'x', expected a model with a rate of its own");
  EXPECT_EQ(refusal([](auto& m) { m.name = ""; }), "models have names, and '' is none");
  EXPECT_NE(refusal([](auto& m) { m.bytes = {}, m.file = "/none.minnow"; }).find("/none.minnow"),
            std::string::npos);
  EXPECT_FALSE(Schedule::create({good, good}));
  EXPECT_FALSE(Schedule::create({}));
}

TEST(Schedules, AdmissionFollowsPriorities) {
  Net net(1), other(2);
  std::vector<ScheduledModel> models{net.scheduled("urgent"), other.scheduled("late")};
  models[0].priority = 1;
  models[1].deadlineMs = 1e-6;
  const auto schedule = *Schedule::create(models, {.frameRates = {1}});
  const auto admission = schedule.admission();
  EXPECT_TRUE(admission[0].holds);
  EXPECT_GT(admission[0].aloneMs, 0);
  EXPECT_GE(admission[0].responseMs, admission[0].aloneMs);
  EXPECT_FALSE(admission[1].holds) << "nothing is done in a picosecond";
  EXPECT_EQ(admission[1].rateThatHolds, 0);
  EXPECT_EQ(schedule.concurrency(), 2);
}

}  // namespace
}  // namespace minnow
