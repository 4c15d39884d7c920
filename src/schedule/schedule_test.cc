// Policy and admission in virtual time: random sets of tasks, whose seeds are the numbers of their
// loops, and for tiny ones every schedule that there is.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "schedule/admission.h"
#include "schedule/latencies.h"
#include "schedule/placement.h"
#include "schedule/sampler.h"
#include "schedule/simulator.h"
#include "schedule/speed.h"

namespace minnow::schedule {
namespace {

using Random = std::mt19937_64;
constexpr Nanos kMilli = 1'000'000;

int between(Random& random, int least, int most) {
  return least + static_cast<int>(random() % static_cast<uint64_t>(most - least + 1));
}

/// Pieces of different lengths that come to a cost.
std::vector<Nanos> drawPieces(Nanos cost, int count, Random& random) {
  std::vector<Nanos> pieces;
  for (int p = count; p > 1; --p) {
    const Nanos piece = std::max<Nanos>(1, cost * between(random, 1, 200) / (100 * p));
    if (piece >= cost) break;
    pieces.push_back(piece);
    cost -= piece;
  }
  pieces.push_back(cost);
  return pieces;
}

struct Draw {
  int mostTasks = 6, priorities = 3, mostPieces = 8;
  bool jitter = true, triggers = true;
};

/// A set that loads the machine by about so much.
std::vector<Task> drawTasks(double load, const Draw& draw, Random& random) {
  const int count = between(random, 1, draw.mostTasks);
  std::vector<double> shares;
  double sum = 0;
  for (int t = 0; t < count; ++t) sum += shares.emplace_back(between(random, 1, 100));
  std::vector<Task> tasks;
  for (int t = 0; t < count; ++t) {
    Task task;
    task.period = between(random, 5, 100) * kMilli;
    task.priority = between(random, 0, draw.priorities - 1);
    task.deadline = random() % 2 == 0 ? task.period : task.period * between(random, 30, 100) / 100;
    if (draw.jitter && random() % 3 == 0) task.jitter = task.period * between(random, 0, 30) / 100;
    const int above = t == 0 ? -1 : between(random, 0, t - 1);
    if (draw.triggers && above >= 0 && random() % 4 == 0 && tasks[above].of < 0) {
      task.of = above;
      task.period = tasks[above].period;
      task.deadline = std::min(task.deadline, task.period);
      task.jitter = 0;
      task.mostRuns = between(random, 1, 3);
    }
    const Nanos cost = std::max<Nanos>(
        2, static_cast<Nanos>(load * shares[t] / sum * static_cast<double>(task.period)) /
               task.mostRuns);
    task.pieces = drawPieces(cost, between(random, 1, draw.mostPieces), random);
    tasks.push_back(task);
  }
  return tasks;
}

double loadOf(std::span<const Task> tasks) {
  double load = 0;
  for (const Task& task : tasks)
    load += static_cast<double>(task.cost()) / static_cast<double>(task.period);
  return load;
}

std::string inWords(std::span<const Task> tasks) {
  std::string words;
  for (const Task& task : tasks)
    words += "period " + std::to_string(task.period) + " jitter " + std::to_string(task.jitter) +
             " deadline " + std::to_string(task.deadline) + " priority " +
             std::to_string(task.priority) + " of " + std::to_string(task.of) + " runs " +
             std::to_string(task.mostRuns) + " cost " + std::to_string(task.cost()) + " longest " +
             std::to_string(task.longestPiece()) + " home " + std::to_string(task.home) +
             " visits " + std::to_string(task.visits.size()) + "\n";
  return words;
}

void expectAllAccountedFor(std::span<const Outcome> outcomes) {
  for (const Outcome& outcome : outcomes)
    EXPECT_EQ(outcome.released, outcome.ended + outcome.drops());
}

constexpr int kMostUnits = 3;

/// A set, and what its tasks take on units that are like the first, or devices: all in one piece, faster
/// or slower. Each runs somewhere, not each everywhere.
struct PlacedDraw {
  std::vector<Task> tasks;
  std::vector<PiecesByUnit> pieces;
  int units = 1;
};

PlacedDraw drawOnUnits(double load, Random& random) {
  PlacedDraw set;
  set.units = between(random, 1, kMostUnits);
  set.tasks = drawTasks(load * set.units, {.mostTasks = 6}, random);
  std::vector<bool> devices;
  for (int unit = 0; unit < set.units; ++unit) devices.push_back(unit > 0 && random() % 3 == 0);
  for (const Task& task : set.tasks) {
    PiecesByUnit& own = set.pieces.emplace_back(set.units);
    own[0] = task.pieces;
    for (int unit = 1; unit < set.units; ++unit) {
      if (random() % 6 == 0) continue;
      own[unit] = devices[unit] ? std::vector<Nanos>{std::max<Nanos>(
                                      1, task.costOfRun() * between(random, 30, 250) / 100)}
                                : task.pieces;
    }
  }
  place(set.tasks, set.pieces, set.units);
  return set;
}

// Whatever the load: what admission says of the most urgent priorities is kept, though those below
// ask for more than there is.
TEST(Admission, NeverSaysYesToWhatThenMisses) {
  int yes = 0, wholeSets = 0, tight = 0;
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    Random random(seed);
    const std::vector<Task> tasks = drawTasks(between(random, 10, 150) / 100.0, {}, random);
    const int arenas = between(random, 1, arenasWanted(tasks));
    const std::vector<Verdict> verdicts = verdictsOf(tasks, arenas);
    wholeSets += std::ranges::all_of(verdicts, &Verdict::holds);
    for (int draw = 0; draw < 3; ++draw) {
      const auto arrivals = drawArrivals(tasks, 800 * kMilli, random);
      SimulatorOptions options{.arenas = arenas};
      if (draw == 2) {
        options.piece = [&](Nanos measured) {
          return std::max<Nanos>(1, measured * between(random, 20, 100) / 100);
        };
        options.runs = [&](int task) { return between(random, 0, tasks[task].mostRuns); };
      }
      const auto outcomes = simulate(tasks, arrivals, options);
      for (size_t t = 0; t < tasks.size(); ++t) {
        if (!verdicts[t].holds) continue;
        ++yes;
        ASSERT_EQ(outcomes[t].missed + outcomes[t].drops(), 0)
            << "seed " << seed << ", task " << t << ", arenas " << arenas << "\n"
            << inWords(tasks);
        ASSERT_LE(outcomes[t].worstResponse, verdicts[t].response) << "seed " << seed;
        tight += outcomes[t].worstResponse * 100 >= verdicts[t].response * 98;
      }
      expectAllAccountedFor(outcomes);
    }
  }
  EXPECT_GT(wholeSets, 2500) << "it refuses too much for this test to say anything";
  EXPECT_GT(tight, yes / 10) << "its bounds are far from what happens";
}

// The same on up to three units, with homes and visits that the placement chose, and arenas for all.
TEST(Admission, NeverSaysYesToWhatThenMissesOnSeveralUnits) {
  int yes = 0, visits = 0, wholeSets = 0;
  for (unsigned seed = 0; seed < 10'000; ++seed) {
    Random random(seed);
    const PlacedDraw set = drawOnUnits(between(random, 10, 130) / 100.0, random);
    const Units units = unitsWanted(set.tasks, set.units);
    const std::vector<Verdict> verdicts = verdictsOf(set.tasks, units);
    wholeSets += set.units > 1 && std::ranges::all_of(verdicts, &Verdict::holds);
    for (int draw = 0; draw < 2; ++draw) {
      const auto arrivals = drawArrivals(set.tasks, 200 * kMilli, random);
      SimulatorOptions options{.arenas = units};
      if (draw == 1) {
        options.piece = [&](Nanos measured) {
          return std::max<Nanos>(1, measured * between(random, 20, 100) / 100);
        };
        options.runs = [&](int task) { return between(random, 0, set.tasks[task].mostRuns); };
      }
      const auto outcomes = simulate(set.tasks, arrivals, options);
      for (size_t t = 0; t < set.tasks.size(); ++t) {
        visits += outcomes[t].visits;
        if (!verdicts[t].holds) continue;
        ++yes;
        ASSERT_EQ(outcomes[t].missed + outcomes[t].drops(), 0)
            << "seed " << seed << ", task " << t << "\n"
            << inWords(set.tasks);
      }
      expectAllAccountedFor(outcomes);
    }
  }
  EXPECT_GT(wholeSets, 2000);
  EXPECT_GT(visits, 4000) << "units hardly help each other";
  EXPECT_GT(yes, 40'000);
}

// Liu and Layland 1973, with Baker's term for blocking: sets that are known to keep their deadlines.
TEST(Admission, AdmitsWhatUtilisationBoundsAdmit) {
  int byDeadline = 0, byPriority = 0;
  for (unsigned seed = 0; seed < 4000; ++seed) {
    Random random(seed);
    std::vector<Task> tasks =
        drawTasks(between(random, 50, 100) / 100.0, {.jitter = false, .triggers = false}, random);
    for (Task& task : tasks) task.deadline = task.period, task.priority = 0;
    Nanos piece = 0, period = kNever;
    for (const Task& task : tasks) {
      piece = std::max(piece, task.longestPiece());
      period = std::min(period, task.period);
    }
    if (loadOf(tasks) + static_cast<double>(piece) / static_cast<double>(period) <= 1) {
      ++byDeadline;
      ASSERT_TRUE(allHold(tasks, arenasWanted(tasks))) << seed << "\n" << inWords(tasks);
    }
    std::ranges::sort(tasks, {}, &Task::period);
    for (size_t t = 0; t < tasks.size(); ++t) tasks[t].priority = -static_cast<int>(t);
    bool bounded = true;
    double load = 0;
    for (size_t t = 0; t < tasks.size(); ++t) {
      const double n = static_cast<double>(t) + 1;
      load += static_cast<double>(tasks[t].cost()) / static_cast<double>(tasks[t].period);
      Nanos below = 0;
      for (size_t k = t + 1; k < tasks.size(); ++k)
        below = std::max(below, tasks[k].longestPiece());
      bounded &= load + static_cast<double>(below) / static_cast<double>(tasks[t].period) <=
                 n * (std::pow(2, 1 / n) - 1);
    }
    if (!bounded) continue;
    ++byPriority;
    ASSERT_TRUE(allHold(tasks, arenasWanted(tasks))) << seed << "\n" << inWords(tasks);
  }
  EXPECT_GT(byDeadline, 500);
  EXPECT_GT(byPriority, 200);
}

TEST(Admission, RefusesMoreThanTheMachineHas) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    const auto tasks = drawTasks(between(random, 90, 200) / 100.0, {}, random);
    if (loadOf(tasks) > 1) {
      ASSERT_FALSE(allHold(tasks, arenasWanted(tasks))) << seed;
    }
  }
}

