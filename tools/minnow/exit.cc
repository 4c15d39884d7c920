// Failures that several verbs have in common.
#include "exit.h"

#include <fmt/format.h>

#include <cstdio>

#include "words.h"

namespace minnow::tool {

Failure noSuchInput(std::string_view option, std::string_view name,
                    const std::vector<std::string>& inputs) {
  const std::string near = nearest(name, inputs);
  return {Exit::Error,
          fmt::format("{}: no input is named '{}'{}; {}", option, name,
                      near.empty() ? "" : fmt::format(" (did you mean '{}'?)", near),
                      inputs.empty() ? "the model has no inputs"
                                     : fmt::format("there is {}", fmt::join(inputs, ", ")))};
}

Failure givenTwice(std::string_view option, std::string_view name) {
  return {Exit::Usage, fmt::format("{}: '{}' is given twice; give it once", option, name)};
}

std::string reasonOf(const std::exception& error) {
  return std::ferror(stdout) != 0 ? fmt::format("standard output: {}", error.what()) : error.what();
}

}  // namespace minnow::tool
