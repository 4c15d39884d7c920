// Messages from their parts.
#include "base/fail.h"

namespace minnow {

void TextPart::appendTo(std::string& out) const {
  switch (kind_) {
    case Kind::Words:
      out += words_;
      break;
    case Kind::Signed:
      out += std::to_string(signed_);
      break;
    case Kind::Unsigned:
      out += std::to_string(unsigned_);
      break;
    case Kind::Real:
      out += std::to_string(real_);
      break;
    case Kind::Extents:
      out += shape_->toString();
  }
}

std::string joined(std::initializer_list<TextPart> parts) {
  std::string out;
  for (const TextPart& part : parts) part.appendTo(out);
  return out;
}

std::unexpected<Error> failed(ErrorCode code, std::initializer_list<TextPart> parts) {
#if defined(__cpp_exceptions)
  try {
    return std::unexpected(Error{code, joined(parts)});
  } catch (...) {  // a text that lies inside the string object
    return std::unexpected(Error{ErrorCode::OutOfMemory, "out of memory"});
  }
#else
  return std::unexpected(Error{code, joined(parts)});
#endif
}

}  // namespace minnow