/// docs/scheduling.md: signs, faces, road.
std::vector<Task> exampleOfThePaper() {
  const auto task = [](Nanos period, Nanos deadline, int priority, std::vector<Nanos> pieces) {
    for (Nanos* time : {&period, &deadline}) *time *= kMilli;
    for (Nanos& piece : pieces) piece *= kMilli;
    return Task{
        .period = period, .deadline = deadline, .priority = priority, .pieces = std::move(pieces)};
  };
  return {task(40, 20, 1, {5, 5}), task(80, 60, 0, {5, 5, 5}), task(80, 80, 0, {8, 8, 8, 8, 8})};
}

TEST(Admission, BoundsTheExampleOfThePaper) {
  const auto verdicts = admit(exampleOfThePaper(), 3);
  std::vector<Nanos> responses;
  for (const Verdict& verdict : verdicts) {
    EXPECT_TRUE(verdict.holds);
    responses.push_back(verdict.response / kMilli);
  }
  EXPECT_EQ(responses, (std::vector<Nanos>{18, 55, 75}));
  // With one arena nothing goes between pieces, and the signs may wait for the whole road.
  const auto one = admit(exampleOfThePaper(), 1);
  EXPECT_FALSE(one[0].holds);
  EXPECT_EQ(one[0].response, 50 * kMilli);
  // A fourth of the road's rate more is more than there is.
  auto faster = exampleOfThePaper();
  faster[2].period = faster[2].deadline = 64 * kMilli;
  const auto more = admit(faster, 3);
  EXPECT_TRUE(more[0].holds);
  EXPECT_FALSE(more[2].holds);
  EXPECT_EQ(more[1].rateThatHolds, more[2].rateThatHolds);
  EXPECT_NEAR(more[2].rateThatHolds, 0.853, 1e-9) << "75 ms are to do in a period";
}

