// The same models at the same rates, as a schedule and as a thread each that is left to the operating
// system, both in Minnow and on as many cores (docs/scheduling.md):
//
//   schedule_bench SECONDS MODEL.minnow…
//
// The first model is the most urgent one. Rates are such that each model asks for the same share of one
// core, 0.5 to 2 of it altogether; deadlines are the time between two frames. What is told of a
// model: frames done in time, of those asked for. Threads take the newest frame, as the schedule does,
// and give up what is late before it begins; so they lose by waiting alone.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <memory>
#include <mutex>
#include <optional>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/schedule.h"

namespace {

using Clock = std::chrono::steady_clock;
using Millis = std::chrono::duration<double, std::milli>;

template <class T>
T need(minnow::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

void clear(const minnow::Session& session, minnow::Frame& frame) {
  for (size_t i = 0; i < session.inputs().size(); ++i)
    std::memset(frame.input(i).data, 0, frame.input(i).bytes());
}

struct Spec {
  const char* path = nullptr;
  double aloneMs = 0;  ///< the middle of a few runs
  double periodMs(double load, size_t models) const {
    return aloneMs * static_cast<double>(models) / load;
  }
};

double aloneMs(const char* path) {
  minnow::Runtime runtime = need(minnow::Runtime::create());
  const auto model = need(minnow::Interpreter::createFromFile(runtime, path));
  minnow::Session session = need(model.createSession());
  minnow::Frame frame = need(session.begin());
  std::vector<double> times;
  for (int run = 0; run < 15; ++run) {
    clear(session, frame);
    const auto begin = Clock::now();
    need(frame.run());
    times.push_back(Millis(Clock::now() - begin).count());
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

struct Outcome {
  uint64_t asked = 0, inTime = 0;
};

/// One model on a thread of its own, which is told of frames.
class Worker {
 public:
  Worker(minnow::Runtime& runtime, const Spec& spec, double periodMs)
      : model_(need(minnow::Interpreter::createFromFile(runtime, spec.path))),
        session_(need(model_.createSession())),
        spec_(spec),
        deadline_(std::chrono::duration_cast<Clock::duration>(Millis(periodMs))),
        thread_([this] { run(); }) {}
  ~Worker() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
  }
  void feed(Clock::time_point captured) {
    {
      const std::lock_guard lock(mutex_);
      waiting_ = captured;
      ++outcome.asked;
    }
    wake_.notify_one();
  }
  Outcome outcome;

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return waiting_ || stopping_; });
      if (stopping_) return;
      const auto captured = *std::exchange(waiting_, {});
      if (Clock::now() + Millis(spec_.aloneMs) > captured + deadline_) continue;
      lock.unlock();
      {
        minnow::Frame frame = need(session_.begin());
        clear(session_, frame);
        need(frame.run());
      }
      lock.lock();
      outcome.inTime += Clock::now() <= captured + deadline_;
    }
  }

  minnow::Interpreter model_;
  minnow::Session session_;
  Spec spec_;
  Clock::duration deadline_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Clock::time_point> waiting_;
  bool stopping_ = false;
  std::thread thread_;
};

/// Calls feed(model) at each model's times.
template <class Feed>
void clockwork(const std::vector<Spec>& specs, double load, double seconds, const Feed& feed) {
  const auto start = Clock::now();
  std::vector<Clock::time_point> next(specs.size(), start);
  for (;;) {
    const auto soonest = std::ranges::min_element(next);
    if (*soonest > start + Millis(seconds * 1000)) return;
    std::this_thread::sleep_until(*soonest);
    const auto model = static_cast<size_t>(soonest - next.begin());
    feed(model, *soonest);
    *soonest += std::chrono::duration_cast<Clock::duration>(
        Millis(specs[model].periodMs(load, specs.size())));
  }
}

std::vector<Outcome> asThreads(const std::vector<Spec>& specs, double load, double seconds) {
  const int count = static_cast<int>(specs.size());
  minnow::Runtime runtime = need(minnow::Runtime::create({.threads = 1, .concurrency = count}));
  std::vector<std::unique_ptr<Worker>> workers;
  for (const Spec& spec : specs)
    workers.push_back(std::make_unique<Worker>(runtime, spec, spec.periodMs(load, specs.size())));
  clockwork(specs, load, seconds,
            [&](size_t model, Clock::time_point at) { workers[model]->feed(at); });
  std::vector<Outcome> outcomes;
  for (auto& worker : workers) {
    const uint64_t asked = worker->outcome.asked;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
    outcomes.push_back({asked, worker->outcome.inTime});
  }
  return outcomes;
}

std::vector<Outcome> asSchedule(const std::vector<Spec>& specs, double load, double seconds) {
  std::vector<minnow::ScheduledModel> models;
  std::vector<double> frameRates;
  for (size_t m = 0; m < specs.size(); ++m) {
    frameRates.push_back(1000 / specs[m].periodMs(load, specs.size()));
    models.push_back({.name = "model " + std::to_string(m),
                      .file = specs[m].path,
                      .stream = static_cast<int>(m),
                      .priority = m == 0 ? 1 : 0});
  }
  auto schedule = need(minnow::Schedule::create(models, {.frameRates = frameRates}));
  need(schedule.start());
  clockwork(specs, load, seconds, [&](size_t model, Clock::time_point at) {
    schedule.feed({.captured = at, .stream = static_cast<int>(model)});
  });
  schedule.drain();
  std::vector<Outcome> outcomes;
  for (const auto& model : schedule.status().models)
    outcomes.push_back({model.asked, model.done - model.missed});
  return outcomes;
}

/// Of the others the mean of their percentages: by frames, the smallest model alone would count.
void print(const char* how, double load, const std::vector<Outcome>& outcomes) {
  std::vector<double> percents;
  for (const Outcome& one : outcomes)
    percents.push_back(100 * static_cast<double>(one.inTime) /
                       static_cast<double>(std::max<uint64_t>(one.asked, 1)));
  double others = 0;
  for (size_t m = 1; m < percents.size(); ++m)
    others += percents[m] / static_cast<double>(percents.size() - 1);
  std::printf("load %.2f  %-9s  in time: most urgent %5.1f %%, the others %5.1f %%\n", load, how,
              percents[0], others);
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  if (argc < 3) {
    std::fprintf(stderr, "usage: %s SECONDS MODEL.minnow...\n", argv[0]);
    return 2;
  }
  std::vector<Spec> specs;
  for (int i = 2; i < argc; ++i) {
    specs.push_back({argv[i], aloneMs(argv[i])});
    std::printf("%8.2f ms  %s\n", specs.back().aloneMs, argv[i]);
  }
  for (const double load : {0.5, 0.75, 1.0, 1.5, 2.0}) {
    print("threads", load, asThreads(specs, load, std::atof(argv[1])));
    print("schedule", load, asSchedule(specs, load, std::atof(argv[1])));
  }
}
