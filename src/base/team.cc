// Workers, the seats that they and leaders take, and loops.
#include "base/team.h"

#include <algorithm>
#include <atomic>
#include <mutex>
#include <thread>
#include <utility>
#include <vector>

#include <pthread.h>

#include "base/shares.h"
#include "base/threads.h"

#if defined(__SSE2__)
#include <immintrin.h>
#endif

namespace minnow::base {
namespace {

/// A worker's stack. Kernels keep tables of some kilobytes there at most.
constexpr size_t kStackBytes = 512 * 1024;
/// Some tens of microseconds.
constexpr int kSpins = 2000;

/// The pool in which this thread has a seat, as a worker or as the leader of a team.
thread_local const void* seatIn = nullptr;

void pauseBriefly() {
#if defined(__SSE2__)
  _mm_pause();
#elif defined(__aarch64__) || defined(__arm__)
  asm volatile("yield");
#endif
}

}  // namespace

/// One worker thread: a place where its team's leader posts a loop. A worker that has not begun the
/// loop when everything is done is not waited for: the post is recalled.
///
/// One word says whose turn it is, so that its cache line goes between the cores a few times a
/// loop: with a mutex and two conditions FastestDet took 1 % longer on two threads.
struct ThreadPool::Worker {
  enum class State : int32_t {
    Idle,     // the worker looks for a loop
    Asleep,   // and has to be woken
    Posted,   // a loop waits for it
    Working,  // on the loop
    Awaited,  // Working, and the leader sleeps until it is done
    Leaving,
  };

  Impl* pool = nullptr;
  Worker* next = nullptr;  // of the same team, or of those that are free
  pthread_t thread{};
  std::atomic<bool> leased = false;
  alignas(64) std::atomic<State> state = State::Idle;
  // The leader's until the loop is posted, and then the worker's until it is idle again.
  const MemberFn* loop = nullptr;
  int member = 0;

  /// What the worker finds when it looks next.
  void set(State next) {
    if (state.exchange(next, std::memory_order_acq_rel) == State::Asleep) state.notify_one();
  }
  bool change(State from, State to) {
    return state.compare_exchange_strong(from, to, std::memory_order_acq_rel);
  }
  bool is(State which) const { return state.load(std::memory_order_acquire) == which; }
  void sleepWhile(State which) { state.wait(which, std::memory_order_acquire); }

  void post(const MemberFn& fn, int as) {
    loop = &fn, member = as;
    set(State::Posted);
  }
  void recall();
  bool await();
  void serve();
};

struct ThreadPool::Impl {
  explicit Impl(int threads) : workers(static_cast<size_t>(threads - 1)) {}

  const int process = forks();
  std::vector<Worker> workers;
  int started = 0;
  int spins = 0;
  std::mutex mutex;  // for what follows: held when teams come, go and change
  Worker* free = nullptr;
  int leaders = 0;
  std::atomic<int> room = 1;          // seats that are free; less than none with many leaders
  std::atomic<unsigned> changes = 0;  // counts what teams should follow

