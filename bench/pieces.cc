// What it costs to compute a model piece by piece (Frame::advance) beside Frame::run, and its longest
// piece, for which an urgent model has to wait (docs/scheduling.md):
//
//   pieces THREADS MODEL.minnow…
//
// Milliseconds, the least of many runs of each in turns; of the longest piece, the least that the same
// piece ever took.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/runtime.h"

namespace {

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

void clear(const minnow::Session& session, minnow::Frame& frame) {
  for (size_t i = 0; i < session.inputs().size(); ++i)
    std::memset(frame.input(i).data, 0, frame.input(i).bytes());
}

/// The least of every piece is kept in `least`. The time of them all.
double timeOfPieces(minnow::Frame& frame, std::vector<double>& least) {
  const double begin = now();
  size_t piece = 0;
  for (bool done = false; !done; ++piece) {
    const double from = now();
    done = need(frame.advance());
    if (piece == least.size()) least.push_back(1e9);
    least[piece] = std::min(least[piece], now() - from);
  }
  return now() - begin;
}

void compare(const char* path, int threads) {
  constexpr double kSeconds = 3;
  minnow::Runtime runtime = need(minnow::Runtime::create({.threads = threads}));
  const auto model = need(minnow::Interpreter::createFromFile(runtime, path));
  minnow::Session session = need(model.createSession());
  minnow::Frame frame = need(session.begin());
  double whole = 1e9, inPieces = 1e9;
  std::vector<double> pieces;
  for (const double begin = now(); now() - begin < kSeconds * 1000;) {
    clear(session, frame);
    const double from = now();
    need(frame.run());
    whole = std::min(whole, now() - from);
    clear(session, frame);
    inPieces = std::min(inPieces, timeOfPieces(frame, pieces));
  }
  std::printf("%-28.28s run %8.3f  pieces %8.3f  ratio %5.3f  %5zu pieces  longest %7.3f ms\n",
              model.name().c_str(), whole, inPieces, inPieces / whole, pieces.size(),
              *std::ranges::max_element(pieces));
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 2; i < argc; ++i) {
    std::printf("%s\n  ", argv[i]);
    compare(argv[i], std::atoi(argv[1]));
  }
}
