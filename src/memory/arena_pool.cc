// Leasing of arenas. Kept at all times, but while a frame still uses an arena whose plan went: the
// i-th largest arena is no larger than the i-th largest plan.
#include "memory/arena_pool.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/fail.h"

namespace minnow::memory {

ArenaLease::ArenaLease(ArenaLease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), data_(other.data_) {}

ArenaLease& ArenaLease::operator=(ArenaLease&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(data_, other.data_);
  return *this;
}

ArenaLease::~ArenaLease() {
  if (pool_) pool_->giveBack(data_);
}

ArenaPool::ArenaPool(int arenas, Ledger& ledger)
    : ledger_(ledger), most_(static_cast<size_t>(arenas)) {
  arenas_.reserve(most_);
}

// Claims ------------------------------------------------------------------------------------------

void ArenaPool::announce(const Claim& claim, const Claim* instead) {
  {
    const std::lock_guard lock(mutex_);
    const auto frames = static_cast<size_t>(claim.frames);
    claims_.reserve(claims_.size() + frames);  // may fail, and then nothing has changed
    if (instead != nullptr) remove(*instead);
    claims_.insert(std::ranges::upper_bound(claims_, claim.bytes, std::greater(), &Claim::bytes),
                   frames, claim);
    trim(0);
  }
  changed_.notify_all();
}

void ArenaPool::forget(const Claim& claim) noexcept {
  {
    const std::lock_guard lock(mutex_);
    remove(claim);
    trim(0);
  }
  changed_.notify_all();
}

void ArenaPool::remove(const Claim& claim) {
  const auto found = std::ranges::find(claims_, claim);
  if (found != claims_.end()) claims_.erase(found, found + claim.frames);
}

ArenaPool::Need ArenaPool::need(int arenas, const Claim* with, const Claim* without) const {
  const std::lock_guard lock(mutex_);
  Need need;
  size_t left = arenas > 0 ? static_cast<size_t>(arenas) : most_;
  const auto take = [&](const Claim& claim) {
    if (left == 0) return;
    --left;
    need.bytes += claim.bytes;
    need.lowerBound += claim.lowerBound;
    if (need.largest.model == nullptr) need.largest = claim;
  };
  const auto takeNew = [&] {
    if (with == nullptr) return;
    for (int frame = 0; frame < with->frames; ++frame) take(*with);
    with = nullptr;
  };
  int skipped = without == nullptr ? 0 : without->frames;
  for (const Claim& claim : claims_) {
    if (skipped > 0 && claim == *without) {
      --skipped;
      continue;
    }
    if (with != nullptr && with->bytes >= claim.bytes) takeNew();
    take(claim);
  }
  takeNew();
  size_t used = 0;  // frames under way may still hold arenas of plans that went
  for (const Arena& arena : arenas_) used += arena.busy ? arena.bytes : 0;
  if (arenas == 0) need.bytes = std::max(need.bytes, used);
  return need;
}

// Arenas ------------------------------------------------------------------------------------------

size_t ArenaPool::promised(size_t rank) const {
  return rank < std::min(claims_.size(), most_) ? claims_[rank].bytes : 0;
}

/// Whether the arenas that are taken and one more of that size are no larger, rank by rank, than
/// what is promised.
bool ArenaPool::leavesRoomFor(size_t bytes, Taken taken) const {
  size_t rank = 0;
  bool counted = false;
  for (const Arena& arena : arenas_) {
    if (!(arena.*taken)) continue;
    if (!counted && bytes >= arena.bytes) {
      counted = true;
      if (bytes > promised(rank++)) return false;
    }
    if (arena.bytes > promised(rank++)) return false;
  }
  return counted || bytes <= promised(rank);
}

/// The smallest promised size that holds `bytes` and may be in use beside what is; kNone if all
/// are.
size_t ArenaPool::promiseFor(size_t bytes, Taken taken) const {
  for (size_t rank = std::min(claims_.size(), most_); rank-- > 0;)
    if (claims_[rank].bytes >= bytes && leavesRoomFor(claims_[rank].bytes, taken))
      return claims_[rank].bytes;
  return kNone;
}

/// A free arena for `bytes`: the largest up to what is promised; if there is none and no room for a
/// new one of that size beside the free ones, the smallest that leaves room. kNone: allocate.
size_t ArenaPool::freeArena(size_t bytes, size_t promise) const {
  size_t larger = kNone;
  for (size_t i = 0; i < arenas_.size(); ++i) {
    if (arenas_[i].busy || arenas_[i].bytes < bytes) continue;
    if (arenas_[i].bytes <= promise) return i;
    if (leavesRoomFor(arenas_[i].bytes)) larger = i;
  }
  return surplus(promise) == kNone ? kNone : larger;
}

/// The free arena to give up so that those left, with one `coming`, come closer to what is
/// promised; kNone when there is no need or none is free.
size_t ArenaPool::surplus(size_t coming) const {
  size_t rank = 0, lastFree = kNone;
  bool counted = coming == 0, tooLarge = false;
  for (size_t i = 0; i < arenas_.size(); ++i) {
    if (!counted && coming >= arenas_[i].bytes) counted = true, ++rank;
    if (!arenas_[i].busy) lastFree = i;
    tooLarge = tooLarge || arenas_[i].bytes > promised(rank);
    ++rank;
    // One too large goes, or one before it; if all of those are in use, the next.
    if (tooLarge && lastFree != kNone) return lastFree;
  }
  return kNone;
}

void ArenaPool::trim(size_t coming) {
  for (size_t i = surplus(coming); i != kNone; i = surplus(coming))
    arenas_.erase(arenas_.begin() + static_cast<std::ptrdiff_t>(i));
}

std::byte* ArenaPool::allocate(size_t bytes) {
  trim(bytes);
  Arena arena{base::alignedBlock(bytes, base::Clear::No), bytes, true, {}, base::thisThread()};
  if (!arena.memory) return nullptr;
  arena.charge.set(ledger_, {.dynamicBytes = bytes});
  std::byte* data = arena.memory.get();
  arenas_.insert(std::ranges::upper_bound(arenas_, bytes, std::greater(), &Arena::bytes),
                 std::move(arena));
  return data;
}

ArenaLease ArenaPool::take(Arena& arena) {
  arena.busy = true;
  arena.holder = base::thisThread();
  return {this, arena.memory.get()};
}

Result<ArenaLease> ArenaPool::lease(size_t bytes, bool wait) {
  std::unique_lock lock(mutex_);
  size_t most = promiseFor(bytes);
  if (most == kNone && !wait)
    return fail(
        ErrorCode::Busy, "every arena of ", bytes,
        " bytes is leased; end a frame, wait for one, or raise RuntimeOptions::concurrency");
  if (most == kNone) {
    const auto promise = waitFor(bytes, lock);
    if (!promise) return std::unexpected(promise.error());
    most = *promise;
  }
  if (const size_t found = freeArena(bytes, most); found != kNone) return take(arenas_[found]);
  std::byte* data = allocate(most);
  if (data == nullptr)
    return fail(ErrorCode::OutOfMemory, "an arena of ", most, " bytes could not be allocated");
  return ArenaLease(this, data);
}

// Waiting -----------------------------------------------------------------------------------------

/// What promiseFor() says when others have given back enough; Busy when they never will.
Result<size_t> ArenaPool::waitFor(size_t bytes, std::unique_lock<std::mutex>& lock) {
  Waiter self{base::thisThread(), bytes, waiting_};
  waiting_ = &self;
  size_t most = kNone;
  changed_.wait(lock, [&] {
    most = promiseFor(bytes);
    if (most == kNone) markStuck();
    return most != kNone || self.stuck;
  });
  Waiter** link = &waiting_;
  while (*link != &self) link = &(*link)->next;
  *link = self.next;
  if (most != kNone) return most;
  return fail(ErrorCode::Busy, "waiting for an arena of ", bytes,
              " bytes would never end: frames that this thread began, or threads that wait as "
              "well, hold what it needs; end a frame before beginning the next, or raise "
              "RuntimeOptions::concurrency, which is ",
              most_);
}

bool ArenaPool::isStuck(const Arena& arena) const {
  if (!arena.busy) return false;
  for (const Waiter* waiter = waiting_; waiter; waiter = waiter->next)
    if (waiter->thread == arena.holder) return waiter->stuck;
  return arena.holder.isGone();
}

/// Finds the waiters that wait for each other: all but those that get their arena once every thread
/// that does not wait has given back its own, and so on.
void ArenaPool::markStuck() {
  for (Waiter* waiter = waiting_; waiter; waiter = waiter->next) waiter->stuck = true;
  for (bool again = true; again;) {
    again = false;
    for (Arena& arena : arenas_) arena.stuck = isStuck(arena);
    for (Waiter* waiter = waiting_; waiter; waiter = waiter->next)
      if (waiter->stuck && promiseFor(waiter->bytes, &Arena::stuck) != kNone) {
        waiter->stuck = false;
        again = true;
      }
  }
}

void ArenaPool::giveBack(const std::byte* data) {
  {
    const std::lock_guard lock(mutex_);
    for (Arena& arena : arenas_)
      if (arena.memory.get() == data) arena.busy = false;
    trim(0);
  }
  changed_.notify_all();
}

}  // namespace minnow::memory
