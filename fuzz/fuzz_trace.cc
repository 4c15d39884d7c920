// Any bytes as an .npz file: its description and every tensor must be read or refused.
#include <sys/mman.h>
#include <unistd.h>

#include <cstdint>
#include <string>

#include "analysis/trace.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  static const int file = memfd_create("trace.npz", MFD_CLOEXEC);
  static const std::string path = "/proc/self/fd/" + std::to_string(file);
  if (ftruncate(file, 0) != 0 || pwrite(file, data, size, 0) != static_cast<ssize_t>(size))
    __builtin_trap();
  const auto trace = minnow::analysis::Trace::open(path);
  if (!trace) return 0;
  for (const std::string& name : trace->tensors()) (void)trace->tensor(name);
  return 0;
}
