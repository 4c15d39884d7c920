// minnow: the command line. One file a verb; this one maps failures to exit codes.
#include <fmt/format.h>
#include <signal.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <exception>

#include "exit.h"
#include "minnow/runtime.h"
#include "verbs.h"

namespace {

using minnow::tool::Exit;

int report(Exit exit, const char* message) {
  std::fflush(stdout);
  fmt::print(stderr, "minnow: {}\n", message);
  return static_cast<int>(exit);
}

}  // namespace

int main(int argc, char** argv) {
  signal(SIGXFSZ, SIG_IGN);  // a file that may not grow is an error of write(), not the end
  CLI::App app(
      "Minnow runs convolutional networks in little memory, with the same bits everywhere.",
      "minnow");
  app.set_version_flag("--version", minnow::version());
  app.require_subcommand(1);
  app.footer(
      "Examples:\n"
      "  minnow convert signs.onnx -o signs.minnow --shape images=1,3,320,320\n"
      "  minnow run signs.minnow --input images=street.jpg --scale 0.00392157 --output-dir out\n"
      "  minnow bench signs.minnow --threads 2\n"
      "  minnow memory signs.minnow faces.minnow --budget 24MB\n"
      "  minnow trace signs.minnow --input images=const:0.46875 -o trace.npz\n"
      "Exit codes: 0 done, 1 error, 2 wrong usage, 3 the model needs something unsupported,\n"
      "4 the models do not fit the memory budget; of diff and replay 0 equal, 1 different,\n"
      "2 cannot be compared.\n"
      "`minnow VERB --help` tells more.");
  minnow::tool::addOnnxVerbs(app);
  minnow::tool::addInfo(app);
  minnow::tool::addRun(app);
  minnow::tool::addBench(app);
  minnow::tool::addMemory(app);
  minnow::tool::addDiff(app);
  minnow::tool::addReplay(app);
  minnow::tool::addTrace(app);
  minnow::tool::addHash(app);
  try {
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError& error) {  // a verb that has said all it has to say
    return error.get_exit_code();
  } catch (const CLI::ParseError& error) {
    return app.exit(error) == 0 ? 0 : static_cast<int>(Exit::Usage);
  } catch (const minnow::tool::Failure& failure) {
    return report(failure.exit, failure.what());
  } catch (const std::bad_alloc&) {
    return report(Exit::Error, "memory is short");
  } catch (const std::exception& error) {
    return report(Exit::Error, error.what());
  }
  return 0;
}
