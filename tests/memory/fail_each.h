// For tests: a call whose every allocation fails in turn.
#pragma once

#include <gtest/gtest.h>

#include <functional>

#include "minnow/runtime.h"
#include "tests/memory/allocations.h"

namespace minnow {

/// Moves the error: a copy would allocate.
inline Result<void> outcome(auto result) {
  if (result) return {};
  return std::unexpected(std::move(result.error()));
}

/// Runs `body` with its n-th allocation failing, for all n until it makes no more. `restore` undoes
/// what it did, if anything.
inline void failEach(
    const std::function<Result<void>()>& body, const Runtime* runtime = nullptr,
    const std::function<void()>& restore = [] {}) {
  ASSERT_TRUE(body().has_value()) << "works, and whatever is made once is made";
  restore();
  {
    const allocations::Failing failing(0, false);
    EXPECT_EQ(body().error().code, ErrorCode::OutOfMemory);
  }
  ASSERT_TRUE(body().has_value());
  restore();
  const int64_t blocks = allocations::liveBlocks();
  const MemoryLedger held = runtime ? runtime->ledger().now : MemoryLedger{};
  for (const bool persistent : {false, true}) {
    int64_t failures = 0, n = 0;
    for (bool more = true; more; ++n) {
      Result<void> result;
      {
        const allocations::Failing failing(n, persistent);
        result = body();
        more = failing.reached();
      }
      restore();
      // A failure may be got over, as in sorting, which works without its buffer.
      if (!result) {
        ASSERT_EQ(result.error().code, ErrorCode::OutOfMemory) << result.error().message;
      }
      failures += result ? 0 : 1;
      result = {};
      ASSERT_EQ(allocations::liveBlocks(), blocks) << "allocation " << n << " leaks";
      ASSERT_EQ(runtime ? runtime->ledger().now : held, held) << "allocation " << n;
      if (n % 16 == 0 || !more) {
        ASSERT_TRUE(body().has_value()) << "not usable after " << n;
      }
      restore();
    }
    EXPECT_GT(failures, 0);
  }
}

}  // namespace minnow
