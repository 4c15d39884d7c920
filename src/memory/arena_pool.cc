// Leasing of arenas.
#include "memory/arena_pool.h"

#include <algorithm>
#include <functional>
#include <utility>

#include "base/aligned.h"
#include "base/fail.h"

namespace minnow::memory {

ArenaLease::ArenaLease(ArenaLease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), slot_(other.slot_), data_(other.data_) {}

ArenaLease& ArenaLease::operator=(ArenaLease&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(slot_, other.slot_);
  std::swap(data_, other.data_);
  return *this;
}

ArenaLease::~ArenaLease() {
  if (pool_) pool_->giveBack(slot_);
}

void ArenaPool::announce(size_t bytes) {
  const std::lock_guard lock(mutex_);
  plans_.insert(std::ranges::upper_bound(plans_, bytes, std::greater()), bytes);
}

void ArenaPool::forget(size_t bytes) {
  const std::lock_guard lock(mutex_);
  const auto found = std::ranges::find(plans_, bytes);
  if (found != plans_.end()) plans_.erase(found);
}

size_t ArenaPool::plannedBytesWith(size_t bytes) const {
  const std::lock_guard lock(mutex_);
  std::vector<size_t> plans = plans_;
  plans.push_back(bytes);
  std::ranges::sort(plans, std::greater());
  size_t sum = 0;
  for (size_t i = 0; i < std::min(plans.size(), slots_.size()); ++i) sum += plans[i];
  return sum;
}

// Slots are promised largest first, so the last free slot that fits is the smallest.
int ArenaPool::freeSlot(size_t bytes) const {
  for (size_t slot = slots_.size(); slot-- > 0;)
    if (!slots_[slot].busy && std::max(promised(slot), slots_[slot].bytes) >= bytes)
      return static_cast<int>(slot);
  return -1;
}

Result<ArenaLease> ArenaPool::lease(size_t bytes, bool wait) {
  std::unique_lock lock(mutex_);
  int slot = freeSlot(bytes);
  if (slot < 0 && !wait)
    return fail(
        ErrorCode::Busy, "every arena of ", bytes,
        " bytes is leased; end a frame, wait for one, or raise RuntimeOptions::concurrency");
  freed_.wait(lock, [&] { return (slot = freeSlot(bytes)) >= 0; });
  Slot& chosen = slots_[slot];
  const size_t wanted = std::max(promised(slot), bytes);
  if (chosen.bytes < wanted || !chosen.memory) {
    chosen = Slot{};
    chosen.memory = base::alignedBytes(wanted, base::Clear::No);
    if (!chosen.memory)
      return fail(ErrorCode::OutOfMemory, "an arena of ", wanted, " bytes could not be allocated");
    chosen.bytes = wanted;
  }
  chosen.busy = true;
  return ArenaLease(this, static_cast<size_t>(slot), chosen.memory.get());
}

void ArenaPool::giveBack(size_t slot) {
  {
    const std::lock_guard lock(mutex_);
    slots_[slot].busy = false;
  }
  freed_.notify_all();
}

}  // namespace minnow::memory
