// How much conversion may make of a model. A file of a few kilobytes can ask for any amount:
// functions that call functions, loops, constants computed from constants. What honest models need
// stays far below these limits.
#pragma once

#include <cstdint>

namespace minnow::sizes {

struct Budget {
  /// Nodes imported; those of a function or a loop's body count each time.
  int64_t nodes = 100'000;
  /// Bytes of constants that are made beside what the file holds: computed, or read again.
  int64_t bytes = int64_t{1} << 30;
  /// Steps (multiply-adds, elements read and written) of computing constants: some six seconds.
  int64_t multiplyAdds = int64_t{2} << 30;

  /// Takes `cost` off `account`, or returns false if less is left.
  static bool spend(int64_t& account, int64_t cost) {
    if (cost < 0 || cost > account) return false;
    account -= cost;
    return true;
  }
};

}  // namespace minnow::sizes
