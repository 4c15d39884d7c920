// A schedule for hours: soak SECONDS [MODEL.minnow …]
// Twelve models in a budget that does not hold them, on a stream that bursts, stalls and comes back; files of models are
// replaced under way, inputs get other sizes, of models while they are computed and of a session beside them before every
// run, and allocations fail. Every output has the bits that its model gave alone before, every frame is accounted for, and
// memory does not grow. Models that are named take the places of made ones, which anybody has. Prints what happened, and
// what is not as it should be: exit code 1.
#include <malloc.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <optional>
#include <thread>

#include "base/whole_file.h"
#include "minnow/schedule.h"
#include "src/runtime/test_models.h"
#include "tests/memory/allocations.h"
#include "tests/soak/memory_growth.h"

namespace minnow {
namespace {

namespace fs = std::filesystem;
using Clock = std::chrono::steady_clock;

constexpr int kModels = 12, kPictures = 5;
constexpr double kFrameRate = 100;
constexpr size_t kMostRounds = 100'000;  // of a second or more each: a day
constexpr double kMostGrowth = 1;        // kB a minute
constexpr double kMostOfHeap = 1;        // kB, however long it takes: words of last errors
constexpr double kLongMinutes = 20;      // before, pages that come and go are more than that

int problems = 0;

template <class... Args>
void wrong(const char* format, Args... args) {
  std::fputs("WRONG: ", stdout);
  std::printf(format, args...);
  std::fputs("\n", stdout);
  ++problems;
}

template <class T>
T need(Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "soak: %s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// SplitMix64 (Steele, Lea, Flood: Fast splittable pseudorandom number generators, 2014).
struct Random {
  uint64_t state = 1;
  int below(int most) {
    uint64_t z = state += 0x9e3779b97f4a7c15;
    z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
    z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
    return static_cast<int>((z ^ (z >> 31)) % static_cast<uint64_t>(most));
  }
};

uint64_t fnv1a(std::span<const std::byte> bytes, uint64_t hash) {
  for (const std::byte byte : bytes) hash = (hash ^ static_cast<uint64_t>(byte)) * 0x100000001b3;
  return hash;
}

/// Fills a frame and hashes what comes out, in buffers of its own: allocations are about to fail. What it was made
/// with is the largest session that it meets.
class Pixels {
 public:
  explicit Pixels(const Session& session) {
    for (const TensorInfo& input : session.inputs()) inputs_.push_back(plain(input));
    for (const TensorInfo& output : session.outputs()) outputs_.push_back(plain(output));
  }
  void fill(Frame& frame, int picture) {
    for (size_t i = 0; i < inputs_.size(); ++i) {
      const TensorView to = frame.input(i);
      auto* values = reinterpret_cast<float*>(inputs_[i].data());
      for (size_t k = 0; k < to.bytes() / sizeof(float); ++k)
        values[k] =
            static_cast<float>((k * 7 + static_cast<size_t>(picture) * 11) % 37) / 32 - 0.5F;
      copyTensor({{to.type, to.shape, plainStrides(to.shape)}, inputs_[i].data()}, to);
    }
  }
  uint64_t hash(const Frame& frame) {
    uint64_t hash = 0xcbf29ce484222325;
    for (size_t i = 0; i < outputs_.size(); ++i) {
      const TensorView from = frame.output(i);
      copyTensor(from, {{from.type, from.shape, plainStrides(from.shape)}, outputs_[i].data()});
      hash = fnv1a(std::span(outputs_[i]).first(from.bytes()), hash);
    }
    return hash;
  }

 private:
  static std::vector<std::byte> plain(const TensorInfo& tensor) {
    return std::vector<std::byte>(static_cast<size_t>(tensor.shape.elements()) *
                                  elementSize(tensor.type));
  }
  std::vector<std::vector<std::byte>> inputs_, outputs_;
};

/// As it is, and smaller.
constexpr int kSizes = 2;
using InputShape = std::vector<std::pair<std::string, Shape>>;
using Hashes = std::array<std::array<uint64_t, kPictures>, kSizes>;

/// Of a made model's input: rows, in steps of its strides, are what changes.
InputShape shapesOf(const TensorInfo& input, int size) {
  Shape shape = input.shape;
  shape[2] -= 4 * size;
  return {{input.name, shape}};
}

/// What a file's model gives alone, in one size or in all.
Hashes hashesOf(const fs::path& file, int sizes) {
  auto runtime = need(Runtime::create());
  auto interpreter = need(Interpreter::createFromFile(runtime, file));
  Pixels pixels(need(interpreter.createSession()));
  Hashes hashes{};
  for (int size = 0; size < sizes; ++size) {
    auto session = need(interpreter.createSession());
    if (size > 0) need(session.resizeInputs(shapesOf(interpreter.inputs()[0], size)));
    for (int picture = 0; picture < kPictures; ++picture) {
      auto frame = need(session.begin());
      pixels.fill(frame, picture);
      need(frame.run());
      hashes[static_cast<size_t>(size)][static_cast<size_t>(picture)] = pixels.hash(frame);
    }
  }
  return hashes;
}

int pictureOf(uint64_t frame, int crop) {
  return static_cast<int>((frame + static_cast<uint64_t>(crop)) % kPictures);
}

/// A model of the schedule. Its file is now and then replaced by the other one of two, which have the same shapes; what
/// cannot be evicted keeps the file that it was loaded from.
struct Soaked {
  std::string name;
  fs::path file;
  std::array<fs::path, 2> kinds;
  std::array<Hashes, 2> expected{};
  std::unique_ptr<Pixels> pixels;
  std::vector<InputShape> sizes;  // one for what is not made
  bool evictable = false;
  int every = 1;
  // By the thread that computes, read when it rests.
  std::array<uint64_t, 2> seen{};
  std::array<uint64_t, kSizes> seenOfSize{};
  uint64_t wrongBits = 0, triggered = 0;

  size_t sizeOf(const Shape& shape) const {
    for (size_t size = 0; size < sizes.size(); ++size)
      if (sizes[size][0].second == shape) return size;
    return 0;
  }
  void compare(ModelRun& run) {
    const auto picture = static_cast<size_t>(pictureOf(run.captured().number, run.crop()));
    const uint64_t hash = pixels->hash(run.frame());
    const size_t size = sizeOf(run.frame().input(0).shape);
    const size_t kind = hash == expected[0][size][picture] ? 0 : 1;
    ++seen[kind], ++seenOfSize[size];
    if (hash != expected[kind][size][picture] || (kind == 1 && !loadsAnew())) ++wrongBits;
  }
  /// What is resized comes back from its file as it is now.
  bool loadsAnew() const { return evictable || sizes.size() > 1; }
};

/// Written beside it and renamed: a file that is mapped must stay as it is.
void replaceFile(const fs::path& file, const fs::path& by) {
  const fs::path part = file.string() + ".part";
  fs::copy_file(by, part, fs::copy_options::overwrite_existing);
  fs::rename(part, file);
}

/// Made: two networks of one structure with other weights. Named: a file and its copy.
Soaked soakedModel(const fs::path& folder, int index, const std::vector<fs::path>& named) {
  Soaked model;
  model.name = "model-" + std::to_string(index);
  model.evictable = index % 3 != 0;
  model.every = 1 + index % 4;
  const bool isMade = index >= static_cast<int>(named.size());
  for (int kind = 0; kind < 2; ++kind) {
    fs::path& file = model.kinds[static_cast<size_t>(kind)];
    file = folder / (model.name + "." + std::to_string(kind) + ".minnow");
    if (!isMade)
      fs::copy_file(named[static_cast<size_t>(index)], file);
    else
      need(base::writeFile(file, test::Model(test::smallNetwork(index + 6 * kind)).span));
    model.expected[static_cast<size_t>(kind)] = hashesOf(file, isMade ? kSizes : 1);
  }
  model.file = folder / (model.name + ".minnow");
  replaceFile(model.file, model.kinds[0]);
  auto runtime = need(Runtime::create());
  auto interpreter = need(Interpreter::createFromFile(runtime, model.file));
  model.pixels = std::make_unique<Pixels>(need(interpreter.createSession()));
  for (int size = 0; size < (isMade ? kSizes : 1); ++size)
    model.sizes.push_back(shapesOf(interpreter.inputs()[0], size));
  return model;
}

/// Every third one runs on what the one before it finds: 0 to 3 crops of a frame, of which it may have 2.
bool isOfAnother(int index) { return index % 3 == 2; }

std::vector<ScheduledModel> scheduled(std::vector<Soaked>& models) {
  std::vector<ScheduledModel> all;
  for (int m = 0; m < kModels; ++m) {
    Soaked& model = models[static_cast<size_t>(m)];
    ScheduledModel& one = all.emplace_back();
    one.name = model.name;
    one.file = model.file;
    one.priority = m % 5;
    one.evictable = model.evictable;
    if (isOfAnother(m))
      one.of = models[static_cast<size_t>(m - 1)].name, one.mostCrops = 2, one.deadlineMs = 100;
    else
      one.every = model.every;
    Soaked* next =
        m + 1 < kModels && isOfAnother(m + 1) ? &models[static_cast<size_t>(m) + 1] : nullptr;
    one.fill = [&model](ModelRun& run) -> Result<void> {
      model.pixels->fill(run.frame(), pictureOf(run.captured().number, run.crop()));
      return {};
    };
    one.done = [&model, next](ModelRun& run) -> Result<void> {
      model.compare(run);
      const auto crops = static_cast<int>(run.captured().number / 5 % 4);
      if (next == nullptr || crops == 0) return {};
      ++next->triggered;
      return run.trigger(next->name, crops);
    };
  }
  return all;
}

/// A session beside the schedule, of another size for every run. Allocations that fail leave it as it was.
class Resized {
 public:
  Resized()
      : model_(test::smallNetwork(5)),
        runtime_(need(Runtime::create())),
        interpreter_(need(Interpreter::createFromBuffer(runtime_, model_.span))),
        session_(need(interpreter_.createSession())) {
    for (int size = 0; size < kShapes; ++size) {
      need(session_.resizeInput("x", shapeOf(size)));
      expected_[static_cast<size_t>(size)] = test::runOnce(session_, 0.25F);
    }
    size_ = kShapes - 1;
  }
  void step() {
    const int next = (size_ + 1) % kShapes;
    const auto resized = session_.resizeInput("x", shapeOf(next));
    if (resized) size_ = next, ++resizes;
    if (!resized && resized.error().code != ErrorCode::OutOfMemory)
      wrong("resizing: %s", resized.error().message.c_str());
  }
  void compare() {
    if (test::runOnce(session_, 0.25F) != expected_[static_cast<size_t>(size_)])
      wrong("a resized session gives other bits");
  }
  uint64_t resizes = 0;

 private:
  static constexpr int kShapes = 3;
  static Shape shapeOf(int size) { return {1, 4, 18 + 2 * size, 22 - 2 * size}; }
  test::Model model_;
  Runtime runtime_;
  Interpreter interpreter_;
  Session session_;
  std::array<std::vector<float>, kShapes> expected_;
  int size_ = 0;
};

/// kB of the process's memory that is resident, without what was freed and kept. The quicker counters of
/// /proc/self/statm are batched, dozens of pages wide.
double residentKilobytes() {
  malloc_trim(0);
  std::ifstream file("/proc/self/smaps_rollup");
  std::string word;
  double kilobytes = 0;
  while (file >> word)
    if (word == "Rss:") file >> kilobytes;
  return kilobytes;
}

class Soak {
 public:
  Soak(fs::path folder, const std::vector<fs::path>& named) : folder_(std::move(folder)) {
    for (int m = 0; m < kModels; ++m) models_.push_back(soakedModel(folder_, m, named));
    size_t needed = 0;
    {
      const auto whole = need(Schedule::create(scheduled(models_), {.frameRates = {kFrameRate}}));
      needed = whole.runtime().predicted().total();
      concurrency_ = whole.concurrency();
    }
    budget_ = needed - needed / 4;
    schedule_ = std::make_unique<Schedule>(need(Schedule::create(
        scheduled(models_),
        {.memoryBudget = budget_, .frameRates = {kFrameRate}, .concurrency = concurrency_})));
    std::printf("%d models, %.2f MB of memory for what wants %.2f\n", kModels,
                static_cast<double>(budget_) / 1e6, static_cast<double>(needed) / 1e6);
  }

  void run(double seconds) {
    need(schedule_->start());
    const auto start = Clock::now();
    const auto minutes = [&] {
      return std::chrono::duration<double>(Clock::now() - start).count() / 60;
    };
    // A machine that has much else to do gets ten times as long for all that is to happen.
    const auto goesOn = [&](double sofar) {
      return sofar < seconds || (!everythingHappened() && sofar < 10 * seconds);
    };
    for (int round = 0; goesOn(minutes() * 60); ++round) {
      feedRound(round);
      resized_.compare();
      std::this_thread::sleep_for(std::chrono::milliseconds(200));  // the stream stalls
      schedule_->drain();
      rest(minutes());
      if (round % 8 == 2) settle(minutes());
    }
    settle(minutes());
    schedule_->stop();
    judge(minutes());
  }

 private:
  /// A second of the stream, in every fourth round faster than it says.
  void feedRound(int round) {
    auto due = Clock::now();
    for (int frame = 0; frame < static_cast<int>(kFrameRate); ++frame) {
      disturb(frame);
      std::this_thread::sleep_until(due);
      schedule_->feed({.captured = due, .number = fed_++});
      due += std::chrono::milliseconds(round % 4 == 3 ? 1 : 10);
    }
    failing_.reset();
  }

  /// Allocations fail for one frame in four: one of the next thirty, or all from there on.
  void disturb(int frame) {
    if (failing_ && failing_->reached()) ++failures_;
    failing_.reset();
    if (frame % 20 == 10) {
      const Soaked& model = models_[static_cast<size_t>(random_.below(kModels))];
      replaceFile(model.file,
                  model.kinds[static_cast<size_t>(model.loadsAnew() ? random_.below(2) : 0)]);
      ++replaced_;
    }
    if (frame % 4 == 0) failing_.emplace(random_.below(30), random_.below(4) == 0);
    if (frame % 10 == 0) resized_.step();
    if (frame % 25 == 5) resizeOne();
  }

  /// A model that the schedule computes.
  void resizeOne() {
    const Soaked& model = models_[static_cast<size_t>(random_.below(kModels))];
    const auto size = static_cast<size_t>(random_.below(static_cast<int>(model.sizes.size())));
    const auto resized = schedule_->resize(model.name, model.sizes[size]);
    resizes_ += resized.has_value();
    if (!resized && resized.error().code != ErrorCode::OutOfMemory)
      wrong("resizing: %s", resized.error().message.c_str());
  }

  /// All models have the sizes that they began with, and their times are known: then the heap has what it had then.
  void settle(double minutes) {
    for (const Soaked& model : models_)
      while (!schedule_->resize(model.name, model.sizes[0])) schedule_->drain();
    while (std::ranges::any_of(schedule_->admission(), &Admission::isLearning)) {
      schedule_->feed({.captured = Clock::now(), .number = fed_++});
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    schedule_->drain();
    rest(minutes);
    heap_.add(minutes, (static_cast<double>(allocations::liveBytes()) -
                        static_cast<double>(lastStatus_.memory.now.heapBytes)) /
                           1024);
  }

  void rest(double minutes) {
    const ScheduleStatus status = schedule_->status();
    for (size_t m = 0; m < models_.size(); ++m) {
      const Soaked& model = models_[m];
      const ModelStatus& now = status.models[m];
      const uint64_t every = static_cast<uint64_t>(model.every);
      const uint64_t asked =
          isOfAnother(static_cast<int>(m)) ? model.triggered : (fed_ + every - 1) / every;
      if (now.asked != asked || now.underWay != 0)
        wrong("%s: %llu frames were asked for, and it counts %llu, %llu of them under way",
              model.name.c_str(), static_cast<unsigned long long>(asked),
              static_cast<unsigned long long>(now.asked),
              static_cast<unsigned long long>(now.underWay));
      if (model.wrongBits > 0) wrong("%s: other bits", model.name.c_str());
      if (!now.lastError.empty()) lastError_ = model.name + ": " + now.lastError;
      if (now.dropped[static_cast<size_t>(DropReason::Failed)] > 0)
        wrong("%s: %s", model.name.c_str(), now.lastError.c_str());
    }
    if (status.memory.now.total() > budget_) wrong("more memory is held than the budget");
    // What the ledger has comes and goes with models; the rest is to stay.
    const double known = static_cast<double>(status.memory.now.total()) / 1024;
    resident_.add(minutes, residentKilobytes() - known);
    lastStatus_ = status;
  }

  bool everythingHappened() const {
    uint64_t loads = 0;
    std::array<uint64_t, 2> seen{};
    for (const ModelStatus& model : lastStatus_.models) loads += model.loads;
    uint64_t smaller = 0, resizables = 0;
    for (const Soaked& model : models_) {
      for (size_t kind = 0; kind < 2; ++kind) seen[kind] += model.seen[kind];
      smaller += model.seenOfSize[1], resizables += model.sizes.size() > 1;
    }
    return loads > 0 && replaced_ > 0 && resized_.resizes > 0 && failures_ > 0 && seen[0] > 0 &&
           seen[1] > 0 && (smaller > 0 || resizables == 0);
  }

  void judge(double minutes);
  void judgeMemory(double minutes);

  fs::path folder_;
  std::vector<Soaked> models_;
  int concurrency_ = 0;
  size_t budget_ = 0;
  std::unique_ptr<Schedule> schedule_;
  Resized resized_;
  Random random_;
  std::optional<allocations::Failing> failing_;
  uint64_t fed_ = 0, failures_ = 0, replaced_ = 0, resizes_ = 0;
  MemoryGrowth resident_{kMostRounds}, heap_{kMostRounds};
  ScheduleStatus lastStatus_;
  std::string lastError_;
};

void Soak::judgeMemory(double minutes) {
  const double warmUp = std::min(minutes / 3, 10.0);
  const double resident = resident_.slope(warmUp), heap = heap_.rise(warmUp);
  std::printf(
      "beside what the ledger has, after %.1f minutes: %+.2f kB a minute resident, on the heap "
      "%+.3f kB in all\n",
      warmUp, resident, heap);
  if (heap > kMostOfHeap) wrong("the heap grows");
  if (minutes >= kLongMinutes && resident >= kMostGrowth) wrong("resident memory grows");
}

void Soak::judge(double minutes) {
  uint64_t done = 0, missed = 0, loads = 0;
  std::array<uint64_t, kDropReasons> dropped{};
  for (size_t m = 0; m < models_.size(); ++m) {
    const ModelStatus& now = lastStatus_.models[m];
    done += now.done, missed += now.missed, loads += now.loads;
    for (size_t why = 0; why < kDropReasons; ++why) dropped[why] += now.dropped[why];
    for (size_t kind = 0; kind < 2; ++kind)
      if (hashesOf(models_[m].kinds[kind], static_cast<int>(models_[m].sizes.size())) !=
          models_[m].expected[kind])
        wrong("%s: alone it gives other bits than at the beginning", models_[m].name.c_str());
  }
  std::printf("%.1f minutes, %llu frames fed; %llu done, %llu after their deadline; dropped:",
              minutes, static_cast<unsigned long long>(fed_), static_cast<unsigned long long>(done),
              static_cast<unsigned long long>(missed));
  for (size_t why = 0; why < kDropReasons; ++why)
    std::printf(" %s %llu", dropReasonName(static_cast<DropReason>(why)),
                static_cast<unsigned long long>(dropped[why]));
  std::printf("\n%llu loads, %llu files replaced, %llu resizes of models, %llu of a session, %llu "
              "allocations failed (%s)\n",
              static_cast<unsigned long long>(loads), static_cast<unsigned long long>(replaced_),
              static_cast<unsigned long long>(resizes_),
              static_cast<unsigned long long>(resized_.resizes),
              static_cast<unsigned long long>(failures_), lastError_.c_str());
  judgeMemory(minutes);
  if (!everythingHappened()) wrong("something that is to happen did not");
}

int soak(double seconds, const std::vector<fs::path>& named) {
  const fs::path folder = fs::temp_directory_path() / ("minnow-soak." + std::to_string(::getpid()));
  fs::create_directory(folder);
  Soak(folder, named).run(seconds);
  fs::remove_all(folder);
  std::printf("%s\n", problems > 0 ? "not as it should be" : "all as it should be");
  return problems > 0 ? 1 : 0;
}

}  // namespace
}  // namespace minnow

int main(int argc, char** argv) {
  const double seconds = argc > 1 ? std::strtod(argv[1], nullptr) : 0;
  if (!(seconds > 0)) {
    std::fputs("usage: soak SECONDS [MODEL.minnow ...]\n", stderr);
    return 2;
  }
  return minnow::soak(seconds, {argv + 2, argv + argc});
}
