// Worker threads and parallelFor; flushing of denormals.
#include "base/threads.h"

#include <algorithm>
#include <condition_variable>
#include <mutex>
#include <vector>

#include <pthread.h>

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace minnow::base {

struct ThreadPool::Impl {
  std::mutex callers;  // one parallelFor at a time
  std::mutex mutex;
  std::condition_variable wake, finished;
  std::vector<pthread_t> workers;
  const RangeFn* fn = nullptr;
  int64_t n = 0, grain = 1, next = 0;
  int busy = 0;
  bool stopping = false;

  // Takes the next range, larger at first and never less than a grain. False when none is left.
  bool take(int64_t& begin, int64_t& end) {
    const std::lock_guard lock(mutex);
    if (next >= n) return false;
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
    std::unique_lock lock(mutex);
    while (true) {
      wake.wait(lock, [&] { return stopping || (fn && next < n); });
      if (stopping) return;
      ++busy;
      const RangeFn* job = fn;
      lock.unlock();
      work(*job);
      lock.lock();
      if (--busy == 0) finished.notify_all();
    }
  }
};

namespace {

/// A worker's stack. Kernels keep tables of some kilobytes there at most.
constexpr size_t kStackBytes = 512 * 1024;

}  // namespace

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>()) {
  impl_->workers.reserve(static_cast<size_t>(threads));
  const auto loop = [](void* pool) -> void* {
    static_cast<Impl*>(pool)->workerLoop();
    return nullptr;
  };
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
  if (impl_->workers.empty() || n <= grain) return fn(0, n);
  const std::lock_guard turn(impl_->callers);
  {
    const std::lock_guard lock(impl_->mutex);
    impl_->fn = &fn;
    impl_->n = n;
    impl_->grain = grain;
    impl_->next = 0;
  }
  impl_->wake.notify_all();
  impl_->work(fn);
  std::unique_lock lock(impl_->mutex);
  impl_->finished.wait(lock, [&] { return impl_->busy == 0; });
  impl_->fn = nullptr;
}

#if defined(__SSE2__)
namespace {
constexpr unsigned kFlushBits = 0x8040;  // flush to zero, denormals are zero
}
DenormalsFlushed::DenormalsFlushed() : saved_(_mm_getcsr()) {
  _mm_setcsr(static_cast<unsigned>(saved_) | kFlushBits);
}
DenormalsFlushed::~DenormalsFlushed() { _mm_setcsr(static_cast<unsigned>(saved_)); }
#elif defined(__aarch64__)
DenormalsFlushed::DenormalsFlushed() {
  asm volatile("mrs %0, fpcr" : "=r"(saved_));
  asm volatile("msr fpcr, %0" ::"r"(saved_ | (uint64_t{1} << 24)));
}
DenormalsFlushed::~DenormalsFlushed() { asm volatile("msr fpcr, %0" ::"r"(saved_)); }
#elif defined(__arm__)
DenormalsFlushed::DenormalsFlushed() {
  uint32_t bits = 0;
  asm volatile("vmrs %0, fpscr" : "=r"(bits));
  saved_ = bits;
  asm volatile("vmsr fpscr, %0" ::"r"(bits | (1U << 24)));
}
DenormalsFlushed::~DenormalsFlushed() {
  asm volatile("vmsr fpscr, %0" ::"r"(static_cast<uint32_t>(saved_)));
}
#else
DenormalsFlushed::DenormalsFlushed() : saved_(0) {}
DenormalsFlushed::~DenormalsFlushed() = default;
#endif

}  // namespace minnow::base
