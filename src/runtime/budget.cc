// The one limit on everything that a runtime holds.
#include "base/fail.h"
#include "runtime/impl.h"

namespace minnow {
namespace {

/// "17.9 MB", or "1234 bytes" of what is less than 0.1 MB.
std::string inWords(size_t bytes) {
  if (bytes < 100'000) return text(bytes, " bytes");
  const size_t tenths = (bytes + 50'000) / 100'000;
  return text(tenths / 10, ".", tenths % 10, " MB");
}

std::unexpected<Error> overBudget(size_t budget, const MemoryLedger& held,
                                  const memory::ArenaPool::Need& arenas) {
  const size_t needed = held.total() + arenas.bytes + arenas.deviceBytes;
  const size_t onDevice = held.deviceBytes + arenas.deviceBytes;
  std::string largest;
  if (arenas.largest.model != nullptr)
    largest = text("; largest plan: ", *arenas.largest.model, " ", inWords(arenas.largest.bytes));
  return fail(
      ErrorCode::OutOfMemory, "over the memory budget: needs ", inWords(needed), " of ",
      inWords(budget), ": weights ", inWords(held.staticBytes), ", feature maps ",
      inWords(arenas.bytes), ", metadata ", inWords(held.heapBytes), ", model files ",
      inWords(held.modelBytes),
      backend::kHasDevices && onDevice > 0 ? text(", on the device ", inWords(onDevice)) : "", "; ",
      inWords(needed - budget), " short", largest);
}

}  // namespace

Result<void> askBudget(const Runtime::Impl& runtime, const MemoryLedger& less,
                       const MemoryLedger& more, const memory::ArenaPool::Need& arenas) {
  const size_t budget = runtime.options.memoryBudget;
  if (budget == 0) return {};
  MemoryLedger held = runtime.arenas.heldBeside();  // arenas at what they may become
  held.modelBytes += more.modelBytes - less.modelBytes;
  held.staticBytes += more.staticBytes - less.staticBytes;
  held.heapBytes += more.heapBytes - less.heapBytes;
  held.deviceBytes += more.deviceBytes - less.deviceBytes;
  if (held.total() + arenas.bytes + arenas.deviceBytes <= budget) return {};
  return overBudget(budget, held, arenas);
}

}  // namespace minnow
