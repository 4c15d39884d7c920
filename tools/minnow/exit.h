// How a verb ends: exit codes, and the exception that carries one through the tool.
#pragma once

#include <stdexcept>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "minnow/status.h"

namespace minnow::tool {

enum class Exit : int {
  Ok = 0,
  Error = 1,
  Usage = 2,
  Unsupported = 3,
  OverBudget = 4,
  // Verbs that compare end as diff(1) does.
  Different = 1,
  CannotCompare = 2,
};

/// Caught in main(), which prints the message and exits with the code.
struct Failure : std::runtime_error {
  Failure(Exit exitCode, const std::string& message)
      : std::runtime_error(message), exit(exitCode) {}
  explicit Failure(const Error& error)
      : Failure(error.code == ErrorCode::Unsupported ? Exit::Unsupported : Exit::Error,
                error.message) {}
  Exit exit;
};

/// Of an argument of `option` for an input that there is none of.
Failure noSuchInput(std::string_view option, std::string_view name,
                    const std::vector<std::string>& inputs);

/// Of a second argument of `option` for one input: none of the two is guessed to be meant.
Failure givenTwice(std::string_view option, std::string_view name);

/// What an exception says; of one that printing threw, that it was standard output.
std::string reasonOf(const std::exception& error);

/// The value, or a Failure with the error's sentence.
template <class T>
T need(Result<T> result) {
  if (!result) throw Failure(result.error());
  if constexpr (!std::is_void_v<T>) return std::move(*result);
}

}  // namespace minnow::tool
