// The accounts of what a runtime holds, by category, and their peak. Whoever holds memory holds a
// Charge for it, which leaves the accounts when it goes.
#pragma once

#include <mutex>

#include "minnow/memory.h"

namespace minnow::memory {

/// Counts under a lock, so that the peak is one moment's accounts and not a mixture of several.
/// Never allocates.
class Ledger {
 public:
  /// `less` leaves the accounts and `more` enters them, as one event.
  void change(const MemoryLedger& less, const MemoryLedger& more);
  LedgerReport report() const;
  /// The peak becomes what is held now.
  void resetPeak();

 private:
  mutable std::mutex mutex_;
  LedgerReport report_;
};

/// An entry in a ledger, which must outlive it.
class Charge {
 public:
  Charge() = default;
  Charge(Charge&& other) noexcept;
  Charge& operator=(Charge&& other) noexcept;
  ~Charge() { set({}); }

  const MemoryLedger& amount() const { return amount_; }
  /// Replaces the amount, in the accounts as one event. Nothing before a ledger was given.
  void set(const MemoryLedger& amount);
  void set(Ledger& ledger, const MemoryLedger& amount);

 private:
  Ledger* ledger_ = nullptr;
  MemoryLedger amount_;
};

}  // namespace minnow::memory
