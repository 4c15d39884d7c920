// Models at given rates, by a schedule or by a thread each that is left to the operating system
// (docs/scheduling.md). bench/peers/schedule.py calls it, once for each way and load:
//
//   schedule_bench alone FILE.minnow…
//   schedule_bench HOW UNITS[xRUNS] SECONDS FILE.minnow,PERIOD_MS,PRIORITY…
//
// HOW is threads, urgency, slack, heft or robin; RUNS as ScheduleOptions::concurrency. Deadlines are the time between two frames. Prints JSON:
// of each model the frames asked for and those done in time, the 99th percentile of its latencies, and the
// anonymous memory that all of it takes beyond the empty program's. Threads take the newest frame, as
// the schedule does, and give up what is late before it begins; so they lose by waiting alone.
#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <map>
#include <memory>
#include <mutex>
#include <optional>
#include <string>
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

/// kB that /proc says.
long anonymousKb() {
  std::ifstream rollup("/proc/self/smaps_rollup");
  for (std::string word; rollup >> word;)
    if (word == "Anonymous:") {
      long kb = 0;
      rollup >> kb;
      return kb;
    }
  return 0;
}

struct Spec {
  std::string path;
  double periodMs = 0;
  int priority = 0;
};

struct Outcome {
  uint64_t asked = 0, inTime = 0;
  double p99Ms = 0;
};

struct Measured {
  std::vector<Outcome> models;
  long anonymousKb = 0;  // while all were loaded
  int holding = 0;       // as admission says
};

void clear(const minnow::Session& session, minnow::Frame& frame) {
  for (size_t i = 0; i < session.inputs().size(); ++i)
    std::memset(frame.input(i).data, 0, frame.input(i).bytes());
}

/// The middle of a few runs.
double aloneMs(minnow::Session& session) {
  minnow::Frame frame = need(session.begin());
  std::vector<double> times;
  for (int run = 0; run < 9; ++run) {
    clear(session, frame);
    const auto begin = Clock::now();
    need(frame.run());
    times.push_back(Millis(Clock::now() - begin).count());
  }
  std::ranges::sort(times);
  return times[times.size() / 2];
}

/// One model on a thread of its own, which is told of frames.
class Worker {
 public:
  Worker(minnow::Runtime& runtime, const Spec& spec)
      : model_(need(minnow::Interpreter::createFromFile(runtime, spec.path))),
        session_(need(model_.createSession())),
        deadline_(std::chrono::duration_cast<Clock::duration>(Millis(spec.periodMs))),
        alone_(aloneMs(session_)),
        thread_([this] { run(); }) {}
  void feed(Clock::time_point captured) {
    {
      const std::lock_guard lock(mutex_);
      waiting_ = captured;
      ++outcome_.asked;
    }
    wake_.notify_one();
  }
  Outcome end() {
    {
      const std::lock_guard lock(mutex_);
      stopping_ = true;
    }
    wake_.notify_one();
    thread_.join();
    std::ranges::sort(latencies_);
    if (!latencies_.empty()) outcome_.p99Ms = latencies_[latencies_.size() * 99 / 100];
    return outcome_;
  }

 private:
  void run() {
    std::unique_lock lock(mutex_);
    for (;;) {
      wake_.wait(lock, [&] { return waiting_ || stopping_; });
      if (!waiting_) return;
      const auto captured = *std::exchange(waiting_, {});
      if (Clock::now() + Millis(alone_) > captured + deadline_) continue;
      lock.unlock();
      {
        minnow::Frame frame = need(session_.begin());
        clear(session_, frame);
        need(frame.run());
      }
      lock.lock();
      const auto latency = Clock::now() - captured;
      outcome_.inTime += latency <= deadline_;
      latencies_.push_back(Millis(latency).count());
    }
  }

  minnow::Interpreter model_;
  minnow::Session session_;
  Clock::duration deadline_;
  double alone_;
  std::mutex mutex_;
  std::condition_variable wake_;
  std::optional<Clock::time_point> waiting_;
  bool stopping_ = false;
  Outcome outcome_;
  std::vector<double> latencies_;
  std::thread thread_;
};

/// Calls feed(model) at each model's times, which do not all begin together.
template <class Feed>
void clockwork(const std::vector<Spec>& specs, double seconds, const Feed& feed) {
  const auto duration = [](double ms) {
    return std::chrono::duration_cast<Clock::duration>(Millis(ms));
  };
  const auto start = Clock::now();
  std::vector<Clock::time_point> next;
  for (size_t m = 0; m < specs.size(); ++m)
    next.push_back(start + duration(specs[m].periodMs * static_cast<double>(m) /
                                    static_cast<double>(specs.size())));
  for (;;) {
    const auto soonest = std::ranges::min_element(next);
    if (*soonest > start + duration(seconds * 1000)) return;
    std::this_thread::sleep_until(*soonest);
    const auto model = static_cast<size_t>(soonest - next.begin());
    feed(model, *soonest);
    *soonest += duration(specs[model].periodMs);
  }
}

