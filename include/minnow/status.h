// Errors as values. No exception crosses a public function; the library never prints, exits or
// aborts.
#pragma once

#include <expected>
#include <string>

#pragma GCC visibility push(default)

namespace minnow {

enum class ErrorCode {
  InvalidArgument,  ///< the caller passed something that cannot be used
  NotFound,         ///< a file, an input or an output of that name does not exist
  Io,               ///< the operating system refused to read or write
  BadModel,         ///< the file is truncated, damaged or contradicts itself
  VersionMismatch,  ///< the file was written by a converter this engine does not understand
  Unsupported,      ///< understood, but not implemented
  ShapeMismatch,    ///< shapes or types do not fit together
  OutOfMemory,      ///< an allocation failed or the memory budget does not allow it
  Busy,             ///< no arena is free and the caller chose not to wait
  Stopped,          ///< a callback stopped the run
  Internal,         ///< a defect of this library
  DeviceFailed,     ///< a device stopped working; sessions made from now on do without it
};

/// The stable name of a code, for messages and JSON.
const char* errorCodeName(ErrorCode code);

/// `message` names the file, node and operator, what was expected, and what to do about it.
struct Error {
  ErrorCode code = ErrorCode::Internal;
  std::string message;
};

template <class T>
using Result = std::expected<T, Error>;

}  // namespace minnow

#pragma GCC visibility pop