TEST(Policy, ComputesTheExampleOfThePaper) {
  const auto tasks = exampleOfThePaper();
  const std::vector<Arrival> arrivals{{0, 0}, {0, 1}, {0, 2}, {40 * kMilli, 0}};
  std::vector<std::pair<int, Nanos>> stretches;
  const auto outcomes =
      simulate(tasks, arrivals, {.arenas = 3, .begins = [&](const Policy&, int task, Nanos now) {
                                   if (stretches.empty() || stretches.back().first != task)
                                     stretches.emplace_back(task, now / kMilli);
                                 }});
  const std::vector<std::pair<int, Nanos>> expected{{0, 0}, {1, 10}, {2, 25}, {0, 41}, {2, 51}};
  EXPECT_EQ(stretches, expected);
  EXPECT_EQ(outcomes[2].worstResponse, 75 * kMilli);
}

// With the rates that it names, and without what holds at none, every deadline is kept.
TEST(Admission, TheRatesThatItNamesHold) {
  int slower = 0;
  for (unsigned seed = 0; seed < 500; ++seed) {
    Random random(seed);
    const auto tasks = drawTasks(between(random, 80, 200) / 100.0, {.triggers = false}, random);
    const auto verdicts = admit(tasks, arenasWanted(tasks));
    std::vector<Task> kept;
    for (size_t t = 0; t < tasks.size(); ++t) {
      const double share = verdicts[t].rateThatHolds;
      slower += share > 0 && share < 1;
      if (share == 0) continue;
      Task& task = kept.emplace_back(tasks[t]);
      task.period = static_cast<Nanos>(std::ceil(static_cast<double>(task.period) / share));
      if (tasks[t].deadline == tasks[t].period) task.deadline = task.period;
    }
    ASSERT_TRUE(kept.empty() || allHold(kept, arenasWanted(kept))) << seed << "\n" << inWords(kept);
  }
  EXPECT_GT(slower, 100);
}

