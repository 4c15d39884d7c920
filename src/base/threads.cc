// Names of threads, forks, flushing of denormals.
#include "base/threads.h"

#include <atomic>

#include <pthread.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace minnow::base {

int forks() {
  static std::atomic<int> count = 0;
  static const int registered = pthread_atfork(nullptr, nullptr, [] { ++count; });
  static_cast<void>(registered);
  return count.load(std::memory_order_relaxed);
}

ThreadName thisThread() {
  static std::atomic<uint64_t> last = 0;
  thread_local const uint64_t number = ++last;
  ThreadName name;
  name.number_ = number;
  name.process_ = forks();
  return name;
}

bool ThreadName::isGone() const { return process_ != forks() && !(*this == thisThread()); }

#if defined(__SSE2__)
namespace {
// Flush to zero, denormals are zero, no traps, to nearest.
constexpr unsigned kMode = 0x8040 | 0x1F80;
}  // namespace
DenormalsFlushed::DenormalsFlushed() : saved_(_mm_getcsr()) { _mm_setcsr(kMode); }
DenormalsFlushed::~DenormalsFlushed() { _mm_setcsr(static_cast<unsigned>(saved_)); }
#elif defined(__aarch64__)
DenormalsFlushed::DenormalsFlushed() {
  asm volatile("mrs %0, fpcr" : "=r"(saved_));
  asm volatile("msr fpcr, %0" ::"r"(uint64_t{1} << 24));
}
DenormalsFlushed::~DenormalsFlushed() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }
#elif defined(__arm__)
DenormalsFlushed::DenormalsFlushed() {
  uint32_t bits = 0;
  asm volatile("vmrs %0, fpscr" : "=r"(bits));
  saved_ = bits;
  asm volatile("vmsr fpscr, %0" ::"r"(1U << 24));
}
DenormalsFlushed::~DenormalsFlushed() {
  asm volatile("vmsr fpscr, %0" ::"r"(static_cast<uint32_t>(saved_)));
}
#elif defined(__riscv_flen)
// To nearest. RISC-V has no way to flush denormals (docs/arm.md says what that means).
DenormalsFlushed::DenormalsFlushed() { asm volatile("fsrm %0, zero" : "=r"(saved_)); }
DenormalsFlushed::~DenormalsFlushed() { asm volatile("fsrm %0" ::"r"(saved_)); }
#else
DenormalsFlushed::DenormalsFlushed() : saved_(0) {}
DenormalsFlushed::~DenormalsFlushed() = default;
#endif

}  // namespace minnow::base
