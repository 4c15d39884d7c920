// A file descriptor that is closed with its scope.
#pragma once

#include <unistd.h>

namespace minnow::base {

struct Descriptor {
  explicit Descriptor(int opened) : number(opened) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() {
    if (number >= 0) ::close(number);
  }
  const int number;  ///< -1 for none
};

}  // namespace minnow::base