/// The road models of docs/scheduling.md at a load: rate, milliseconds, of which one piece, priority.
std::vector<Task> roadTasks(double load) {
  struct Model {
    double rate, ms, piece;
    int priority;
  };
  constexpr Model kModels[] = {{30, .47, .03, 2},  {15, 3.91, .17, 1}, {30, .28, .1, 1},
                               {10, 2.99, .05, 0}, {10, 1.72, .1, 0},  {15, 1.22, .1, 0},
                               {4, 5.47, .3, 0},   {6, 6.94, .3, 0},   {10, .23, .03, 0},
                               {2, 44.92, 1.1, 0}};
  double base = 0;
  for (const Model& model : kModels) base += model.rate * model.ms / 1000;
  std::vector<Task> tasks;
  for (const Model& model : kModels) {
    const auto period = static_cast<Nanos>(1e9 / (model.rate * load / base));
    const auto count = std::max<size_t>(1, static_cast<size_t>(model.ms / model.piece));
    const auto piece = static_cast<Nanos>(model.ms * 1e6 / static_cast<double>(count));
    tasks.push_back({.period = period,
                     .deadline = period,
                     .priority = model.priority,
                     .pieces = std::vector<Nanos>(count, piece)});
  }
  return tasks;
}

// Four arenas do what eight do: TwinLiteNet's 45 ms are alone in the lowest class. Where the lowest ones were joined it would
// be one with models that have 30.
TEST(Classes, AreJoinedWhereItCostsNothing) {
  for (const double load : {0.5, 0.75, 0.95}) {
    const auto tasks = roadTasks(load);
    EXPECT_EQ(arenasWanted(tasks), 8);
    EXPECT_EQ(arenasOfUse(tasks), 4) << load;
    EXPECT_TRUE(allHold(tasks, 4)) << load;
    EXPECT_FALSE(allHold(tasks, 3) && load > 0.5) << load;
    EXPECT_EQ(preemptionClasses(tasks, 4), (std::vector{3, 2, 2, 1, 1, 1, 1, 1, 1, 0}));
    EXPECT_GT(waitWithFewer(tasks, 0, 4), 1) << "of its deadline";
  }
}

