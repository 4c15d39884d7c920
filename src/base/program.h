// What a command-line program owes to whoever calls it, beyond its own task. Not for libraries.
#pragma once

#include "minnow/status.h"

namespace minnow::base {

/// To be called first. From then on SIGINT, SIGTERM and SIGHUP remove unfinished files before they
/// end the process, a file that may not grow further is an error of write(), and no file that is
/// opened can be taken for a standard stream that was closed.
void beginProgram();

/// To be called last: an error where what was printed did not reach standard output.
Result<void> flushOutput();

}  // namespace minnow::base
