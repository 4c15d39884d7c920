// Shorthand for building errors: fail(ErrorCode::BadModel, "node ", name, ": …"). The parts are put
// together out of line: there are hundreds of places that fail, and none is fast. They get there as
// the arguments of a function with `...`, mostly in registers, and a number says what each is. Lists
// of them in memory had 160 functions of 100 bytes make them, one for each row of literals' lengths.
#pragma once

#include <concepts>
#include <cstdint>
#include <expected>
#include <string>
#include <string_view>

#include "minnow/status.h"
#include "minnow/tensor.h"

namespace minnow {

// What may be part of a message, and as what it is passed.
inline const char* passed(const char* words) { return words; }
struct TextWords {
  const char* data;
  size_t size;
};
inline TextWords passed(std::string_view words) { return {words.data(), words.size()}; }
inline TextWords passed(const std::string& words) { return passed(std::string_view(words)); }
inline const Shape* passed(const Shape& shape) { return &shape; }
inline int passed(DataType type) { return static_cast<int>(type); }
inline int64_t passed(std::signed_integral auto number) { return number; }
inline uint64_t passed(std::unsigned_integral auto number) { return number; }
inline double passed(std::floating_point auto number) { return number; }

enum class TextPart : uint8_t { None, CString, Words, Extents, Type, Signed, Unsigned, Real };
inline constexpr int kPartBits = 3;

template <class Passed>
inline constexpr TextPart kTextPart = TextPart::None;
template <>
inline constexpr TextPart kTextPart<const char*> = TextPart::CString;
template <>
inline constexpr TextPart kTextPart<TextWords> = TextPart::Words;
template <>
inline constexpr TextPart kTextPart<const Shape*> = TextPart::Extents;
template <>
inline constexpr TextPart kTextPart<int> = TextPart::Type;
template <>
inline constexpr TextPart kTextPart<int64_t> = TextPart::Signed;
template <>
inline constexpr TextPart kTextPart<uint64_t> = TextPart::Unsigned;
template <>
inline constexpr TextPart kTextPart<double> = TextPart::Real;

/// What follows as arguments: the first in the lowest bits.
template <class... Passed>
consteval uint64_t parts() {
  static_assert(sizeof...(Passed) * kPartBits < 64);
  uint64_t all = 0;
  int bits = 0;
  ((all |= static_cast<uint64_t>(kTextPart<Passed>) << bits, bits += kPartBits), ...);
  return all;
}

std::string joined(uint64_t parts, ...);
std::unexpected<Error> failure(ErrorCode code, uint64_t parts, ...) noexcept;

/// The parts, one after another.
template <class... Parts>
[[gnu::always_inline]] inline std::string text(const Parts&... of) {
  return joined(parts<decltype(passed(of))...>(), passed(of)...);
}

template <class... Parts>
[[gnu::always_inline]] inline std::unexpected<Error> fail(ErrorCode code, const Parts&... of) {
  return failure(code, parts<decltype(passed(of))...>(), passed(of)...);
}

/// The same error; where there is no memory for its words, that.
Error copyOf(const Error& error) noexcept;

/// What passOn() gives: it becomes the result of the calling function where the caller wants it.
class PassedOn {
 public:
  explicit PassedOn(const Error& error) : error_(error) {}
  operator Error() const noexcept { return copyOf(error_); }
  template <class T>
  operator Result<T>() const noexcept {
    return Result<T>(std::unexpect, *this);
  }

 private:
  const Error& error_;
};

/// A result's error as another result's: if (!shape) return passOn(shape). A std::unexpected on the
/// way would be copied into and moved from in each of some 300 places, ready for what that throws.
template <class T>
PassedOn passOn(const Result<T>& failed) {
  return PassedOn(failed.error());
}

}  // namespace minnow
