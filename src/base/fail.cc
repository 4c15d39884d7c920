// Messages from their parts.
#include "base/fail.h"

#include <cstdarg>

namespace minnow {
namespace {

void append(TextPart part, va_list* from, std::string& out) {
  switch (part) {
    case TextPart::None:
      break;
    case TextPart::CString:
      out += va_arg(*from, const char*);
      break;
    case TextPart::Words: {
      const auto words = va_arg(*from, TextWords);
      out.append(words.data, words.size);
      break;
    }
    case TextPart::Extents:
      out += va_arg(*from, const Shape*)->toString();
      break;
    case TextPart::Type:
      out += dataTypeName(static_cast<DataType>(va_arg(*from, int)));
      break;
    case TextPart::Signed:
      out += std::to_string(va_arg(*from, int64_t));
      break;
    case TextPart::Unsigned:
      out += std::to_string(va_arg(*from, uint64_t));
      break;
    case TextPart::Real:
      out += std::to_string(va_arg(*from, double));
  }
}

/// A call's arguments, which end with it, whatever is thrown between.
struct Arguments {
  va_list list;
  ~Arguments() { va_end(list); }

  std::string joined(uint64_t parts) {
    std::string out;
    for (; parts != 0; parts >>= kPartBits)
      append(static_cast<TextPart>(parts % (1 << kPartBits)), &list, out);
    return out;
  }
};

/// What make() gives, or that there is no memory for it.
template <class F>
Error orShort(F&& make) {
#if defined(__cpp_exceptions)
  try {
    return make();
  } catch (...) {  // a text that lies inside the string object
    return {ErrorCode::OutOfMemory, "out of memory"};
  }
#else
  return make();
#endif
}

}  // namespace

std::string joined(uint64_t parts, ...) {
  Arguments given;
  va_start(given.list, parts);
  return given.joined(parts);
}

std::unexpected<Error> failure(ErrorCode code, uint64_t parts, ...) noexcept {
  Arguments given;
  va_start(given.list, parts);
  return std::unexpected(orShort([&] { return Error{code, given.joined(parts)}; }));
}

Error copyOf(const Error& error) noexcept {
  return orShort([&] { return error; });
}

}  // namespace minnow
