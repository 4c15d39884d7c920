// What the operating system says of this process's memory (Linux: /proc/self/smaps_rollup, status),
// and what its heap and stack hold.
#pragma once

#include <cstddef>
#include <functional>
#include <optional>
#include <string_view>

namespace minnow::tool {

/// Bytes. Resident memory is `anonymous` + `fileBacked`.
struct ProcessMemory {
  size_t anonymous = 0;     ///< pages of no file: heap, arenas, stacks
  size_t fileBacked = 0;    ///< Rss less Anonymous: mapped models, the program and its libraries
  size_t pss = 0;           ///< Rss, each shared page divided by the processes that share it
  size_t peakResident = 0;  ///< VmHWM: the largest Rss so far
};

/// From the text of smaps_rollup and status; nothing where one of the fields is missing.
std::optional<ProcessMemory> parseProcessMemory(std::string_view rollup, std::string_view status);
/// Of this process, now. Takes nothing from the heap.
std::optional<ProcessMemory> processMemory();

/// Bytes that malloc has handed out and not got back, small ones that it keeps ready for this
/// thread included; nothing where the C library does not say (other than glibc, or with the address
/// sanitizer).
std::optional<size_t> heapInUse();

/// A thread on a stack of its own, whose use can be told.
class MeasuredStack {
 public:
  MeasuredStack();
  ~MeasuredStack();
  MeasuredStack(const MeasuredStack&) = delete;
  MeasuredStack& operator=(const MeasuredStack&) = delete;

  /// Runs `work` in the thread and waits for it. An exception ends the program.
  void run(const std::function<void()>& work);
  /// Bytes of the pages that were touched so far: what the stack has needed at most, rounded up to
  /// pages.
  size_t touchedBytes() const;

 private:
  void* memory_ = nullptr;
};

}  // namespace minnow::tool