TEST(Classes, OfUsePromiseAllThatMoreWould) {
  int fewer = 0;
  for (unsigned seed = 0; seed < 300; ++seed) {
    Random random(seed);
    const auto tasks = drawTasks(between(random, 10, 150) / 100.0, {}, random);
    const int all = arenasWanted(tasks), ofUse = arenasOfUse(tasks);
    ASSERT_LE(ofUse, all) << seed;
    fewer += ofUse < all;
    const auto with = verdictsOf(tasks, all), without = verdictsOf(tasks, ofUse);
    for (size_t t = 0; t < tasks.size(); ++t)
      ASSERT_EQ(with[t].holds, without[t].holds) << seed << ", task " << t;
  }
  EXPECT_GT(fewer, 50);
}

// Policy ------------------------------------------------------------------------------------------

TEST(Policy, NeverIdlesWhileAJobWaitsAndLosesNone) {
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    const auto tasks = drawTasks(between(random, 30, 300) / 100.0, {}, random);
    const auto arrivals = drawArrivals(tasks, 400 * kMilli, random);
    const auto outcomes = simulate(tasks, arrivals,
                                   {.arenas = between(random, 1, arenasWanted(tasks)),
                                    .idle = [&](const Policy& policy, Nanos, Nanos) {
                                      ASSERT_TRUE(policy.isIdle()) << seed;
                                    }});
    expectAllAccountedFor(outcomes);
    if (HasFailure()) return;
  }
}

TEST(Policy, HoldsNoMoreArenasThanItHas) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    const auto tasks = drawTasks(between(random, 30, 300) / 100.0, {}, random);
    const int arenas = between(random, 1, arenasWanted(tasks));
    const auto arrivals = drawArrivals(tasks, 400 * kMilli, random);
    simulate(tasks, arrivals, {.arenas = arenas, .begins = [&](const Policy& policy, int, Nanos) {
                                 int begun = 0;
                                 for (int t = 0; t < static_cast<int>(tasks.size()); ++t)
                                   begun += policy.hasBegun(t);
                                 ASSERT_LE(begun, arenas) << seed;
                               }});
    if (HasFailure()) return;
  }
}

// The most urgent one is alone with its priority; the others ask for up to three machines.
TEST(Policy, TheMostUrgentWaitsForOnePieceAndLosesNothing) {
  for (unsigned seed = 0; seed < 2000; ++seed) {
    Random random(seed);
    auto tasks = drawTasks(between(random, 100, 300) / 100.0, {.triggers = false}, random);
    Task urgent;
    urgent.priority = 9;
    urgent.pieces = {kMilli, 2 * kMilli, kMilli};
    Nanos piece = 0;
    for (const Task& task : tasks) piece = std::max(piece, task.longestPiece());
    urgent.deadline = piece + urgent.cost();
    urgent.period = urgent.deadline + kMilli;
    tasks.push_back(urgent);
    const auto arrivals = drawArrivals(tasks, 500 * kMilli, random);
    const auto outcomes = simulate(tasks, arrivals, {.arenas = arenasWanted(tasks)});
    ASSERT_EQ(outcomes.back().ended, outcomes.back().released) << seed;
    ASSERT_EQ(outcomes.back().missed, 0) << seed;
  }
}

TEST(Policy, StarvesNoneOfAPriority) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    Random random(seed);
    const auto tasks =
        drawTasks(between(random, 100, 400) / 100.0, {.priorities = 1, .triggers = false}, random);
    Nanos round = kSecond;  // in which each has a job that may be late
    for (const Task& task : tasks) round += task.cost() + task.period;
    const Nanos length = 6 * kSecond;
    const auto outcomes = simulate(tasks, drawArrivals(tasks, length, random),
                                   {.arenas = between(random, 1, arenasWanted(tasks))});
    for (const Outcome& outcome : outcomes) {
      ASSERT_LE(outcome.worstGap, round) << seed << "\n" << inWords(tasks);
      ASSERT_GE(outcome.ended, length / round - 1) << seed << "\n" << inWords(tasks);
    }
  }
}

