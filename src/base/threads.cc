// Worker threads and parallelFor; flushing of denormals.
#include "base/threads.h"

#include <algorithm>
#include <atomic>
#include <condition_variable>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

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

struct ThreadPool::Impl {
  const int process = forks();
  std::mutex callers;  // one parallelFor at a time
  std::mutex mutex;
  std::condition_variable wake, finished;
  std::vector<pthread_t> workers;
  const RangeFn* fn = nullptr;
  int64_t n = 0, grain = 1, next = 0;
  std::atomic<int> busy = 0;       // workers at the job; changed under the mutex
  std::atomic<bool> open = false;  // there are ranges to take; changed under the mutex
  int spins = 0;
  bool stopping = false;

  // Jobs of strips follow each other within microseconds, and waking a sleeping thread takes tens
  // of them: whoever waits looks again for a while before it sleeps.
  template <class Ready>
  void lookFor(const Ready& ready) const {
    for (int i = 0; i < spins && !ready(); ++i) pause();
  }
  static void pause() {
#if defined(__SSE2__)
    _mm_pause();
#elif defined(__aarch64__) || defined(__arm__)
    asm volatile("yield");
#endif
  }

  // Takes the next range, larger at first and never less than a grain. False when none is left.
  bool take(int64_t& begin, int64_t& end) {
    const std::lock_guard lock(mutex);
    if (next >= n) {
      open.store(false, std::memory_order_relaxed);
      return false;
    }
    const int64_t shares = 2 * static_cast<int64_t>(workers.size() + 1);
    const int64_t grains = std::max<int64_t>(1, (n - next) / grain / shares);
    begin = next;
    end = next = std::min(n, begin + grains * grain);
    return true;
  }

  void work(const RangeFn& job) {
    int64_t begin = 0, end = 0;
    while (take(begin, end)) job(begin, end);
  }

  void workerLoop() {
    const DenormalsFlushed flushed;
    std::unique_lock lock(mutex, std::defer_lock);
    while (true) {
      lookFor([&] { return open.load(std::memory_order_relaxed); });
      lock.lock();
      wake.wait(lock, [&] { return stopping || (fn && next < n); });
      if (stopping) return;
      ++busy;
      const RangeFn* job = fn;
      lock.unlock();
      work(*job);
      lock.lock();
      if (--busy == 0) finished.notify_all();
      lock.unlock();
    }
  }
};

namespace {

/// A worker's stack. Kernels keep tables of some kilobytes there at most.
constexpr size_t kStackBytes = 512 * 1024;
/// Some tens of microseconds.
constexpr int kSpins = 2000;

}  // namespace

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>()) {
  impl_->workers.reserve(static_cast<size_t>(threads));
  const auto loop = [](void* pool) -> void* {
    static_cast<Impl*>(pool)->workerLoop();
    return nullptr;
  };
  // Where threads share a core, looking keeps it from the one that works.
  if (std::cmp_greater_equal(std::thread::hardware_concurrency(), threads)) impl_->spins = kSpins;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setstacksize(&attributes, kStackBytes);
  pthread_t worker;
  for (int i = 1; i < threads; ++i)
    if (pthread_create(&worker, &attributes, loop, impl_.get()) == 0)
      impl_->workers.push_back(worker);
  pthread_attr_destroy(&attributes);
}

ThreadPool::~ThreadPool() {
  if (impl_->process != forks()) {
    // To destroy what the parent's workers wait on would wait for them: it stays.
    static_cast<void>(impl_.release());
    return;
  }
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->stopping = true;
  }
  impl_->wake.notify_all();
  for (const pthread_t worker : impl_->workers) pthread_join(worker, nullptr);
}

int ThreadPool::threads() const { return static_cast<int>(impl_->workers.size()) + 1; }

void ThreadPool::parallelFor(int64_t n, int64_t grain, RangeFn fn) {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  if (impl_->workers.empty() || n <= grain || impl_->process != forks()) return fn(0, n);
  const std::lock_guard turn(impl_->callers);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->fn = &fn;
    impl_->n = n;
    impl_->grain = grain;
    impl_->next = 0;
    impl_->open.store(true, std::memory_order_relaxed);
  }
  impl_->wake.notify_all();
  impl_->work(fn);
  impl_->lookFor([&] { return impl_->busy.load(std::memory_order_relaxed) == 0; });
  std::unique_lock lock(impl_->mutex);
  impl_->finished.wait(lock, [&] { return impl_->busy == 0; });
  impl_->fn = nullptr;
}

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
#else
DenormalsFlushed::DenormalsFlushed() : saved_(0) {}
DenormalsFlushed::~DenormalsFlushed() = default;
#endif

}  // namespace minnow::base
