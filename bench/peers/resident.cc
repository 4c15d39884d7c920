// Minnow's part of the memory comparison: loads models, keeps them all, runs each twice and waits
// to be looked at.
//
//   resident MODEL.minnow…     (none: a runtime and nothing else)
//
// Prints one line of JSON, what the library itself says it holds, and ends when its standard input
// does.
#include <malloc.h>

#include <cstdio>
#include <cstdlib>
#include <type_traits>
#include <utility>
#include <vector>

#include "minnow/runtime.h"

namespace {

[[noreturn]] void giveUp(const char* model, const minnow::Error& error) {
  std::fprintf(stderr, "%s: %s\n", model, error.message.c_str());
  std::exit(1);
}

template <class T>
T need(minnow::Result<T> result, const char* model) {
  if (!result) giveUp(model, result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

/// 0.46875 everywhere, from one number.
void fill(const minnow::TensorView& input) {
  float value = 0.46875f;
  minnow::copyTensor({{.type = input.type, .shape = input.shape}, &value}, input);
}

void runTwice(minnow::Session& session, const char* model) {
  minnow::Frame frame = need(session.begin(), model);
  for (int run = 0; run < 2; ++run) {
    for (size_t i = 0; i < session.inputs().size(); ++i) fill(frame.input(i));
    need(frame.run(), model);
  }
}

}  // namespace

int main(int argc, char** argv) {
  minnow::Runtime runtime = need(minnow::Runtime::create(), "runtime");
  std::vector<minnow::Interpreter> models;
  std::vector<minnow::Session> sessions;
  size_t staticBytes = 0, modelBytes = 0;
  for (int i = 1; i < argc; ++i) {
    models.push_back(need(minnow::Interpreter::createFromFile(runtime, argv[i]), argv[i]));
    sessions.push_back(need(models.back().createSession(), argv[i]));
    const minnow::MemoryReport report = sessions.back().memory();
    staticBytes += report.staticBytes, modelBytes += report.modelBytes;
  }
  for (size_t i = 0; i < sessions.size(); ++i) runTwice(sessions[i], argv[i + 1]);
  malloc_trim(0);
  std::printf("{\"arena\": %zu, \"weights\": %zu, \"models\": %zu}\n", runtime.arenaBytes(),
              staticBytes, modelBytes);
  std::fflush(stdout);
  while (std::getchar() != EOF) {
  }
  return 0;
}
