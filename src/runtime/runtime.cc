// Threads, arenas and accounts that models share.
#include "base/fail.h"
#include "base/guarded.h"
#include "runtime/impl.h"

namespace minnow {

const char* version() { return "0.1.0"; }

Runtime::Runtime(std::shared_ptr<Impl> impl) : impl_(std::move(impl)) {}
Runtime::Runtime(Runtime&&) noexcept = default;
Runtime& Runtime::operator=(Runtime&&) noexcept = default;
Runtime::~Runtime() = default;

Result<Runtime> Runtime::create(const RuntimeOptions& options) {
  return guarded("the runtime", [&]() -> Result<Runtime> {
    if (options.threads < 1 || options.threads > 1024)
      return fail(ErrorCode::InvalidArgument, "threads is ", options.threads,
                  ", expected 1 to 1024");
    if (options.concurrency < 1 || options.concurrency > 1024)
      return fail(ErrorCode::InvalidArgument, "concurrency is ", options.concurrency,
                  ", expected 1 to 1024");
    auto impl = std::make_shared<Impl>(options);
    if (impl->threads.threads() < options.threads)
      return fail(ErrorCode::OutOfMemory, "the system started ", impl->threads.threads() - 1,
                  " of ", options.threads - 1, " worker threads; ask for fewer");
    return Runtime(std::move(impl));
  });
}

const RuntimeOptions& Runtime::options() const { return impl_->options; }
size_t Runtime::arenaBytes() const { return impl_->arenas.need().bytes; }
LedgerReport Runtime::ledger() const { return impl_->ledger.report(); }
void Runtime::resetPeak() { impl_->ledger.resetPeak(); }

MemoryReport Runtime::predicted(int concurrency) const {
  const MemoryLedger beside = impl_->arenas.heldBeside();
  const memory::ArenaPool::Need need = impl_->arenas.need(concurrency);
  return {beside.modelBytes, beside.staticBytes, need.bytes,
          need.lowerBound,   beside.heapBytes,   beside.deviceBytes + need.deviceBytes};
}

}  // namespace minnow
