// Ranges against what their rules say of small sets of numbers.
#include "quantise/ranges.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <random>

namespace minnow::quantise {
namespace {

Statistics seen(const std::vector<float>& numbers) {
  Statistics to;
  EXPECT_TRUE(addExtremes(to, numbers, 1, static_cast<int64_t>(numbers.size())));
  addToBins(to, numbers);
  return to;
}

std::vector<float> normal(size_t count) {
  std::mt19937 random(7);
  std::normal_distribution<float> draw(0, 1);
  std::vector<float> numbers(count);
  for (float& x : numbers) x = draw(random);
  return numbers;
}

double leastOf(const ops::Quantisation& by) { return -static_cast<double>(by.zero) * by.scale; }
double mostOf(const ops::Quantisation& by) { return static_cast<double>(255 - by.zero) * by.scale; }

double squaredErrorOf(const std::vector<float>& numbers, const ops::Quantisation& by) {
  double sum = 0;
  for (const float x : numbers) {
    const double level =
        std::clamp(std::nearbyint(x / by.scale) + static_cast<double>(by.zero), 0.0, 255.0);
    sum += std::pow(x - (level - static_cast<double>(by.zero)) * by.scale, 2);
  }
  return sum;
}

TEST(Ranges, ExtremesAreWithinHalfAStep) {
  for (const auto& [least, most] : {std::pair{-1.0, 3.0}, {0.0, 6.0}, {-2.5, 0.0}, {0.5, 4.0}}) {
    const auto by = quantisationOf(least, most);
    EXPECT_NEAR(leastOf(by), std::min(least, 0.0), by.scale / 2);
    EXPECT_NEAR(mostOf(by), std::max(most, 0.0), by.scale / 2);
    EXPECT_TRUE(by.zero >= 0 && by.zero <= 255);
  }
}

TEST(Ranges, OfNothingButZero) {
  const auto by = quantisationOf(0, 0);
  EXPECT_EQ(by.scale, 1);
  EXPECT_EQ(by.zero, 0);
}

TEST(Ranges, PercentileLeavesOutWhatLiesBeyond) {
  std::vector<float> numbers = normal(20000);
  numbers.push_back(50);
  const auto by = chosenRange(seen(numbers), {RangeRule::Percentile, 99});
  std::ranges::sort(numbers);
  EXPECT_NEAR(leastOf(by), numbers[numbers.size() / 100], 0.06);  // two bins
  EXPECT_NEAR(mostOf(by), numbers[numbers.size() - numbers.size() / 100], 0.06);
}

TEST(Ranges, SquaresFindTheLeastError) {
  Statistics all;  // millions of a bell curve, and one at either end
  all.least = -12, all.most = 20;
  all.bins.resize(2048);
  for (size_t i = 0; i < all.bins.size(); ++i)
    all.bins[i] = static_cast<int64_t>(1e6 * std::exp(-all.binCentre(i) * all.binCentre(i) / 2));
  all.bins.front() = all.bins.back() = 1;
  for (const int64_t count : all.bins) all.elements += count;
  const auto error = [&](const ops::Quantisation& by) {
    double sum = 0;
    for (size_t i = 0; i < all.bins.size(); ++i)
      sum += static_cast<double>(all.bins[i]) *
             squaredErrorOf({static_cast<float>(all.binCentre(i))}, by);
    return sum;
  };
  const double found = error(chosenRange(all, {RangeRule::Squares}));
  EXPECT_LT(found, 0.5 * error(chosenRange(all, {RangeRule::MinMax})));
  double best = INFINITY;  // of a grid over both ends
  for (double most = 1; most <= 20; most += 0.5)
    for (double least = -12; least <= -1; least += 0.5)
      best = std::min(best, error(quantisationOf(least, most)));
  EXPECT_LT(found, 1.1 * best);
}

TEST(Ranges, DivergenceKeepsWhatIsEvenAndDropsWhatIsRare) {
  std::vector<float> even(4096);
  for (size_t i = 0; i < even.size(); ++i) even[i] = static_cast<float>(i) / 4096;
  EXPECT_NEAR(mostOf(chosenRange(seen(even), {RangeRule::Divergence})), 1, 0.02);
  std::vector<float> rare = normal(20000);
  for (float& x : rare) x = std::abs(x);
  rare.push_back(100);
  EXPECT_LT(mostOf(chosenRange(seen(rare), {RangeRule::Divergence})), 50);
}

TEST(Ranges, DivergenceOfFewNumbersKeepsMostOfThem) {
  for (const size_t count : {300u, 700u, 2000u}) {
    const ops::Quantisation by = chosenRange(seen(normal(count)), {RangeRule::Divergence});
    EXPECT_LT(leastOf(by), -1.5) << count;
    EXPECT_GT(mostOf(by), 1.5) << count;
  }
}

TEST(Ranges, ChannelsAreSeenApart) {
  Statistics to;
  ASSERT_TRUE(addExtremes(to, std::vector<float>{1, 2, -5, 3, 3, 4, 1, 1}, 2, 2));
  EXPECT_EQ(to.channelMost, (std::vector<float>{4, 5}));
  EXPECT_DOUBLE_EQ(to.channelMean(0), 2.5);
  EXPECT_DOUBLE_EQ(to.channelMean(1), 0);
}

TEST(Ranges, WhatIsNoNumberIsRefused) {
  Statistics to;
  EXPECT_FALSE(addExtremes(to, std::vector<float>{1, NAN}, 1, 2));
  EXPECT_FALSE(addExtremes(to, std::vector<float>{1, INFINITY}, 1, 2));
}

}  // namespace
}  // namespace minnow::quantise
