// The arenas of a runtime. A frame leases one for as long as it lives; with k arenas, k frames are
// under way at most.
#pragma once

#include <condition_variable>
#include <cstddef>
#include <memory>
#include <mutex>
#include <vector>

#include "minnow/status.h"

namespace minnow::memory {

class ArenaPool;

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
  ArenaLease(ArenaPool* pool, size_t slot, std::byte* data)
      : pool_(pool), slot_(slot), data_(data) {}
  ArenaPool* pool_ = nullptr;
  size_t slot_ = 0;
  std::byte* data_ = nullptr;
};

class ArenaPool {
 public:
  explicit ArenaPool(int arenas) : slots_(static_cast<size_t>(arenas)) {}

  /// Records that a session with a plan of that size exists (or, on `forget`, exists no longer):
  /// the k-th largest arena is as large as the k-th largest plan.
  void announce(size_t bytes);
  void forget(size_t bytes);
  /// Bytes of all arenas when each has served its largest plan: the sum of the k largest announced
  /// plans.
  size_t plannedBytes() const { return plannedBytesWith(0); }
  /// The same if a plan of that size were announced too.
  size_t plannedBytesWith(size_t bytes) const;

  /// The smallest free arena that holds, or is promised to hold, `bytes`; waits for one or fails
  /// with Busy. Memory is allocated on the first lease of an arena and stays. 64-byte aligned, not
  /// cleared.
  Result<ArenaLease> lease(size_t bytes, bool wait);

 private:
  friend class ArenaLease;
  struct Slot {
    std::shared_ptr<std::byte[]> memory;
    size_t bytes = 0;
    bool busy = false;
  };
  void giveBack(size_t slot);
  size_t promised(size_t slot) const { return slot < plans_.size() ? plans_[slot] : 0; }
  int freeSlot(size_t bytes) const;

  mutable std::mutex mutex_;
  std::condition_variable freed_;
  std::vector<Slot> slots_;
  std::vector<size_t> plans_;  // largest first
};

}  // namespace minnow::memory