Measured asThreads(const std::vector<Spec>& specs, double seconds) {
  const int count = static_cast<int>(specs.size());
  minnow::Runtime runtime = need(minnow::Runtime::create({.threads = 1, .concurrency = count}));
  std::vector<std::unique_ptr<Worker>> workers;
  for (const Spec& spec : specs) workers.push_back(std::make_unique<Worker>(runtime, spec));
  clockwork(specs, seconds, [&](size_t model, Clock::time_point at) { workers[model]->feed(at); });
  std::vector<Outcome> outcomes;
  for (auto& worker : workers) outcomes.push_back(worker->end());
  return {std::move(outcomes), anonymousKb()};
}

Measured asSchedule(const std::vector<Spec>& specs, minnow::ScheduleRule rule,
                    const std::string& units, double seconds) {
  std::vector<minnow::ScheduledModel> models;
  std::vector<double> frameRates;
  for (size_t m = 0; m < specs.size(); ++m) {
    frameRates.push_back(1000 / specs[m].periodMs);
    models.push_back({.name = "model " + std::to_string(m),
                      .file = specs[m].path,
                      .stream = static_cast<int>(m),
                      .priority = specs[m].priority});
  }
  const size_t cross = units.find('x');
  const int runs = cross == std::string::npos ? 0 : std::atoi(units.c_str() + cross + 1);
  auto schedule = need(minnow::Schedule::create(models, {.cpuUnits = std::atoi(units.c_str()),
                                                         .rule = rule,
                                                         .frameRates = frameRates,
                                                         .concurrency = runs}));
  int holding = 0;
  for (const auto& model : schedule.admission()) holding += model.holds;
  need(schedule.start());
  clockwork(specs, seconds, [&](size_t model, Clock::time_point at) {
    schedule.feed({.captured = at, .stream = static_cast<int>(model)});
  });
  schedule.drain();
  std::vector<Outcome> outcomes;
  for (const auto& model : schedule.status().models)
    outcomes.push_back({model.asked, model.done - model.missed, model.latencyP99Ms});
  return {std::move(outcomes), anonymousKb(), holding};
}

Spec specOf(const std::string& words) {
  const size_t last = words.rfind(','), first = words.rfind(',', last - 1);
  return {words.substr(0, first), std::atof(words.c_str() + first + 1),
          std::atoi(words.c_str() + last + 1)};
}

int printAlone(int argc, char** argv) {
  minnow::Runtime runtime = need(minnow::Runtime::create());
  std::printf("[");
  for (int i = 2; i < argc; ++i) {
    const auto model = need(minnow::Interpreter::createFromFile(runtime, argv[i]));
    minnow::Session session = need(model.createSession());
    std::printf("%s%.4f", i == 2 ? "" : ", ", aloneMs(session));
  }
  std::printf("]\n");
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::map<std::string, minnow::ScheduleRule> rules{
      {"urgency", minnow::ScheduleRule::Urgency},
      {"slack", minnow::ScheduleRule::LeastSlack},
      {"heft", minnow::ScheduleRule::LongestTask},
      {"robin", minnow::ScheduleRule::RoundRobin}};
  const std::string how = argc > 2 ? argv[1] : "";
  if (how == "alone") return printAlone(argc, argv);
  if (argc < 5 || (how != "threads" && !rules.contains(how))) {
    std::fprintf(stderr,
                 "usage: %s threads|urgency|slack|heft|robin UNITS[xRUNS] SECONDS "
                 "FILE,PERIOD_MS,PRIORITY…\n",
                 argv[0]);
    return 2;
  }
  std::vector<Spec> specs;
  for (int i = 4; i < argc; ++i) specs.push_back(specOf(argv[i]));
  const double seconds = std::atof(argv[3]);
  const long before = anonymousKb();
  const Measured found = how == "threads" ? asThreads(specs, seconds)
                                          : asSchedule(specs, rules.at(how), argv[2], seconds);
  std::printf("{\"holding\": %d, \"anonymous_kb\": %ld, \"models\": [", found.holding,
              found.anonymousKb - before);
  for (const Outcome& one : found.models)
    std::printf("%s{\"asked\": %llu, \"in_time\": %llu, \"p99_ms\": %.3f}",
                &one == found.models.data() ? "" : ", ", static_cast<unsigned long long>(one.asked),
                static_cast<unsigned long long>(one.inTime), one.p99Ms);
  std::printf("]}\n");
}