  int threads() const { return started + 1; }
  bool start(Worker& worker, const pthread_attr_t& attributes);
  // Loops follow each other within microseconds, and waking a sleeping thread takes tens of them:
  // whoever waits looks again for a while before it sleeps, as long as it has a seat to do so.
  template <class Ready>
  bool looksUntil(const Ready& ready, const std::atomic<bool>* seated = nullptr) const {
    for (int i = 0; i < spins; ++i) {
      if (ready()) return true;
      const bool mine = !seated || seated->load(std::memory_order_relaxed);
      if (room.load(std::memory_order_relaxed) < (mine ? 0 : 1)) return false;
      pauseBriefly();
    }
    return false;
  }
};

// Worker ------------------------------------------------------------------------------------------

/// The leader's: returns when the worker has left the loop, or never will begin it.
void ThreadPool::Worker::recall() {
  if (is(State::Posted) && change(State::Posted, State::Idle)) return;
  const auto left = [this] { return !is(State::Working); };
  if (pool->looksUntil(left) || !change(State::Working, State::Awaited)) return;
  sleepWhile(State::Awaited);
}

/// The worker's: true with a loop to work on, false when the pool goes.
bool ThreadPool::Worker::await() {
  const auto called = [this] { return !is(State::Idle); };
  while (true) {
    if (!pool->looksUntil(called, &leased) && change(State::Idle, State::Asleep))
      sleepWhile(State::Asleep);
    if (is(State::Leaving)) return false;
    if (change(State::Posted, State::Working)) return true;  // else it was recalled
  }
}

void ThreadPool::Worker::serve() {
  const DenormalsFlushed flushed;
  seatIn = pool;
  while (await()) {
    (*loop)(member);
    if (!change(State::Working, State::Idle)) {
      state.store(State::Idle, std::memory_order_release);
      state.notify_one();
    }
  }
}

// ThreadPool --------------------------------------------------------------------------------------

bool ThreadPool::Impl::start(Worker& worker, const pthread_attr_t& attributes) {
  const auto serve = [](void* one) -> void* {
    static_cast<Worker*>(one)->serve();
    return nullptr;
  };
  worker.pool = this;
  if (pthread_create(&worker.thread, &attributes, serve, &worker) != 0) return false;
  worker.next = std::exchange(free, &worker);
  ++started, ++room;
  return true;
}

ThreadPool::ThreadPool(int threads) : impl_(std::make_unique<Impl>(threads)) {
  // Where threads share a core, looking keeps it from the one that works.
  if (std::cmp_greater_equal(std::thread::hardware_concurrency(), threads)) impl_->spins = kSpins;
  pthread_attr_t attributes;
  if (pthread_attr_init(&attributes) != 0) return;
  pthread_attr_setstacksize(&attributes, kStackBytes);
  for (Worker& worker : impl_->workers)
    if (!impl_->start(worker, attributes)) break;
  pthread_attr_destroy(&attributes);
}

ThreadPool::~ThreadPool() {
  if (impl_->process != forks()) {
    // To destroy what the parent's workers wait on would wait for them: it stays.
    static_cast<void>(impl_.release());
    return;
  }
  for (Worker* worker = impl_->free; worker; worker = worker->next)
    worker->set(Worker::State::Leaving);
  for (Worker* worker = impl_->free; worker; worker = worker->next)
    pthread_join(worker->thread, nullptr);
}

int ThreadPool::threads() const { return impl_->threads(); }

Team ThreadPool::lease(int most) { return {impl_->started > 0 ? impl_.get() : nullptr, most}; }

// Team --------------------------------------------------------------------------------------------

Team::Team(ThreadPool::Impl* pool, int most) : pool_(pool), most_(most) {
  if (pool_) settle();
}

/// Follows what has changed in the pool since the last loop.
void Team::settle() {
  if (pool_->process != forks()) return beAlone();
  if (seated_ && seen_ == pool_->changes.load(std::memory_order_relaxed)) return;
  const std::lock_guard lock(pool_->mutex);
  if (!seated_) sit();
  const int leaders = std::max(1, pool_->leaders);
  const int fair = (pool_->threads() + leaders - 1) / leaders;
  const int wanted = std::min(most_, fair) - 1;
  while (helpers_ > 0 && (helpers_ > wanted || pool_->room < 0)) giveWorkerBack();
  while (helpers_ < wanted && pool_->room > 0 && pool_->free) takeWorker();
  seen_ = pool_->changes;
}

/// In a child of fork().
void Team::beAlone() {
  rest();
  pool_ = nullptr, workers_ = nullptr, helpers_ = 0;
}

void Team::sit() {
  seated_ = true;
  leads_ = seatIn != pool_;
  if (!leads_) return;
  outer_ = std::exchange(seatIn, pool_);
  ++pool_->leaders, --pool_->room, ++pool_->changes;
}

void Team::takeWorker() {
  ThreadPool::Worker* worker = pool_->free;
  pool_->free = worker->next;
  worker->next = std::exchange(workers_, worker);
  worker->leased = true;
  ++helpers_, --pool_->room;
}

void Team::giveWorkerBack() {
  ThreadPool::Worker* worker = workers_;
  workers_ = worker->next;
  worker->next = std::exchange(pool_->free, worker);
  worker->leased = false;
  --helpers_, ++pool_->room, ++pool_->changes;
}

void Team::rest() {
  if (!pool_ || !seated_) return;
  seated_ = false;
  if (leads_) seatIn = outer_;
  if (pool_->process != forks()) return;
  const std::lock_guard lock(pool_->mutex);
  while (helpers_ > 0) giveWorkerBack();
  if (leads_) --pool_->leaders, ++pool_->room, ++pool_->changes;
}

int Team::threads() {
  if (!pool_ || looping_) return 1;
  settle();
  return helpers_ + 1;
}

void Team::parallelFor(int64_t n, int64_t grain, RangeFn fn) {
  if (n <= 0) return;
  grain = std::max<int64_t>(grain, 1);
  const int members = static_cast<int>(std::min<int64_t>(threads(), (n - 1) / grain + 1));
  if (members == 1) return fn(0, n);
  Shares shares(n, grain, members);
  loop(members, [&](int member) {
    for (int64_t begin = 0, end = 0; shares.take(member, begin, end);) fn(begin, end);
  });
}

void Team::together(int64_t most, MemberFn fn) {
  loop(static_cast<int>(std::clamp<int64_t>(most, 1, threads())), fn);
}

/// `members` are no more than threads() says, and one or more.
void Team::loop(int members, MemberFn fn) {
  if (members == 1) return fn(0);
  looping_ = true;
  ThreadPool::Worker* end = workers_;
  for (int i = 1; i < members; ++i, end = end->next) end->post(fn, i);
  fn(0);
  for (ThreadPool::Worker* worker = workers_; worker != end; worker = worker->next)
    worker->recall();
  looping_ = false;
}

}  // namespace minnow::base
