// A bar on the error stream, only where that is a terminal and only for work that takes a while.
#pragma once

#include <functional>
#include <string>

namespace minnow::tool {

/// A function for ConvertOptions::progress; empty where no terminal looks on.
std::function<void(double, const std::string&)> terminalProgress();

}  // namespace minnow::tool
