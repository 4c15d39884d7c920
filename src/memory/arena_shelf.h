// The arenas of one memory, the process's own or a device's: what plans promise of them and which
// exist. Kept at all times, but while a frame still uses an arena whose plan went: the i-th largest
// arena is no larger than the i-th largest plan. Its pool guards it.
#pragma once

#include <cstddef>
#include <memory>
#include <string>
#include <vector>

#include "base/threads.h"
#include "memory/ledger.h"
#include "minnow/status.h"

namespace minnow::memory {

/// An arena's memory, which goes with it.
using ArenaBlock = std::unique_ptr<void, void (*)(void*)>;

/// Where arenas are allocated and on which account.
struct ArenaSource {
  const void* memory = nullptr;  ///< a device's; null for the process's own
  Result<ArenaBlock> (*allocate)(const void* memory, size_t bytes) = nullptr;
  size_t MemoryLedger::* account = &MemoryLedger::dynamicBytes;
  bool operator==(const ArenaSource&) const = default;
};

class ArenaShelf {
 public:
  /// Allocates what it needs to keep the books: leasing then allocates arenas alone.
  ArenaShelf(const ArenaSource& source, size_t most, Ledger& ledger);

  /// What a session's plan asks for, one arena for each of its frames. `model` names it and
  /// outlives it.
  struct Claim {
    size_t bytes = 0;
    size_t lowerBound = 0;
    const std::string* model = nullptr;
    int frames = 1;
    bool operator==(const Claim&) const = default;
  };
  struct Need {
    size_t bytes = 0;
    size_t lowerBound = 0;
    Claim largest;
  };
  struct Arena {
    ArenaBlock memory;
    size_t bytes = 0;
    bool busy = false;
    Charge charge;
    base::ThreadName holder;  ///< the thread that leased it last
    bool stuck = false;       ///< see ArenaPool::markStuck()
  };
  using Taken = bool Arena::*;
  static constexpr size_t kNone = SIZE_MAX;

  const ArenaSource& source() const { return source_; }
  /// So that add() cannot fail.
  void reserve(int frames) { claims_.reserve(claims_.size() + static_cast<size_t>(frames)); }
  void add(const Claim& claim);
  void remove(const Claim& claim);
  /// See ArenaPool::need().
  Need need(int arenas, const Claim* with, const Claim* without) const;
  /// Of the arenas that exist.
  size_t heldBytes() const;

  /// The smallest promised size that holds `bytes` and may be in use beside what is; kNone if all
  /// are.
  size_t promiseFor(size_t bytes, Taken taken = &Arena::busy) const;
  /// An arena for `bytes` up to what is promised, free until now or new; an error where memory is
  /// short.
  Result<void*> take(size_t bytes, size_t promise);
  void giveBack(const void* data);
  /// Frees what the plans that exist do not promise, with one arena `coming`.
  void trim(size_t coming = 0);
  std::vector<Arena>& arenas() { return arenas_; }

 private:
  size_t promised(size_t rank) const;
  bool leavesRoomFor(size_t bytes, Taken taken = &Arena::busy) const;
  size_t freeArena(size_t bytes, size_t promise) const;
  size_t surplus(size_t coming) const;
  Result<void*> allocate(size_t bytes);

  ArenaSource source_;
  size_t most_;  ///< arenas
  Ledger* ledger_;
  std::vector<Claim> claims_;  ///< largest first, one entry for each frame
  std::vector<Arena> arenas_;  ///< largest first; those that exist
};

}  // namespace minnow::memory
