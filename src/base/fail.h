// Shorthand for building errors: fail(ErrorCode::BadModel, "node ", name, ": …"). The parts are put
// together out of line: there are hundreds of places that fail, and none is fast.
#pragma once

#include <concepts>
#include <expected>
#include <initializer_list>
#include <string>
#include <string_view>

#include "minnow/status.h"
#include "minnow/tensor.h"

namespace minnow {

/// A piece of a message: words, a number, a shape or an element type. Refers to what it was made
/// of.
class TextPart {
 public:
  TextPart(std::string_view words) : kind_(Kind::Words), words_(words) {}
  TextPart(const std::string& words) : TextPart(std::string_view(words)) {}
  TextPart(const char* words) : TextPart(std::string_view(words)) {}
  TextPart(DataType type) : TextPart(dataTypeName(type)) {}
  TextPart(const Shape& shape) : kind_(Kind::Extents), shape_(&shape) {}
  TextPart(std::signed_integral auto number) : kind_(Kind::Signed), signed_(number) {}
  TextPart(std::unsigned_integral auto number) : kind_(Kind::Unsigned), unsigned_(number) {}
  TextPart(std::floating_point auto number) : kind_(Kind::Real), real_(number) {}

  void appendTo(std::string& out) const;

 private:
  enum class Kind : uint8_t { Words, Signed, Unsigned, Real, Extents };
  Kind kind_;
  union {
    std::string_view words_;
    int64_t signed_;
    uint64_t unsigned_;
    double real_;
    const Shape* shape_;
  };
};

std::string joined(std::initializer_list<TextPart> parts);
std::unexpected<Error> failed(ErrorCode code, std::initializer_list<TextPart> parts);

/// The parts, one after another.
template <class... Parts>
std::string text(const Parts&... parts) {
  return joined({TextPart(parts)...});
}

template <class... Parts>
std::unexpected<Error> fail(ErrorCode code, const Parts&... parts) {
  return failed(code, {TextPart(parts)...});
}

}  // namespace minnow
