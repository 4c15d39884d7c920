// Counting.
#include "memory/ledger.h"

#include <utility>

namespace minnow::memory {
namespace {

constexpr size_t MemoryLedger::* kCategories[] = {
    &MemoryLedger::modelBytes, &MemoryLedger::staticBytes, &MemoryLedger::dynamicBytes,
    &MemoryLedger::heapBytes, &MemoryLedger::deviceBytes};

}  // namespace

void Ledger::change(const MemoryLedger& less, const MemoryLedger& more) {
  const std::lock_guard lock(mutex_);
  for (const auto category : kCategories)
    report_.now.*category += more.*category - less.*category;  // unsigned: wraps and comes back
  if (report_.now.total() > report_.peak.total()) report_.peak = report_.now;
}

LedgerReport Ledger::report() const {
  const std::lock_guard lock(mutex_);
  return report_;
}

void Ledger::resetPeak() {
  const std::lock_guard lock(mutex_);
  report_.peak = report_.now;
}

Charge::Charge(Charge&& other) noexcept
    : ledger_(std::exchange(other.ledger_, nullptr)), amount_(std::exchange(other.amount_, {})) {}

Charge& Charge::operator=(Charge&& other) noexcept {
  std::swap(ledger_, other.ledger_);
  std::swap(amount_, other.amount_);
  return *this;
}

void Charge::set(const MemoryLedger& amount) {
  if (ledger_ == nullptr) return;
  ledger_->change(amount_, amount);
  amount_ = amount;
}

void Charge::set(Ledger& ledger, const MemoryLedger& amount) {
  if (ledger_ != &ledger) set({});
  ledger_ = &ledger;
  set(amount);
}

}  // namespace minnow::memory
