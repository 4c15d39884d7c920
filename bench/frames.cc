// Two frames of one runtime at once, a thread each, beside the same two one after the other:
//
//   frames MODEL.minnow…
//
// Prints the fastest of many rounds, in which every way of running has its turn: one frame on one
// thread and on two, and two frames at once; "pair" is the time of two frames at once over that of
// two frames one after the other on one thread. Half is what two cores can give.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <thread>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/elements.h"
#include "minnow/runtime.h"

namespace {

constexpr int kRounds = 40, kFrames = 4;

template <class T>
T need(minnow::Result<T> result) {
  if (!result) {
    std::fprintf(stderr, "%s\n", result.error().message.c_str());
    std::exit(1);
  }
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

double now() {
  const auto since = std::chrono::steady_clock::now().time_since_epoch();
  return std::chrono::duration<double, std::milli>(since).count();
}

/// A model in a runtime of its own, with as many sessions as frames may be alive.
struct Engine {
  Engine(const char* path, int threads, int frames)
      : runtime(need(minnow::Runtime::create({.threads = threads, .concurrency = frames}))),
        model(need(minnow::Interpreter::createFromFile(runtime, path))) {
    for (int i = 0; i < frames; ++i) sessions.push_back(need(model.createSession()));
  }
  /// Frames as a camera's: begun, written, run, ended.
  void run(size_t session) {
    for (int i = 0; i < kFrames; ++i) {
      minnow::Frame frame = need(sessions[session].begin());
      for (size_t in = 0; in < sessions[session].inputs().size(); ++in) fill(frame.input(in));
      need(frame.run());
    }
  }
  /// Milliseconds for kFrames frames of each session, all at once.
  double time() {
    const double begin = now();
    std::vector<std::thread> others;
    for (size_t i = 1; i < sessions.size(); ++i) others.emplace_back([this, i] { run(i); });
    run(0);
    for (std::thread& other : others) other.join();
    return now() - begin;
  }

  static void fill(const minnow::TensorView& input) {
    float value = 0.46875f;
    minnow::copyTensor({{.type = input.type, .shape = input.shape}, &value}, input);
  }

  minnow::Runtime runtime;
  minnow::Interpreter model;
  std::vector<minnow::Session> sessions;
};

void measure(const char* path) {
  Engine one(path, 1, 1), two(path, 2, 1), pair(path, 2, 2);
  double single = 1e9, shared = 1e9, both = 1e9;
  for (int round = 0; round < kRounds; ++round) {
    single = std::min(single, one.time());
    shared = std::min(shared, two.time());
    both = std::min(both, pair.time());
  }
  std::printf("| %s | %.2f | %.2f | %.2f | %.3f |\n", std::filesystem::path(path).stem().c_str(),
              single / kFrames, shared / kFrames, both / kFrames, both / (2 * single));
  std::fflush(stdout);
}

}  // namespace

int main(int argc, char** argv) {
  std::printf(
      "| model | one frame, 1 thread, ms | one frame, 2 threads | two frames at once | pair |\n");
  std::printf("|---|---|---|---|---|\n");
  for (int i = 1; i < argc; ++i) measure(argv[i]);
  return 0;
}
