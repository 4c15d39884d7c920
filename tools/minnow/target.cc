// Limiting the command line to one instruction set.
#include "target.h"

#include <fmt/format.h>

#include "exit.h"
#include "minnow/cpu.h"

namespace minnow::tool {

void addTargetOption(CLI::App* verb) {
  verb->add_option_function<std::string>(
          "--target", [](const std::string& name) { need(limitCpuTarget(name)); },
          fmt::format("Instruction set to run on; here: {}", fmt::join(cpuTargets(), ", ")))
      ->type_name("NAME");
}

}  // namespace minnow::tool
