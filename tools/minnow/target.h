// --target, for every verb that runs models.
#pragma once

#include <CLI/CLI.hpp>

#include "exit.h"

namespace minnow::tool {

/// Limits the process to the target that --target names (minnow/cpu.h), as soon as it is read; ends
/// with `otherwise` where it is not there.
void addTargetOption(CLI::App* verb, Exit otherwise = Exit::Error);

}  // namespace minnow::tool
