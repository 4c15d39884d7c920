// Promises, and which arena fits one.
#include "memory/arena_shelf.h"

#include <algorithm>
#include <functional>
#include <utility>

namespace minnow::memory {

ArenaShelf::ArenaShelf(const ArenaSource& source, size_t most, Ledger& ledger)
    : source_(source), most_(most), ledger_(&ledger) {
  arenas_.reserve(most_);
}

void ArenaShelf::add(const Claim& claim) {
  claims_.insert(std::ranges::upper_bound(claims_, claim.bytes, std::greater(), &Claim::bytes),
                 static_cast<size_t>(claim.frames), claim);
}

void ArenaShelf::remove(const Claim& claim) {
  const auto found = std::ranges::find(claims_, claim);
  if (found != claims_.end()) claims_.erase(found, found + claim.frames);
}

ArenaShelf::Need ArenaShelf::need(int arenas, const Claim* with, const Claim* without) const {
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

size_t ArenaShelf::heldBytes() const {
  size_t bytes = 0;
  for (const Arena& arena : arenas_) bytes += arena.bytes;
  return bytes;
}

size_t ArenaShelf::promised(size_t rank) const {
  return rank < std::min(claims_.size(), most_) ? claims_[rank].bytes : 0;
}

/// Whether the arenas that are taken and one more of that size are no larger, rank by rank, than
/// what is promised.
bool ArenaShelf::leavesRoomFor(size_t bytes, Taken taken) const {
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

size_t ArenaShelf::promiseFor(size_t bytes, Taken taken) const {
  for (size_t rank = std::min(claims_.size(), most_); rank-- > 0;)
    if (claims_[rank].bytes >= bytes && leavesRoomFor(claims_[rank].bytes, taken))
      return claims_[rank].bytes;
  return kNone;
}

/// A free arena for `bytes`: the largest up to what is promised; if there is none and no room for a
/// new one of that size beside the free ones, the smallest that leaves room. kNone: allocate.
size_t ArenaShelf::freeArena(size_t bytes, size_t promise) const {
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
size_t ArenaShelf::surplus(size_t coming) const {
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

void ArenaShelf::trim(size_t coming) {
  for (size_t i = surplus(coming); i != kNone; i = surplus(coming))
    arenas_.erase(arenas_.begin() + static_cast<std::ptrdiff_t>(i));
}

Result<void*> ArenaShelf::allocate(size_t bytes) {
  trim(bytes);
  auto block = source_.allocate(source_.memory, bytes);
  if (!block) return passOn(block);
  Arena arena{std::move(*block), bytes, true, {}, base::thisThread()};
  MemoryLedger amount;
  amount.*source_.account = bytes;
  arena.charge.set(*ledger_, amount);
  void* data = arena.memory.get();
  arenas_.insert(std::ranges::upper_bound(arenas_, bytes, std::greater(), &Arena::bytes),
                 std::move(arena));
  return data;
}

Result<void*> ArenaShelf::take(size_t bytes, size_t promise) {
  const size_t found = freeArena(bytes, promise);
  if (found == kNone) return allocate(promise);
  arenas_[found].busy = true;
  arenas_[found].holder = base::thisThread();
  return arenas_[found].memory.get();
}

void ArenaShelf::giveBack(const void* data) {
  for (Arena& arena : arenas_)
    if (arena.memory.get() == data) arena.busy = false;
  trim();
}

}  // namespace minnow::memory
