// /proc, mallinfo2 and mincore. Nothing here may allocate while it reads: that would be measured.
#include "process_memory.h"

#include <fcntl.h>
#include <malloc.h>
#include <pthread.h>
#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <cstdint>
#include <new>
#include <span>
#include <stdexcept>
#include <string_view>

namespace minnow::tool {
namespace {

/// "Name:   123 kB" at the start of a line, in bytes.
std::optional<size_t> field(std::string_view text, std::string_view name) {
  for (size_t at = 0; at < text.size(); at = std::min(text.find('\n', at), text.size() - 1) + 1) {
    std::string_view line = text.substr(at);
    if (!line.starts_with(name) || line.substr(name.size(), 1) != ":") continue;
    line.remove_prefix(name.size() + 1);
    line.remove_prefix(std::min(line.find_first_not_of(" \t"), line.size()));
    size_t kilobytes = 0;
    const auto [end, error] = std::from_chars(line.data(), line.data() + line.size(), kilobytes);
    if (error != std::errc() || kilobytes > SIZE_MAX / 1024) return std::nullopt;
    return kilobytes * 1024;
  }
  return std::nullopt;
}

/// As much of a file as fits.
std::string_view readInto(std::span<char> buffer, const char* path) {
  const int file = open(path, O_RDONLY | O_CLOEXEC);
  if (file < 0) return {};
  size_t filled = 0;
  while (filled < buffer.size()) {
    const ssize_t got = read(file, buffer.data() + filled, buffer.size() - filled);
    if (got <= 0) break;
    filled += static_cast<size_t>(got);
  }
  close(file);
  return {buffer.data(), filled};
}

constexpr size_t kStackBytes = size_t{8} << 20;  // as much as Linux gives a main thread

void* callWork(void* work) {
  (*static_cast<const std::function<void()>*>(work))();
  return nullptr;
}

}  // namespace

std::optional<ProcessMemory> parseProcessMemory(std::string_view rollup, std::string_view status) {
  const auto resident = field(rollup, "Rss"), anonymous = field(rollup, "Anonymous");
  const auto pss = field(rollup, "Pss"), peak = field(status, "VmHWM");
  if (!resident || !anonymous || !pss || !peak || *anonymous > *resident) return std::nullopt;
  return ProcessMemory{*anonymous, *resident - *anonymous, *pss, *peak};
}

std::optional<ProcessMemory> processMemory() {
  std::array<char, 4096> rollup, status;
  return parseProcessMemory(readInto(rollup, "/proc/self/smaps_rollup"),
                            readInto(status, "/proc/self/status"));
}

std::optional<size_t> heapInUse() {
#if defined(__GLIBC__) && __GLIBC_PREREQ(2, 33)
  const struct mallinfo2 info = mallinfo2();
  const size_t bytes = info.uordblks + info.hblkhd;
  if (bytes > 0) return bytes;
#endif
  return std::nullopt;
}

MeasuredStack::MeasuredStack() {
  memory_ = mmap(nullptr, kStackBytes, PROT_READ | PROT_WRITE,
                 MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory_ == MAP_FAILED) throw std::bad_alloc();
  madvise(memory_, kStackBytes, MADV_NOHUGEPAGE);  // a touched page shall be one page
}

MeasuredStack::~MeasuredStack() { munmap(memory_, kStackBytes); }

void MeasuredStack::run(const std::function<void()>& work) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstack(&attributes, memory_, kStackBytes);
  pthread_t thread;
  const int failed =
      pthread_create(&thread, &attributes, callWork, const_cast<std::function<void()>*>(&work));
  pthread_attr_destroy(&attributes);
  if (failed != 0) throw std::runtime_error("no thread can be started");
  pthread_join(thread, nullptr);
}

size_t MeasuredStack::touchedBytes() const {
  const auto page = static_cast<size_t>(sysconf(_SC_PAGESIZE));
  std::array<unsigned char, 2048> resident{};
  size_t touched = 0;
  for (size_t at = 0; at < kStackBytes; at += resident.size() * page) {
    const size_t bytes = std::min(resident.size() * page, kStackBytes - at);
    if (mincore(static_cast<char*>(memory_) + at, bytes, resident.data()) != 0) return 0;
    for (size_t i = 0; i * page < bytes; ++i) touched += (resident[i] & 1u) * page;
  }
  return touched;
}

}  // namespace minnow::tool
