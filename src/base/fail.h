// Shorthand for building errors: fail(ErrorCode::BadModel, "node ", name, ": …").
#pragma once

#include <expected>
#include <string>
#include <string_view>
#include <type_traits>

#include "minnow/status.h"
#include "minnow/tensor.h"

namespace minnow {

inline void appendText(std::string& out, std::string_view text) { out += text; }
inline void appendText(std::string& out, const Shape& shape) { out += shape.toString(); }
inline void appendText(std::string& out, DataType type) { out += dataTypeName(type); }
template <class T>
  requires std::is_arithmetic_v<T>
void appendText(std::string& out, T number) {
  out += std::to_string(number);
}

/// The parts, one after another.
template <class... Parts>
std::string text(const Parts&... parts) {
  std::string out;
  (appendText(out, parts), ...);
  return out;
}

template <class... Parts>
std::unexpected<Error> fail(ErrorCode code, const Parts&... parts) {
  return std::unexpected(Error{code, text(parts...)});
}

}  // namespace minnow
