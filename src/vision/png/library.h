// What reading and writing by libpng share: its errors leave by longjmp, so whoever calls setjmp
// owns nothing that needs a destructor, and its memory is ours, so that a full machine is told from
// a damaged file.
#pragma once

#include <png.h>

#include <csetjmp>
#include <cstdio>
#include <new>

#include "base/fail.h"

namespace minnow::vision::png {

struct Trap {
  char message[128] = "";
  bool outOfMemory = false;

  /// What libpng's last jump was for.
  std::unexpected<Error> error(std::string_view name, const char* what) const {
    if (outOfMemory) return fail(ErrorCode::OutOfMemory, name, ": no memory for a PNG");
    return fail(ErrorCode::InvalidArgument, name, ": ", what, " (", message, ")");
  }
};

inline void jump(png_structp png, png_const_charp message) {
  auto* trap = static_cast<Trap*>(png_get_error_ptr(png));
  std::snprintf(trap->message, sizeof(trap->message), "%s", message);
  png_longjmp(png, 1);
}
inline void ignore(png_structp /*png*/, png_const_charp /*message*/) {}

inline png_voidp take(png_structp png, png_alloc_size_t bytes) {
  void* block = ::operator new(bytes, std::nothrow);
  if (!block) static_cast<Trap*>(png_get_mem_ptr(png))->outOfMemory = true;
  return block;
}
inline void give(png_structp /*png*/, png_voidp block) { ::operator delete(block); }

}  // namespace minnow::vision::png
