// Counts every allocation of the process and fails chosen ones. malloc and its relatives, mmap and
// all forms of operator new are replaced; under a sanitizer, which has its own malloc, operator new
// alone.
#pragma once

#include <cstddef>
#include <cstdint>

namespace minnow::allocations {

/// Allocations of all kinds since the program began.
int64_t made();
/// What operator new gave and has not got back: bytes as they were asked for, and blocks.
size_t liveBytes();
int64_t liveBlocks();
/// Whether malloc is replaced too.
bool replacesMalloc();
/// The largest block that operator new was asked for since this was last called.
size_t takeLargest();

/// While it lives, the process's allocation number `n` from now (the first is 0) fails; if
/// `persistent`, all after it too. One at a time.
class Failing {
 public:
  Failing(int64_t n, bool persistent);
  ~Failing();
  /// Whether that many were made.
  bool reached() const;
};

}  // namespace minnow::allocations