// By deadlines alone the second one would never begin: another job of the first is always due before.
TEST(Policy, GivesATaskItsTurnAfterADrop) {
  const std::vector<Task> tasks{
      {.period = 10 * kMilli, .deadline = 10 * kMilli, .pieces = {10 * kMilli}},
      {.period = 100 * kMilli, .deadline = 100 * kMilli, .pieces = {25 * kMilli, 25 * kMilli}}};
  Random random(1);
  const auto outcomes =
      simulate(tasks, drawArrivals(tasks, 10 * kSecond, random), {.arenas = arenasWanted(tasks)});
  EXPECT_GE(outcomes[1].ended, 45) << "every other one of 100";
  EXPECT_EQ(outcomes[1].missed, 0);
  EXPECT_GE(outcomes[0].ended, 600);
}

// Equal tasks of different priorities: a greater one never loses more frames than a smaller one.
TEST(Policy, ThinsTheLowestPriorityFirst) {
  for (unsigned seed = 0; seed < 1000; ++seed) {
    Random random(seed);
    std::vector<Task> tasks(static_cast<size_t>(between(random, 2, 8)));
    const double load = between(random, 80, 300) / 100.0;
    const auto pieces = drawPieces(
        static_cast<Nanos>(load * 33 * kMilli / static_cast<double>(tasks.size())), 4, random);
    for (size_t t = 0; t < tasks.size(); ++t)
      tasks[t] = {.period = 33 * kMilli,
                  .deadline = 33 * kMilli,
                  .priority = static_cast<int>(t),
                  .pieces = pieces};
    std::vector<Arrival> arrivals;
    for (Nanos at = 0; at < 3 * kSecond; at += 33 * kMilli)
      for (size_t t = 0; t < tasks.size(); ++t) arrivals.push_back({at, static_cast<int>(t)});
    const auto outcomes = simulate(tasks, arrivals, {.arenas = arenasWanted(tasks)});
    for (size_t t = 1; t < tasks.size(); ++t)
      ASSERT_LE(outcomes[t].drops(), outcomes[t - 1].drops()) << seed << " " << t;
  }
}

TEST(Policy, DropsSayWhy) {
  const std::vector<Task> tasks{
      {.period = 10 * kMilli, .deadline = 10 * kMilli, .pieces = {8 * kMilli}}};
  Policy policy(tasks, 1);
  policy.release({.frame = 1, .deadline = 10 * kMilli});
  EXPECT_EQ(policy.next(0, 0), 0);
  policy.release({.frame = 2, .deadline = 20 * kMilli});
  policy.release({.frame = 3, .deadline = 30 * kMilli});
  std::vector<Dropped> dropped;
  const auto drain = [&] {
    dropped.clear();
    policy.drainDropped([&](const Dropped& one) { dropped.push_back(one); });
  };
  drain();
  ASSERT_EQ(dropped.size(), 1U);
  EXPECT_EQ(dropped[0].job.frame, 2U);
  EXPECT_EQ(dropped[0].why, Why::Newer);
  policy.end(0);
  EXPECT_EQ(policy.next(0, 25 * kMilli), -1) << "5 ms are left of the 8 that it takes";
  drain();
  ASSERT_EQ(dropped.size(), 1U);
  EXPECT_EQ(dropped[0].job.frame, 3U);
  EXPECT_EQ(dropped[0].why, Why::Late);
  policy.release({.frame = 4, .deadline = 1030 * kMilli});
  EXPECT_EQ(policy.next(0, 1025 * kMilli), 0) << "a second later one may be late, to be measured";
}

// Rates, speed, latencies ---------------------------------------------------------------------

