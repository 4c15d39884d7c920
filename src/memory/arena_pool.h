// The arenas of a runtime. A frame leases one for as long as it lives; with k arenas, k frames are
// under way at most, and all arenas together never take more than the k largest plans.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "base/threads.h"
#include "memory/ledger.h"
#include "minnow/status.h"

namespace minnow::memory {

class ArenaPool;

/// What an arena takes in which so many bytes are placed: rounded up, and the bytes behind it that a
/// vector may read.
constexpr size_t arenaBytes(size_t placedBytes) { return base::blockBytes(placedBytes); }

/// A leased arena; gives it back when it goes.
class ArenaLease {
 public:
  ArenaLease() = default;
  ArenaLease(ArenaLease&& other) noexcept;
  ArenaLease& operator=(ArenaLease&& other) noexcept;
  ~ArenaLease();
  std::byte* data() const { return data_; }

 private:
  friend class ArenaPool;
  ArenaLease(ArenaPool* pool, std::byte* data) : pool_(pool), data_(data) {}
  ArenaPool* pool_ = nullptr;
  std::byte* data_ = nullptr;
};

/// Sizes are those of whole arenas (arenaBytes). The pool promises the i-th largest plan an arena
/// of its size. Arenas are allocated when they are first leased, and freed as soon as the plans
/// that exist no longer promise them; an arena that must grow is freed first.
class ArenaPool {
 public:
  /// Allocates what it needs to keep the books: leasing then allocates arenas alone.
  ArenaPool(int arenas, Ledger& ledger);

  /// The size of arena that a session's plan asks for, one for each of its frames. `model` names it
  /// and outlives it.
  struct Claim {
    size_t bytes = 0;
    size_t lowerBound = 0;
    const std::string* model = nullptr;
    int frames = 1;
    bool operator==(const Claim&) const = default;
  };
  /// Records that a plan exists that asks for so much (`instead` of another, as one event), or
  /// exists no longer.
  void announce(const Claim& claim, const Claim* instead = nullptr);
  void forget(const Claim& claim) noexcept;

  /// Most that all arenas take from now on at `arenas` frames at once (0 for the pool's own
  /// number), were the plan `without` forgotten and the plan `with` announced.
  struct Need {
    size_t bytes = 0;
    size_t lowerBound = 0;
    Claim largest;
  };
  Need need(int arenas = 0, const Claim* with = nullptr, const Claim* without = nullptr) const;

  /// The smallest arena that holds `bytes` and leaves the larger ones to larger plans, if that
  /// takes no giving up of another. Waits for one, or fails with Busy; also fails with Busy where
  /// waiting would never end, because the leases in the way belong to this thread or to threads
  /// that wait themselves. A lease belongs to the thread that asked for it. 64-byte aligned, not
  /// cleared.
  Result<ArenaLease> lease(size_t bytes, bool wait);

 private:
  friend class ArenaLease;
  struct Arena {
    base::AlignedBlock memory;
    size_t bytes = 0;
    bool busy = false;
    Charge charge;
    base::ThreadName holder;  ///< the thread that leased it last
    bool stuck = false;       ///< see markStuck()
  };
  /// A thread in lease(), on its own stack.
  struct Waiter {
    base::ThreadName thread;
    size_t bytes = 0;
    Waiter* next = nullptr;
    bool stuck = false;
  };
  static constexpr size_t kNone = SIZE_MAX;

  void remove(const Claim& claim);
  void giveBack(const std::byte* data);
  size_t promised(size_t rank) const;
  using Taken = bool Arena::*;
  bool leavesRoomFor(size_t bytes, Taken taken = &Arena::busy) const;
  size_t promiseFor(size_t bytes, Taken taken = &Arena::busy) const;
  size_t freeArena(size_t bytes, size_t promise) const;
  size_t surplus(size_t coming) const;
  void trim(size_t coming);
  std::byte* allocate(size_t bytes);
  ArenaLease take(Arena& arena);
  Result<size_t> waitFor(size_t bytes, std::unique_lock<std::mutex>& lock);
  void markStuck();
  bool isStuck(const Arena& arena) const;

  Ledger& ledger_;
  const size_t most_;  ///< arenas
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<Claim> claims_;  ///< largest first, one entry for each frame
  std::vector<Arena> arenas_;  ///< largest first; those that exist
  Waiter* waiting_ = nullptr;
};

}  // namespace minnow::memory
