// The arenas of a runtime. A frame leases one for as long as it lives, and a block of a device's
// memory beside it where its plan has one; with k arenas, k frames are under way at most, and all
// arenas of a memory together never take more than the k largest plans.
#pragma once

#include <algorithm>
#include <array>
#include <condition_variable>
#include <cstddef>
#include <mutex>
#include <span>
#include <string>
#include <vector>

#include "base/aligned.h"
#include "base/threads.h"
#include "memory/arena_shelf.h"
#include "memory/ledger.h"
#include "minnow/status.h"

namespace minnow::memory {

class ArenaPool;

/// Of one plan: OpenCL's and OpenGL ES's.
inline constexpr size_t kMostDevices = 2;

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
  std::byte* data() const { return static_cast<std::byte*>(data_); }
  /// What devices' sources allocated, in the order of the claim; null where it has nothing there.
  std::span<void* const> blocks() const { return blocks_; }

 private:
  friend class ArenaPool;
  explicit ArenaLease(ArenaPool* pool) : pool_(pool) {}
  ArenaPool* pool_ = nullptr;
  void* data_ = nullptr;
  std::array<void*, kMostDevices> blocks_{};
};

/// Sizes are those of whole arenas (arenaBytes). The pool promises the i-th largest plan an arena
/// of its size. Arenas are allocated when they are first leased, and freed as soon as the plans
/// that exist no longer promise them; an arena that must grow is freed first.
class ArenaPool {
 public:
  /// Allocates what it needs to keep the books: leasing then allocates arenas alone.
  ArenaPool(int arenas, Ledger& ledger);

  /// Of a device's memory; none if it has no bytes.
  struct Block {
    size_t bytes = 0;
    ArenaSource source = {};
    bool operator==(const Block&) const = default;
  };
  /// What a session's plan asks for, of the process's memory and of devices', all at once.
  struct Claim : ArenaShelf::Claim {
    std::array<Block, kMostDevices> blocks = {};  ///< each of another device
    size_t deviceBytes() const {
      size_t sum = 0;
      for (const Block& block : blocks) sum += block.bytes;
      return sum;
    }
    bool operator==(const Claim&) const = default;
  };
  /// Records that a plan exists that asks for so much (`instead` of another, as one event), or
  /// exists no longer.
  void announce(const Claim& claim, const Claim* instead = nullptr);
  void forget(const Claim& claim) noexcept;

  /// Most that all arenas take from now on at `arenas` frames at once (0 for the pool's own
  /// number), were the plan `without` forgotten and the plan `with` announced.
  struct Need : ArenaShelf::Need {
    size_t deviceBytes = 0;
  };
  Need need(int arenas = 0, const Claim* with = nullptr, const Claim* without = nullptr) const;
  /// What the ledger holds beside arenas.
  MemoryLedger heldBeside() const;

  /// The smallest arena that holds the plan and leaves the larger ones to larger plans, if that
  /// takes no giving up of another. Waits for one, or fails with Busy; also fails with Busy where
  /// waiting would never end, because the leases in the way belong to this thread or to threads
  /// that wait themselves. A lease belongs to the thread that asked for it. 64-byte aligned, not
  /// cleared.
  Result<ArenaLease> lease(const Claim& claim, bool wait);

 private:
  friend class ArenaLease;
  using Taken = ArenaShelf::Taken;
  /// A thread in lease(), on its own stack.
  struct Waiter {
    base::ThreadName thread;
    const Claim& claim;
    Waiter* next = nullptr;
    bool stuck = false;
  };
  /// Sizes that may be in use beside what is; kNone where there are none.
  struct Promise {
    size_t arena = ArenaShelf::kNone;
    std::array<size_t, kMostDevices> blocks{};
    bool holds() const {
      return arena != ArenaShelf::kNone && std::ranges::count(blocks, ArenaShelf::kNone) == 0;
    }
  };

  ArenaShelf& shelf(const ArenaSource& source);
  const ArenaShelf* find(const ArenaSource& source) const;
  void remove(const Claim& claim);
  void giveBack(const ArenaLease& lease);
  void trim();
  Promise promiseFor(const Claim& claim, Taken taken = &ArenaShelf::Arena::busy) const;
  Result<Promise> waitFor(const Claim& claim, std::unique_lock<std::mutex>& lock);
  void markStuck();
  bool isStuck(const ArenaShelf::Arena& arena) const;

  Ledger& ledger_;
  const size_t most_;  ///< arenas of each memory
  mutable std::mutex mutex_;
  std::condition_variable changed_;
  std::vector<ArenaShelf> shelves_;  ///< the first is the process's own memory
  Waiter* waiting_ = nullptr;
};

}  // namespace minnow::memory
