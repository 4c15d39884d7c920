// Leasing of arenas.
#include "memory/arena_pool.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/fail.h"

namespace minnow::memory {
namespace {

Result<ArenaBlock> allocateOwn(const void*, size_t bytes) {
  base::AlignedBlock block = base::alignedBlock(bytes, base::Clear::No);
  if (!block)
    return fail(ErrorCode::OutOfMemory, "an arena of ", bytes, " bytes could not be allocated");
  return ArenaBlock(block.release(),
                    [](void* data) { base::FreeBlock()(static_cast<std::byte*>(data)); });
}

using Part = std::optional<ArenaShelf::Claim>;

/// The part of a plan that lies in a device's memory.
Part partOf(const ArenaPool::Claim& claim, const ArenaPool::Block& block) {
  if (block.bytes == 0) return {};
  return ArenaShelf::Claim{block.bytes, block.bytes, claim.model, claim.frames};
}

/// The same of the device that a shelf is of.
Part partOn(const ArenaShelf& shelf, const ArenaPool::Claim* claim) {
  if (claim != nullptr)
    for (const ArenaPool::Block& block : claim->blocks)
      if (block.source == shelf.source()) return partOf(*claim, block);
  return {};
}

const ArenaShelf::Claim* pointerTo(const Part& part) { return part ? &*part : nullptr; }

}  // namespace

ArenaLease::ArenaLease(ArenaLease&& other) noexcept
    : pool_(std::exchange(other.pool_, nullptr)), data_(other.data_), blocks_(other.blocks_) {}

ArenaLease& ArenaLease::operator=(ArenaLease&& other) noexcept {
  std::swap(pool_, other.pool_);
  std::swap(data_, other.data_);
  std::swap(blocks_, other.blocks_);
  return *this;
}

ArenaLease::~ArenaLease() {
  if (pool_) pool_->giveBack(*this);
}

ArenaPool::ArenaPool(int arenas, Ledger& ledger)
    : ledger_(ledger), most_(static_cast<size_t>(arenas)) {
  shelves_.emplace_back(ArenaSource{.allocate = allocateOwn}, most_, ledger_);
}

// Claims ------------------------------------------------------------------------------------------

const ArenaShelf* ArenaPool::find(const ArenaSource& source) const {
  const auto found = std::ranges::find(shelves_, source, &ArenaShelf::source);
  return found == shelves_.end() ? nullptr : &*found;
}

ArenaShelf& ArenaPool::shelf(const ArenaSource& source) {
  if (find(source) == nullptr) shelves_.emplace_back(source, most_, ledger_);
  return *std::ranges::find(shelves_, source, &ArenaShelf::source);
}

void ArenaPool::announce(const Claim& claim, const Claim* instead) {
  {
    const std::lock_guard lock(mutex_);
    for (const Block& block : claim.blocks)
      if (block.bytes > 0) shelf(block.source).reserve(claim.frames);
    shelves_[0].reserve(claim.frames);  // may fail, and then nothing has changed
    if (instead != nullptr) remove(*instead);
    shelves_[0].add(claim);
    for (const Block& block : claim.blocks)
      if (const Part part = partOf(claim, block)) shelf(block.source).add(*part);
    trim();
  }
  changed_.notify_all();
}

void ArenaPool::forget(const Claim& claim) noexcept {
  {
    const std::lock_guard lock(mutex_);
    remove(claim);
    trim();
  }
  changed_.notify_all();
}

void ArenaPool::remove(const Claim& claim) {
  shelves_[0].remove(claim);
  for (const Block& block : claim.blocks)
    if (const Part part = partOf(claim, block)) shelf(block.source).remove(*part);
}

void ArenaPool::trim() {
  for (ArenaShelf& one : shelves_) one.trim();
}

ArenaPool::Need ArenaPool::need(int arenas, const Claim* with, const Claim* without) const {
  const std::lock_guard lock(mutex_);
  Need need{shelves_[0].need(arenas, with, without)};
  const auto add = [&](const ArenaShelf& device) {
    const Part more = partOn(device, with), less = partOn(device, without);
    need.deviceBytes += device.need(arenas, pointerTo(more), pointerTo(less)).bytes;
  };
  std::ranges::for_each(std::span(shelves_).subspan(1), add);
  if (with != nullptr)
    for (const Block& block : with->blocks)
      if (block.bytes > 0 && find(block.source) == nullptr)
        add(ArenaShelf(block.source, most_, ledger_));
  return need;
}

MemoryLedger ArenaPool::heldBeside() const {
  const std::lock_guard lock(mutex_);
  MemoryLedger held = ledger_.report().now;
  for (const ArenaShelf& one : shelves_) held.*one.source().account -= one.heldBytes();
  return held;
}

// Leases ------------------------------------------------------------------------------------------

ArenaPool::Promise ArenaPool::promiseFor(const Claim& claim, Taken taken) const {
  Promise promise{shelves_[0].promiseFor(claim.bytes, taken)};
  for (size_t b = 0; b < claim.blocks.size(); ++b)
    if (const Block& block = claim.blocks[b]; block.bytes > 0)
      promise.blocks[b] = find(block.source)->promiseFor(block.bytes, taken);
  return promise;
}

Result<ArenaLease> ArenaPool::lease(const Claim& claim, bool wait) {
  ArenaLease lease;  // where a further allocation fails, it goes after the lock
  std::unique_lock lock(mutex_);
  Promise promise = promiseFor(claim);
  if (!promise.holds() && !wait)
    return fail(
        ErrorCode::Busy, "every arena of ", claim.bytes,
        " bytes is leased; end a frame, wait for one, or raise RuntimeOptions::concurrency");
  if (!promise.holds()) {
    const auto waited = waitFor(claim, lock);
    if (!waited) return passOn(waited);
    promise = *waited;
  }
  const auto arena = shelves_[0].take(claim.bytes, promise.arena);
  if (!arena) return passOn(arena);
  lease = ArenaLease(this);
  lease.data_ = *arena;
  for (size_t b = 0; b < claim.blocks.size(); ++b) {
    if (claim.blocks[b].bytes == 0) continue;
    const auto block = shelf(claim.blocks[b].source).take(claim.blocks[b].bytes, promise.blocks[b]);
    if (!block) return passOn(block);
    lease.blocks_[b] = *block;
  }
  return lease;
}

void ArenaPool::giveBack(const ArenaLease& lease) {
  {
    const std::lock_guard lock(mutex_);
    shelves_[0].giveBack(lease.data_);
    for (const void* block : lease.blocks_)
      if (block != nullptr)
        for (ArenaShelf& one : shelves_) one.giveBack(block);
  }
  changed_.notify_all();
}

// Waiting -----------------------------------------------------------------------------------------

/// What promiseFor() says when others have given back enough; Busy when they never will.
Result<ArenaPool::Promise> ArenaPool::waitFor(const Claim& claim,
                                              std::unique_lock<std::mutex>& lock) {
  Waiter self{base::thisThread(), claim, waiting_};
  waiting_ = &self;
  Promise promise;
  changed_.wait(lock, [&] {
    promise = promiseFor(claim);
    if (!promise.holds()) markStuck();
    return promise.holds() || self.stuck;
  });
  Waiter** link = &waiting_;
  while (*link != &self) link = &(*link)->next;
  *link = self.next;
  if (promise.holds()) return promise;
  return fail(ErrorCode::Busy, "waiting for an arena of ", claim.bytes,
              " bytes would never end: frames that this thread began, or threads that wait as "
              "well, hold what it needs; end a frame before beginning the next, or raise "
              "RuntimeOptions::concurrency, which is ",
              most_);
}

bool ArenaPool::isStuck(const ArenaShelf::Arena& arena) const {
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
    for (ArenaShelf& one : shelves_)
      for (ArenaShelf::Arena& arena : one.arenas()) arena.stuck = isStuck(arena);
    for (Waiter* waiter = waiting_; waiter; waiter = waiter->next)
      if (waiter->stuck && promiseFor(waiter->claim, &ArenaShelf::Arena::stuck).holds()) {
        waiter->stuck = false;
        again = true;
      }
  }
}

}  // namespace minnow::memory
