// Arenas take what the largest plans promise and no more, whatever comes and goes.
#include "memory/arena_pool.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <atomic>
#include <barrier>
#include <random>
#include <thread>

namespace minnow::memory {
namespace {

const std::string kModel = "m";
ArenaPool::Claim plan(size_t bytes) { return {{bytes, bytes, &kModel}}; }

size_t held(const Ledger& ledger) { return ledger.report().now.dynamicBytes; }
size_t peak(const Ledger& ledger) { return ledger.report().peak.dynamicBytes; }

TEST(ArenaPool, TheKthArenaIsTheKthLargestPlan) {
  Ledger ledger;
  ArenaPool pool(2, ledger);
  for (size_t bytes : {640, 1280, 320}) pool.announce(plan(bytes));
  EXPECT_EQ(pool.need().bytes, 1920U);
  EXPECT_EQ(pool.need(1).bytes, 1280U);
  EXPECT_EQ(pool.need(3).bytes, 2240U);
  const auto small = pool.lease(plan(320), false);
  EXPECT_EQ(held(ledger), 640U) << "the smallest that is promised";
  const auto large = pool.lease(plan(1280), false);
  EXPECT_EQ(held(ledger), 1920U);
  EXPECT_EQ(pool.lease(plan(320), false).error().code, ErrorCode::Busy);
}

TEST(ArenaPool, ALargerPlanReplacesTheSmallerArenaBeforeItIsAllocated) {
  Ledger ledger;
  ArenaPool pool(1, ledger);
  pool.announce(plan(640));
  EXPECT_TRUE(pool.lease(plan(640), false).has_value());
  pool.announce(plan(1280));
  EXPECT_TRUE(pool.lease(plan(1280), false).has_value());
  EXPECT_EQ(peak(ledger), 1280U);
}

TEST(ArenaPool, ASmallPlanDoesNotTakeTheLargeArenaTwice) {
  Ledger ledger;
  ArenaPool pool(2, ledger);
  pool.announce(plan(1280));
  pool.announce(plan(640));
  {
    EXPECT_TRUE(pool.lease(plan(1280), false).has_value());
  }
  const auto small = pool.lease(plan(640), false);
  ASSERT_TRUE(small.has_value());
  EXPECT_TRUE(pool.lease(plan(1280), false).has_value());
  EXPECT_EQ(peak(ledger), 1920U);
}

TEST(ArenaPool, ShrinksWhenTheLargestPlanGoes) {
  Ledger ledger;
  ArenaPool pool(2, ledger);
  for (size_t bytes : {1280, 640, 320}) pool.announce(plan(bytes));
  {
    const auto one = pool.lease(plan(1280), false), two = pool.lease(plan(640), false);
    EXPECT_EQ(held(ledger), 1920U);
  }
  pool.forget(plan(1280));
  EXPECT_EQ(held(ledger), 640U);
  EXPECT_EQ(pool.need().bytes, 960U);
  pool.forget(plan(640));
  pool.forget(plan(320));
  EXPECT_EQ(held(ledger), 0U);
}

TEST(ArenaPool, AnArenaInUseOutlivesItsPlanAndIsStillCounted) {
  Ledger ledger;
  ArenaPool pool(2, ledger);
  for (size_t bytes : {1280, 640, 320}) pool.announce(plan(bytes));
  EXPECT_TRUE(pool.lease(plan(1280), false).has_value());
  {
    auto middle = pool.lease(plan(640), false);
    const auto small = pool.lease(plan(320), false);  // in the largest arena: the other is taken
    ASSERT_TRUE(small.has_value());
    EXPECT_EQ(held(ledger), 1920U);
    pool.forget(plan(1280));
    EXPECT_EQ(pool.need().bytes, 1920U);
    middle = ArenaLease();
    EXPECT_EQ(held(ledger), 1280U) << "what is free makes room for what is too large";
    EXPECT_EQ(pool.lease(plan(640), false).error().code, ErrorCode::Busy);
  }
  EXPECT_EQ(held(ledger), 0U);
  EXPECT_EQ(pool.need().bytes, 960U);
}

/// Plans come and go, leases are taken and given back at random: the arenas never take more than
/// the largest need of any moment, and reach it when the largest plans run at once.
TEST(ArenaPool, NeverTakesMoreThanItSays) {
  for (unsigned seed = 0; seed < 200; ++seed) {
    std::mt19937 random(seed);
    const int arenas = 1 + static_cast<int>(seed % 4);
    Ledger ledger;
    ArenaPool pool(arenas, ledger);
    std::vector<size_t> plans;
    std::vector<std::pair<size_t, ArenaLease>> leases;
    for (int event = 0; event < 300; ++event) {
      const auto pick = random();
      if (random() % 4 == 0 || plans.empty()) {
        plans.push_back(64 * (1 + pick % 50));
        pool.announce(plan(plans.back()));
      } else if (random() % 6 == 0) {
        const size_t i = pick % plans.size();
        const auto used = [&](const auto& lease) { return lease.first == plans[i]; };
        if (std::ranges::any_of(leases, used)) continue;  // a frame keeps its session
        pool.forget(plan(plans[i]));
        plans.erase(plans.begin() + static_cast<std::ptrdiff_t>(i));
      } else if (random() % 2 == 0 && !leases.empty()) {
        leases.erase(leases.begin() + static_cast<std::ptrdiff_t>(pick % leases.size()));
      } else if (auto lease = pool.lease(plan(plans[pick % plans.size()]), false)) {
        leases.emplace_back(plans[pick % plans.size()], std::move(*lease));
      }
      ASSERT_LE(held(ledger), pool.need().bytes) << "seed " << seed << ", event " << event;
      ASSERT_LE(leases.size(), static_cast<size_t>(arenas));
    }
    leases.clear();
    std::ranges::sort(plans, std::greater());
    size_t sum = 0;
    for (size_t i = 0; i < plans.size() && i < static_cast<size_t>(arenas); ++i) {
      auto lease = pool.lease(plan(plans[i]), false);
      ASSERT_TRUE(lease.has_value());
      leases.emplace_back(plans[i], std::move(*lease));
      sum += plans[i];
    }
    EXPECT_EQ(held(ledger), sum);
    EXPECT_EQ(pool.need().bytes, sum);
  }
}

// Blocks of a device --------------------------------------------------------------------------------

/// A device that has room for so many bytes.
struct ToyDevice {
  mutable size_t free = SIZE_MAX;
  ArenaSource source() const { return {this, &allocate, &MemoryLedger::deviceBytes}; }
  static Result<ArenaBlock> allocate(const void* memory, size_t bytes) {
    const auto& device = *static_cast<const ToyDevice*>(memory);
    if (bytes > device.free) return std::unexpected(Error{ErrorCode::OutOfMemory, "toy"});
    return ArenaBlock(new std::byte[bytes],
                      [](void* data) { delete[] static_cast<std::byte*>(data); });
  }
};

ArenaPool::Claim planOn(const ToyDevice& device, size_t bytes, size_t onDevice) {
  return {{bytes, bytes, &kModel}, {{{onDevice, device.source()}}}};
}

size_t heldOn(const Ledger& ledger) { return ledger.report().now.deviceBytes; }

TEST(ArenaPool, BlocksOfADeviceAreSharedAsArenasAre) {
  Ledger ledger;
  const ToyDevice device, other;
  ArenaPool pool(2, ledger);
  Charge weights;
  weights.set(ledger, {.deviceBytes = 7});
  const auto large = planOn(device, 64, 1280), small = planOn(device, 640, 320),
             middle = planOn(device, 64, 640), elsewhere = planOn(other, 64, 128);
  for (const auto& one : {large, small, middle}) pool.announce(one);
  EXPECT_EQ(pool.need().deviceBytes, 1920U);
  EXPECT_EQ(pool.need(1).deviceBytes, 1280U);
  EXPECT_EQ(pool.need(0, &elsewhere).deviceBytes, 2048U) << "a device of its own";
  EXPECT_EQ(pool.need(0, &elsewhere, &large).deviceBytes, 1088U);
  pool.announce(elsewhere);
  EXPECT_EQ(pool.need().deviceBytes, 2048U);
  {
    const auto one = pool.lease(large, false), two = pool.lease(small, false);
    ASSERT_TRUE(one && two);
    EXPECT_NE(one->blocks()[0], nullptr);
    EXPECT_EQ(heldOn(ledger), 7U + 1920U) << "the smallest that is promised";
    EXPECT_EQ(pool.lease(middle, false).error().code, ErrorCode::Busy);
  }
  EXPECT_TRUE(pool.lease(middle, false).has_value());
  EXPECT_EQ(heldOn(ledger), 7U + 1920U) << "nothing is allocated twice";
  EXPECT_EQ(pool.heldBeside(), (MemoryLedger{.deviceBytes = 7}));
  pool.forget(large);
  pool.forget(middle);
  EXPECT_EQ(pool.need().deviceBytes, 448U);
  EXPECT_LE(heldOn(ledger), 7U + 448U);
}

TEST(ArenaPool, AnArenaGoesBackWhereTheDeviceHasNoBlock) {
  Ledger ledger;
  const ToyDevice device{.free = 100};
  ArenaPool pool(1, ledger);
  const auto large = planOn(device, 64, 128);
  pool.announce(large);
  for (int again = 0; again < 2; ++again) {
    const auto lease = pool.lease(large, true);
    ASSERT_FALSE(lease);
    EXPECT_EQ(lease.error().message, "toy") << "the device says why";
    EXPECT_EQ(heldOn(ledger), 0U);
  }
  device.free = 128;
  EXPECT_TRUE(pool.lease(large, false).has_value());
}

TEST(ArenaPool, BlocksOfSeveralDevicesAreLeasedAtOnceOrNotAtAll) {
  Ledger ledger;
  const ToyDevice one, other{.free = 100};
  ArenaPool pool(1, ledger);
  ArenaPool::Claim both = planOn(one, 64, 128);
  both.blocks[1] = {256, other.source()};
  EXPECT_EQ(pool.need(0, &both).deviceBytes, 384U) << "of devices that the pool does not know yet";
  pool.announce(both);
  EXPECT_EQ(pool.lease(both, true).error().message, "toy") << "the second has no room";
  EXPECT_EQ(pool.need().deviceBytes, 384U);
  other.free = 256;
  const auto swapped = planOn(other, 64, 256);  // its first device is the other's second
  pool.announce(swapped);
  EXPECT_EQ(pool.need().deviceBytes, 384U) << "they take turns";
  {
    const auto lease = pool.lease(both, false);
    ASSERT_TRUE(lease) << lease.error().message;
    EXPECT_NE(lease->blocks()[0], lease->blocks()[1]);
    EXPECT_EQ(heldOn(ledger), 384U);
    EXPECT_EQ(pool.lease(swapped, true).error().code, ErrorCode::Busy) << "this thread has it";
  }
  EXPECT_TRUE(pool.lease(swapped, false).has_value());
  pool.forget(both);
  EXPECT_EQ(heldOn(ledger), 256U) << "nobody wants the first device";
}

/// Each of two threads holds one device's block and wants the other's: neither waits for ever.
TEST(ArenaPool, WaitsAcrossDevicesEnd) {
  Ledger ledger;
  const ToyDevice one, other;
  ArenaPool pool(2, ledger);
  const ArenaPool::Claim first = planOn(one, 64, 128), second = planOn(other, 64, 128);
  pool.announce(first);
  pool.announce(second);
  std::barrier begun(2);
  std::atomic<int> refused = 0;
  const auto hold = [&](const ArenaPool::Claim& held, const ArenaPool::Claim& wanted) {
    const auto lease = pool.lease(held, true);
    EXPECT_TRUE(lease);
    begun.arrive_and_wait();
    const auto more = pool.lease(wanted, true);
    if (!more) refused += more.error().code == ErrorCode::Busy;
  };
  std::thread a(hold, first, second), b(hold, second, first);
  a.join(), b.join();
  EXPECT_GE(refused, 1);
}

TEST(ArenaPool, WaitingForABlockThatThisThreadHoldsIsRefused) {
  Ledger ledger;
  const ToyDevice device;
  ArenaPool pool(1, ledger);
  const auto claim = planOn(device, 64, 128);
  pool.announce(claim);
  const auto first = pool.lease(claim, true);
  ASSERT_TRUE(first);
  EXPECT_EQ(pool.lease(claim, true).error().code, ErrorCode::Busy);
}

TEST(Ledger, ThePeakIsOneMoment) {
  Ledger ledger;
  Charge weights, metadata;
  weights.set(ledger, {.staticBytes = 100});
  metadata.set(ledger, {.heapBytes = 50});
  metadata.set({.heapBytes = 10});
  weights.set({.staticBytes = 120});
  EXPECT_EQ(ledger.report().now, (MemoryLedger{.staticBytes = 120, .heapBytes = 10}));
  EXPECT_EQ(ledger.report().peak, (MemoryLedger{.staticBytes = 100, .heapBytes = 50}));
  ledger.resetPeak();
  EXPECT_EQ(ledger.report().peak, ledger.report().now);
  weights = Charge();
  EXPECT_EQ(ledger.report().now, (MemoryLedger{.heapBytes = 10}));
}

}  // namespace
}  // namespace minnow::memory
