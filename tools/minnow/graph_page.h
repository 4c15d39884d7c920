// A model's graph as a page of its own: boxes to look at closely, to move over and to ask.
#pragma once

#include <string>

#include "minnow/runtime.h"

namespace minnow::tool {

/// Runs the session a few times on inputs of 0.46875 for its times and hashes.
std::string graphPage(const std::string& title, Session& session);

}  // namespace minnow::tool
