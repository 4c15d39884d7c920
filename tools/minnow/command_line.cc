// The command line. One file a verb; this one maps failures to exit codes.
#include <fmt/format.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <exception>

#include "base/program.h"
#include "exit.h"
#include "minnow/minnow_tools.h"
#include "minnow/runtime.h"
#include "verbs.h"
#include "words.h"

namespace {

using minnow::tool::Exit;
using minnow::tool::Failure;

int report(Exit exit, const std::string& message) {
  std::fflush(stdout);
  fmt::print(stderr, "minnow: {}\n", message);
  return static_cast<int>(exit);
}

/// The code of a verb that ended well, if what it printed has arrived.
int finished(int code) {
  const auto arrived = minnow::base::flushOutput();
  return arrived ? code : report(Exit::Error, arrived.error().message);
}

/// Failure (usage) for a first word that is no verb; the command line's parser would not name it.
void checkVerb(const CLI::App& app, const char* word) {
  if (word != nullptr && word[0] == '-') return;
  std::vector<std::string> verbs;
  for (const CLI::App* verb : app.get_subcommands([](const CLI::App*) { return true; }))
    verbs.push_back(verb->get_name());
  if (word == nullptr)
    throw Failure(Exit::Usage,
                  fmt::format("a verb is missing; there are {}. `minnow --help` has examples",
                              fmt::join(verbs, ", ")));
  if (std::ranges::find(verbs, word) != verbs.end()) return;
  const std::string near = minnow::tool::nearest(word, verbs);
  throw Failure(Exit::Usage,
                fmt::format("there is no verb '{}'{}; there are {}", word,
                            near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                            fmt::join(verbs, ", ")));
}

}  // namespace

extern "C" int minnow_command_line(int argc, char** argv) {
  minnow::base::beginProgram();
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
  minnow::tool::addSchedule(app);
  minnow::tool::addDiff(app);
  minnow::tool::addReplay(app);
  minnow::tool::addTrace(app);
  minnow::tool::addHash(app);
  minnow::tool::addDoctor(app);
  minnow::tool::addHelpPages(app);
  try {
    checkVerb(app, argc > 1 ? argv[1] : nullptr);
    app.parse(argc, argv);
  } catch (const CLI::RuntimeError& error) {  // a verb that has said all it has to say
    return finished(error.get_exit_code());
  } catch (const CLI::ParseError& error) {
    if (error.get_exit_code() == 0) return finished(app.exit(error));  // --help, --version
    const std::string verb = argc > 1 && argv[1][0] != '-' ? argv[1] : "";
    return report(Exit::Usage, fmt::format("{}{}{}; `minnow {}{}--help` tells more", verb,
                                           verb.empty() ? "" : ": ", error.what(), verb,
                                           verb.empty() ? "" : " "));
  } catch (const Failure& failure) {
    return report(failure.exit, failure.what());
  } catch (const std::bad_alloc&) {
    return report(Exit::Error, "memory is short");
  } catch (const std::exception& error) {
    return report(Exit::Error, minnow::tool::reasonOf(error));
  }
  return finished(0);
}
