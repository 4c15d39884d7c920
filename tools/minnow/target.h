// --target, for every verb that runs models.
#pragma once

#include <CLI/CLI.hpp>

namespace minnow::tool {

/// Limits the process to the target that --target names (minnow/cpu.h), as soon as it is read.
void addTargetOption(CLI::App* verb);

}  // namespace minnow::tool