// What a model is asked to look at comes as close as its period and jitter say and no closer, and as
// often as its rate says.
TEST(Sampler, KeepsItsRateAndTheBoundsThatAdmissionCountsOn) {
  for (const double frameRate : {30.0, 25.0, 29.97, 60.0}) {
    for (const double rate : {1.0, 7.0, 10.0, 12.5, 15.0, 24.0, 25.0}) {
      Sampler sampler(rate, 1, frameRate);
      std::vector<Nanos> taken;
      const auto frames = static_cast<int>(60 * frameRate);
      for (int frame = 0; frame < frames; ++frame) {
        const auto captured = static_cast<Nanos>(frame * kSecond / frameRate);
        if (sampler.takes(captured)) taken.push_back(captured);
      }
      EXPECT_NEAR(static_cast<double>(taken.size()) / 60, rate, 0.05)
          << rate << " of " << frameRate;
      for (size_t first = 0; first < taken.size(); first += 17)
        for (size_t last = first; last < taken.size(); ++last) {
          const Nanos length = taken[last] - taken[first] + 1;
          const Nanos most = (length + sampler.jitter() + sampler.period() - 1) / sampler.period();
          ASSERT_LE(static_cast<Nanos>(last - first + 1), most) << rate << " of " << frameRate;
        }
    }
  }
  Sampler third(0, 3, 30);
  EXPECT_TRUE(third.takes(0));
  EXPECT_FALSE(third.takes(1));
  EXPECT_FALSE(third.takes(2));
  EXPECT_TRUE(third.takes(3));
}

TEST(Sampler, BeginsAnewAfterAStall) {
  Sampler sampler(7, 1, 30);
  EXPECT_TRUE(sampler.takes(0));
  EXPECT_TRUE(sampler.takes(20 * kSecond));
  EXPECT_FALSE(sampler.takes(20 * kSecond + 33 * kMilli)) << "nothing is made up for";
}

TEST(Speed, IsToldWithinASecondOfComputing) {
  Speed speed;
  for (int job = 0; job < 100; ++job) speed.add(5 * kMilli, 5 * kMilli);
  EXPECT_FALSE(speed.changed());
  Nanos passed = 0;
  while (!speed.changed() || speed.now() > 0.55) {
    speed.add(5 * kMilli, 10 * kMilli);  // everything takes twice as long
    ASSERT_LT(passed += 10 * kMilli, kSecond);
  }
  EXPECT_GT(speed.now(), 0.45);
}

// Two units, each with its own tasks; one is half as fast from the third second on. It is told, within a
// second and of that unit alone, and the policy goes by it: what it cannot end it does not begin.
TEST(Pace, FollowsAUnitThatSlowsDown) {
  std::vector<Task> tasks;
  for (int t = 0; t < 4; ++t)
    tasks.push_back({.period = 20 * kMilli,
                     .deadline = 20 * kMilli,
                     .priority = t / 2,
                     .pieces = std::vector<Nanos>(8, kMilli),
                     .home = t % 2});
  Random random(1);
  const Nanos when = 3 * kSecond, length = 8 * kSecond;
  std::vector<std::pair<int, Nanos>> told;
  double last = 0;
  const auto outcomes =
      simulate(tasks, drawArrivals(tasks, length, random),
               {.arenas = Units({2, 2}),
                .slower = [&](int unit, Nanos now) { return unit == 1 && now >= when ? 2.0 : 1.0; },
                .speed =
                    [&](int unit, double speed, Nanos now) {
                      told.emplace_back(unit, now);
                      last = speed;
                    }});
  ASSERT_FALSE(told.empty());
  for (const auto& [unit, at] : told) {
    EXPECT_EQ(unit, 1);
    EXPECT_GE(at, when);
    EXPECT_LE(at, when + kSecond);
  }
  EXPECT_NEAR(last, 0.5, 0.05);
  EXPECT_EQ(outcomes[0].missed + outcomes[0].drops() + outcomes[2].missed + outcomes[2].drops(), 0);
  EXPECT_EQ(outcomes[3].drops(), 0) << "the most urgent still has its 16 of 20 ms";
  EXPECT_GT(outcomes[1].drops(), 100);
  EXPECT_GT(outcomes[1].drops() + outcomes[1].missed, 200);
}

