// Limiting the command line to one instruction set.
#include "target.h"

#include <fmt/format.h>

#include "minnow/cpu.h"

namespace minnow::tool {

void addTargetOption(CLI::App* verb, Exit otherwise) {
  const auto limit = [otherwise](const std::string& name) {
    const auto limited = limitCpuTarget(name);
    if (!limited) throw Failure(otherwise, limited.error().message);
  };
  verb->add_option_function<std::string>(
          "--target", limit,
          fmt::format("Instruction set to run on; here: {}", fmt::join(cpuTargets(), ", ")))
      ->type_name("NAME");
}

}  // namespace minnow::tool
