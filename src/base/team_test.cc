// Leases and loops of teams. Written for the thread sanitizer too.
#include "base/team.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <barrier>
#include <chrono>
#include <functional>
#include <mutex>
#include <optional>
#include <set>
#include <thread>
#include <vector>

#include "base/shares.h"

#if !defined(__SANITIZE_THREAD__)
#include <sys/wait.h>
#include <unistd.h>
#endif

namespace minnow::base {
namespace {

/// How often each of `n` elements was visited; every element once, or the loop is wrong.
bool coversOnce(Team& team, int64_t n, int64_t grain) {
  std::vector<std::atomic<int>> visits(static_cast<size_t>(n));
  std::atomic<bool> aligned = true;
  team.parallelFor(n, grain, [&](int64_t begin, int64_t end) {
    if (begin % grain != 0 || (end % grain != 0 && end != n)) aligned = false;
    for (int64_t i = begin; i < end; ++i) ++visits[static_cast<size_t>(i)];
  });
  return aligned && std::ranges::all_of(visits, [](const auto& v) { return v == 1; });
}

/// Runs a loop whose members meet inside: it ends only if as many threads as that take part.
void meet(Team& team, int threads) {
  std::barrier<> all(threads);
  team.parallelFor(threads, 1, [&](int64_t begin, int64_t end) {
    for (; begin < end; ++begin) all.arrive_and_wait();
  });
}

std::set<std::thread::id> whoRuns(Team& team) {
  std::mutex mutex;
  std::set<std::thread::id> threads;
  for (int loop = 0; loop < 50; ++loop)
    team.parallelFor(64, 1, [&](int64_t, int64_t) {
      const std::lock_guard lock(mutex);
      threads.insert(std::this_thread::get_id());
    });
  return threads;
}

using Ids = std::set<std::thread::id>;

/// Runs `body` on a thread of its own and waits for it.
void elsewhere(const std::function<void()>& body) { std::thread(body).join(); }

}  // namespace

TEST(Team, ALoopCoversEverythingOnce) {
  ThreadPool pool(3);
  Team team = pool.lease(3);
  for (const int64_t n : {0, 1, 2, 7, 64, 1000})
    for (const int64_t grain : {1, 3, 64, 2000}) EXPECT_TRUE(coversOnce(team, n, grain)) << n;
  team.parallelFor(-5, 1, [](int64_t, int64_t) { FAIL() << "an empty loop"; });
}

// 10 grains of 3 and a rest for two members: 5 grains and 6.
TEST(Shares, AMemberTakesItsOwnAndThenTheOthers) {
  Shares shares(32, 3, 2);
  int64_t begin = 0, end = 0, left = 32, lastOwn = 32;
  for (int64_t next = 15; left > 15; next = end) {  // the leader has the last share
    ASSERT_TRUE(shares.take(0, begin, end));
    EXPECT_EQ(begin, next);
    EXPECT_LE(end - begin, (lastOwn - begin) / 2 + 3) << "others could help with the rest";
    left -= end - begin;
  }
  EXPECT_EQ(end, 32);
  ASSERT_TRUE(shares.take(1, begin, end));
  EXPECT_EQ(begin, 0);
  for (int64_t next = end; next < 15; next = end) {
    ASSERT_TRUE(shares.take(0, begin, end)) << "the leader helps";
    EXPECT_EQ(begin, next);
  }
  EXPECT_EQ(end, 15);
  EXPECT_FALSE(shares.take(0, begin, end));
  EXPECT_FALSE(shares.take(1, begin, end));
}

TEST(Shares, HeightsThatShareRowsEvenly) {
  EXPECT_EQ(evenHeight(14, 2, 8), 7) << "8 and 6 rows by eights";
  EXPECT_EQ(evenHeight(28, 2, 8), 7) << "16 and 12 rows by eights";
  EXPECT_EQ(evenHeight(14, 2, 2), 1) << "6 and 8 rows by twos";
  EXPECT_EQ(evenHeight(32, 2, 8), 8);
  EXPECT_EQ(evenHeight(7, 2, 4), 4) << "as even as can be";
  EXPECT_EQ(evenHeight(60, 3, 8), 5) << "16, 24 and 20 rows by eights";
  EXPECT_EQ(evenHeight(5, 8, 1), 1);
  EXPECT_EQ(evenHeight(0, 2, 1), 1);
}

TEST(Shares, MoreMembersThanShares) {
  Shares shares(100, 1, 50);
  std::vector<int> visits(100);
  int64_t begin = 0, end = 0;
  for (int member = 0; shares.take(member % 50, begin, end); ++member)
    for (; begin < end; ++begin) ++visits[static_cast<size_t>(begin)];
  EXPECT_EQ(visits, std::vector<int>(100, 1));
}

TEST(Team, TogetherIsOnceForEveryMember) {
  ThreadPool pool(3);
  Team team = pool.lease(3);
  for (const int most : {1, 2, 3, 9}) {
    std::barrier<> all(std::min(most, 3));
    std::array<std::atomic<int>, 3> calls{};
    team.together(most, [&](int member) {
      ++calls[static_cast<size_t>(member)];
      all.arrive_and_wait();
    });
    for (int member = 0; member < 3; ++member) EXPECT_EQ(calls[member], member < most) << most;
  }
  Team none;
  int leader = -1;
  none.together(4, [&](int member) { leader = member; });
  EXPECT_EQ(leader, 0);
}

TEST(Team, AllMembersTakePart) {
  for (const int threads : {2, 3, 5}) {
    ThreadPool pool(threads);
    EXPECT_EQ(pool.threads(), threads);
    Team team = pool.lease(threads);
    EXPECT_EQ(team.threads(), threads);
    for (int loop = 0; loop < 20; ++loop) meet(team, threads);
  }
}

TEST(Team, NoMoreThanAskedForNorThanThereAre) {
  ThreadPool pool(3);
  EXPECT_EQ(pool.lease(2).threads(), 2);
  EXPECT_EQ(pool.lease(100).threads(), 3);
  for (const int most : {1, 0, -3}) EXPECT_EQ(pool.lease(most).threads(), 1) << most;
  EXPECT_EQ(ThreadPool(1).lease(4).threads(), 1);
}

TEST(Team, OfOneIsTheCallingThread) {
  Team none;
  ThreadPool single(1), many(3);
  Team one = single.lease(8), small = many.lease(1);
  for (Team* team : {&none, &one, &small}) {
    EXPECT_EQ(team->threads(), 1);
    EXPECT_EQ(whoRuns(*team), Ids{std::this_thread::get_id()});
    EXPECT_TRUE(coversOnce(*team, 100, 7));
  }
}

// One thread each: whatever the first one holds, the second lease returns at once, and the first
// gives up its workers at its next loop.
TEST(Team, LeadersShareTheSeats) {
  ThreadPool pool(2);
  Team first = pool.lease(2);
  EXPECT_EQ(first.threads(), 2);
  elsewhere([&] {
    Team second = pool.lease(2);
    EXPECT_EQ(second.threads(), 1) << "nothing is free";
    EXPECT_TRUE(coversOnce(second, 100, 1));
  });
  EXPECT_EQ(first.threads(), 2) << "the second one went";
}

TEST(Team, GrowsAndShrinksBetweenLoops) {
  ThreadPool pool(4);
  Team first = pool.lease(4);
  EXPECT_EQ(first.threads(), 4);
  std::barrier<> step(2);
  std::thread other([&] {
    Team second = pool.lease(4);
    EXPECT_EQ(second.threads(), 1) << "the first team has not looked yet";
    step.arrive_and_wait();
    step.arrive_and_wait();
    EXPECT_EQ(second.threads(), 2) << "half of four, when the first has given back";
    meet(second, 2);
    step.arrive_and_wait();
    step.arrive_and_wait();
    second.rest();
    step.arrive_and_wait();
    step.arrive_and_wait();
    EXPECT_EQ(second.threads(), 1);
    step.arrive_and_wait();
    step.arrive_and_wait();
  });
  step.arrive_and_wait();
  EXPECT_EQ(first.threads(), 2);
  step.arrive_and_wait();
  step.arrive_and_wait();
  meet(first, 2);
  step.arrive_and_wait();
  step.arrive_and_wait();
  EXPECT_EQ(first.threads(), 4) << "the second one rests";
  meet(first, 4);
  step.arrive_and_wait();
  step.arrive_and_wait();
  EXPECT_EQ(first.threads(), 2) << "the second one is back";
  step.arrive_and_wait();
  other.join();
}

// With more leaders than seats every one computes alone, and none is kept waiting.
TEST(Team, LeadersAreNeverRefused) {
  ThreadPool pool(3);
  constexpr int kLeaders = 8;
  std::barrier<> all(kLeaders);
  std::vector<std::thread> leaders;
  std::atomic<int> wrong = 0;
  for (int i = 0; i < kLeaders; ++i)
    leaders.emplace_back([&] {
      Team team = pool.lease(3);
      all.arrive_and_wait();
      team.threads();  // who leased early gives back
      all.arrive_and_wait();
      wrong += team.threads() != 1 || whoRuns(team) != Ids{std::this_thread::get_id()};
      all.arrive_and_wait();
    });
  for (std::thread& leader : leaders) leader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(pool.lease(3).threads(), 3) << "all have come back";
}

// Each loop ends only if all members of both teams are inside at the same time.
TEST(Team, TwoRunSideBySide) {
  ThreadPool pool(4);
  std::barrier<> leased(2), inside(4);
  const auto lead = [&] {
    Team team = pool.lease(2);
    leased.arrive_and_wait();
    ASSERT_EQ(team.threads(), 2);
    for (int loop = 0; loop < 50; ++loop)
      team.parallelFor(2, 1, [&](int64_t begin, int64_t end) {
        for (; begin < end; ++begin) inside.arrive_and_wait();
      });
    leased.arrive_and_wait();
  };
  std::thread other(lead);
  lead();
  other.join();
}

// A member is alone inside a loop: the team may be handed on to whoever cuts work for it.
TEST(Team, InsideALoopEveryMemberIsAlone) {
  ThreadPool pool(3);
  Team team = pool.lease(3);
  std::atomic<int> inner = 0, wrong = 0;
  std::barrier<> all(3);
  team.parallelFor(3, 1, [&](int64_t begin, int64_t end) {
    for (; begin < end; ++begin) {
      all.arrive_and_wait();
      wrong += team.threads() != 1;
      const auto me = std::this_thread::get_id();
      team.parallelFor(40, 1, [&](int64_t from, int64_t to) {
        wrong += std::this_thread::get_id() != me;
        inner += static_cast<int>(to - from);
      });
    }
  });
  EXPECT_EQ(inner, 120);
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(team.threads(), 3);
}

// Lanes: a loop over two members, each of which leases a second thread for its own loops.
TEST(Team, AMemberLeasesATeamWithoutASecondSeat) {
  ThreadPool pool(4);
  Team frame = pool.lease(2);
  std::barrier<> lanes(2), inside(4);
  std::atomic<int> wrong = 0;
  for (int round = 0; round < 20; ++round)
    frame.parallelFor(2, 1, [&](int64_t begin, int64_t end) {
      for (; begin < end; ++begin) {
        Team lane = pool.lease(2);
        wrong += lane.threads() != 2;
        lanes.arrive_and_wait();
        lane.parallelFor(2, 1, [&](int64_t from, int64_t to) {
          for (; from < to; ++from) inside.arrive_and_wait();
        });
      }
    });
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(frame.threads(), 2);
}

TEST(Team, AtRestItHoldsNothing) {
  ThreadPool pool(3);
  Team team = pool.lease(3);
  meet(team, 3);
  team.rest();
  team.rest();
  {
    Team nested = pool.lease(3);  // as a callback that runs a frame
    EXPECT_EQ(nested.threads(), 3);
    meet(nested, 3);
  }
  elsewhere([&] { EXPECT_EQ(pool.lease(3).threads(), 3); });
  EXPECT_EQ(team.threads(), 3);
  meet(team, 3);
}

// The leader of a team in one pool may lead one in another.
TEST(Team, OfTwoPoolsOnOneThread) {
  ThreadPool one(2), two(3);
  Team first = one.lease(2);
  for (int round = 0; round < 3; ++round) {
    Team second = two.lease(3);
    meet(second, 3);
    meet(first, 2);
  }
  first.rest();
  EXPECT_EQ(two.lease(3).threads(), 3);
}

// A worker that has not woken yet is not waited for, and does not touch a loop that has ended.
TEST(Team, LoopsThatEndBeforeAWorkerBegins) {
  ThreadPool pool(2);
  Team team = pool.lease(2);
  int64_t sum = 0;
  for (int loop = 0; loop < 2000; ++loop) {
    std::array<std::atomic<int64_t>, 2> parts{};
    team.parallelFor(2, 1, [&](int64_t begin, int64_t end) {
      for (; begin < end; ++begin) parts[static_cast<size_t>(begin)] = begin + 1;
    });
    sum += parts[0] + parts[1];
    if (loop % 500 == 0) std::this_thread::sleep_for(std::chrono::milliseconds(2));
  }
  EXPECT_EQ(sum, 3 * 2000);
}

// Teams come, grow, shrink, rest and go on five threads; what a loop writes is seen after it,
// without atomics: the thread sanitizer's.
TEST(Team, ManyThreadsLeaseAndLoop) {
  ThreadPool pool(4);
  std::atomic<int> wrong = 0;
  const auto lead = [&](int seed) {
    std::vector<int64_t> data(600);
    for (int round = 0; round < 40; ++round) {
      Team team = pool.lease(1 + (round + seed) % 4);
      for (int loop = 0; loop < 10; ++loop) {
        team.parallelFor(600, 1 + loop, [&](int64_t begin, int64_t end) {
          for (; begin < end; ++begin) data[static_cast<size_t>(begin)] += begin;
        });
        if (loop == seed) team.rest();
      }
      for (int64_t i = 0; i < 600; ++i) wrong += data[static_cast<size_t>(i)] != 10 * i;
      std::ranges::fill(data, 0);
    }
  };
  std::vector<std::thread> leaders;
  for (int seed = 0; seed < 5; ++seed) leaders.emplace_back(lead, seed);
  for (std::thread& leader : leaders) leader.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(pool.lease(4).threads(), 4);
}

TEST(ThreadPool, ComesAndGoes) {
  for (int round = 0; round < 50; ++round) {
    ThreadPool pool(1 + round % 4);
    if (round % 2 == 0) continue;
    Team team = pool.lease(4);
    EXPECT_TRUE(coversOnce(team, 50, 1));
  }
}

#if !defined(__SANITIZE_THREAD__)  // which starts threads in no child
TEST(Team, InAChildOfForkItIsTheCallingThread) {
  ThreadPool pool(3);
  Team team = pool.lease(3);
  meet(team, 3);
  const pid_t child = fork();
  if (child == 0) {
    alarm(60);
    bool right = team.threads() == 1 && coversOnce(team, 100, 1);
    {
      Team second = pool.lease(3);
      right = right && second.threads() == 1 && coversOnce(second, 100, 1);
      ThreadPool own(2);
      Team third = own.lease(2);
      meet(third, 2);
    }
    team.rest();
    _exit(right ? 0 : 1);
  }
  int status = 0;
  waitpid(child, &status, 0);
  EXPECT_TRUE(WIFEXITED(status) && WEXITSTATUS(status) == 0);
  meet(team, 3);
}
#endif

}  // namespace minnow::base