// What a slow unit cannot do in time another one that is idle takes over.
TEST(Pace, AnIdleUnitHelpsOneThatSlowsDown) {
  std::vector<Task> tasks{{.period = 20 * kMilli, .deadline = 20 * kMilli},
                          {.period = 20 * kMilli, .deadline = 20 * kMilli}};
  const PiecesByUnit both{{4 * kMilli, 4 * kMilli}, {4 * kMilli, 4 * kMilli}};
  place(tasks, std::vector<PiecesByUnit>{both, both}, 2);
  EXPECT_NE(tasks[0].home, tasks[1].home);
  const int slow = tasks[0].home;
  std::vector<Arrival> arrivals;
  for (Nanos at = 0; at < 4 * kSecond; at += 20 * kMilli) arrivals.push_back({at, 0});
  const auto outcomes =
      simulate(tasks, arrivals, {.arenas = unitsWanted(tasks, 2), .slower = [&](int unit, Nanos) {
                                   return unit == slow ? 4.0 : 1.0;
                                 }});
  EXPECT_GT(outcomes[0].visits, 150);
  EXPECT_LE(outcomes[0].missed + outcomes[0].drops(), 12);
}

TEST(Latencies, AreToldToOnePercent) {
  Latencies latencies;
  EXPECT_EQ(latencies.quantile(0.5), 0);
  for (Nanos ms = 1; ms <= 1000; ++ms) latencies.add(ms * kMilli);
  EXPECT_NEAR(static_cast<double>(latencies.quantile(0.5)), 500e6, 5e6);
  EXPECT_NEAR(static_cast<double>(latencies.quantile(0.99)), 990e6, 9.9e6);
}

// Every schedule --------------------------------------------------------------------------------

/// Jobs of pieces of one unit, each with its own release and deadline.
struct Small {
  std::vector<int> release, deadline, units;
};

bool anyScheduleHolds(const Small& jobs, std::vector<int> left, int now) {
  bool allDone = true;
  for (size_t j = 0; j < left.size(); ++j) {
    allDone &= left[j] == 0;
    if (left[j] > 0 && now + left[j] > jobs.deadline[j]) return false;
  }
  if (allDone) return true;
  bool ready = false;
  for (size_t j = 0; j < left.size(); ++j) {
    if (left[j] == 0 || jobs.release[j] > now) continue;
    ready = true;
    --left[j];
    if (anyScheduleHolds(jobs, left, now + 1)) return true;
    ++left[j];
  }
  return !ready && anyScheduleHolds(jobs, left, now + 1);
}

// With pieces of one unit, earliest deadline first keeps all deadlines if anything does.
TEST(Policy, KeepsAllDeadlinesOfTinySetsIfAnyScheduleDoes) {
  int feasible = 0, infeasible = 0;
  for (unsigned seed = 0; seed < 3000; ++seed) {
    Random random(seed);
    Small jobs;
    std::vector<Task> tasks;
    std::vector<Arrival> arrivals;
    const int count = between(random, 2, 4);
    for (int j = 0; j < count; ++j) {
      jobs.release.push_back(between(random, 0, 5));
      jobs.units.push_back(between(random, 1, 4));
      jobs.deadline.push_back(jobs.release[j] + jobs.units[j] + between(random, 0, 5));
      tasks.push_back({.period = kSecond,
                       .deadline = jobs.deadline[j] - jobs.release[j],
                       .pieces = std::vector<Nanos>(static_cast<size_t>(jobs.units[j]), 1)});
      arrivals.push_back({jobs.release[j], j});
    }
    std::ranges::stable_sort(arrivals, {}, &Arrival::at);
    const bool possible = anyScheduleHolds(jobs, jobs.units, 0);
    (possible ? feasible : infeasible) += 1;
    int lost = 0;
    for (const Outcome& outcome : simulate(tasks, arrivals, {.arenas = arenasWanted(tasks)}))
      lost += outcome.missed + outcome.drops();
    ASSERT_EQ(lost == 0, possible) << seed;
  }
  EXPECT_GT(feasible, 500);
  EXPECT_GT(infeasible, 500);
}

}  // namespace
}  // namespace minnow::schedule
