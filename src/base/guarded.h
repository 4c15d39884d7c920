// Where exceptions end. The standard library throws when memory is short; no exception crosses a
// public function. Builds without exceptions end the process there, as the library then does.
#pragma once

#include <new>
#include <string_view>

#include "base/fail.h"

namespace minnow {

#if defined(__cpp_exceptions)

/// Runs `body`, which returns a Result; what it throws becomes an error about `subject`.
template <class Body>
auto guarded(std::string_view subject, Body&& body) noexcept -> decltype(body()) {
  try {
    return body();
  } catch (const std::bad_alloc&) {
    return fail(ErrorCode::OutOfMemory, subject,
                ": an allocation failed; free memory, or use fewer or smaller models");
  } catch (...) {
    return std::unexpected(Error{ErrorCode::Internal, "exception"});
  }
}

#else

template <class Body>
auto guarded(std::string_view, Body&& body) noexcept -> decltype(body()) {
  return body();
}

#endif

}  // namespace minnow
