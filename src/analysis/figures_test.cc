#include "analysis/figures.h"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>

namespace minnow::analysis {
namespace {

constexpr double kNan = std::numeric_limits<double>::quiet_NaN();
constexpr double kInf = std::numeric_limits<double>::infinity();

template <class T>
HostTensor tensorOf(DataType type, std::initializer_list<T> values) {
  HostTensor tensor = HostTensor::ofType({type, Shape{static_cast<int64_t>(values.size())}});
  if (values.size() > 0) std::memcpy(tensor.bytes.data(), values.begin(), tensor.bytes.size());
  return tensor;
}

HostTensor floats(std::initializer_list<float> values) {
  return tensorOf(DataType::Float32, values);
}

constexpr float kEps = 0x1p-23F;  // from 1 to its neighbour

TEST(Figures, ClosedForms) {
  const Figures f = figuresOf(floats({3, 1 + 2 * kEps, 0, -5}), floats({4, 1, 0, -5}));
  EXPECT_EQ(f.elements, 4);
  EXPECT_EQ(f.differing, 2);
  EXPECT_EQ(f.beyond, 2);
  EXPECT_EQ(f.maxAbsolute, 1);
  EXPECT_EQ(f.maxRelative, 0.25);
  EXPECT_EQ(f.maxUlp, 0x400000U);  // from 3 = 1.5 * 2 to 4: half a binade of 2^23
  EXPECT_EQ(f.scale, 5);
  EXPECT_EQ(f.ofScale(), 0.2);
  EXPECT_EQ(f.worst, 0);
  const double x = 1 + 2.0 * kEps;
  EXPECT_DOUBLE_EQ(f.cosine, (12 + x + 25) / (std::sqrt(9 + x * x + 25) * std::sqrt(42.0)));
}

TEST(Figures, EqualAndOrthogonalAndOpposite) {
  EXPECT_TRUE(figuresOf(floats({0.1F, 1e-40F}), floats({0.1F, 1e-40F})).equal());
  EXPECT_EQ(figuresOf(floats({0.1F, 3e20F}), floats({0.1F, 3e20F})).cosine, 1);
  EXPECT_EQ(figuresOf(floats({1, 0}), floats({0, 1})).cosine, 0);
  EXPECT_DOUBLE_EQ(figuresOf(floats({1, 2}), floats({-1, -2})).cosine, -1);
  EXPECT_EQ(figuresOf(floats({1, 2}), floats({0, 0})).cosine, 0);
  EXPECT_EQ(figuresOf(floats({1, 2}), floats({0, 0})).ofScale(), kInf);
  EXPECT_TRUE(std::isnan(figuresOf(tensorOf(DataType::Float64, {1e200, 1.0}),
                                   tensorOf(DataType::Float64, {1e200, 2.0}))
                             .cosine));
}

TEST(Figures, UlpsCountTheNumbersOfTheType) {
  const auto ulps = [](const HostTensor& a, const HostTensor& b) { return figuresOf(a, b).maxUlp; };
  EXPECT_EQ(ulps(floats({-0.0F}), floats({0.0F})), 1U);  // two numbers of other bits
  const float least = std::numeric_limits<float>::denorm_min();
  EXPECT_EQ(ulps(floats({-least}), floats({least})), 3U);
  EXPECT_EQ(ulps(floats({1}), floats({1 - kEps / 2})), 1U);
  const float most = std::numeric_limits<float>::max();
  EXPECT_EQ(ulps(floats({-most}), floats({most})), 2 * 0x7F7FFFFFULL + 1);
  const auto half = [](uint16_t bits) { return tensorOf(DataType::Float16, {bits}); };
  EXPECT_EQ(ulps(half(0x3C00), half(0x3C05)), 5U);
  EXPECT_EQ(figuresOf(half(0x3C00), half(0x4000)).maxAbsolute, 1);
  EXPECT_EQ(ulps(tensorOf(DataType::Float64, {1.0}),
                 tensorOf(DataType::Float64, {1 + 3 * std::numeric_limits<double>::epsilon()})),
            3U);
}

TEST(Figures, IntegersDifferByTheirDifferenceBeyondDoubles) {
  const int64_t low = std::numeric_limits<int64_t>::min(),
                high = std::numeric_limits<int64_t>::max();
  const auto f = figuresOf(tensorOf(DataType::Int64, {low, int64_t{1} << 60}),
                           tensorOf(DataType::Int64, {high, (int64_t{1} << 60) + 1}));
  EXPECT_EQ(f.maxUlp, std::numeric_limits<uint64_t>::max());
  EXPECT_EQ(f.differing, 2);
  EXPECT_EQ(figuresOf(tensorOf<int64_t>(DataType::Int64, {int64_t{1} << 60}),
                      tensorOf<int64_t>(DataType::Int64, {(int64_t{1} << 60) + 1}))
                .maxAbsolute,
            1);
  EXPECT_EQ(figuresOf(tensorOf<uint8_t>(DataType::Uint8, {3, 255}),
                      tensorOf<uint8_t>(DataType::Uint8, {0, 255}))
                .maxRelative,
            3);
  EXPECT_EQ(figuresOf(tensorOf<uint8_t>(DataType::Bool, {0, 1}),
                      tensorOf<uint8_t>(DataType::Bool, {1, 1}))
                .maxUlp,
            1U);
}

TEST(Figures, NansAndInfinities) {
  const auto nan = static_cast<float>(kNan), inf = static_cast<float>(kInf);
  const Figures same = figuresOf(floats({nan, inf, -inf}), floats({-nan, inf, -inf}));
  EXPECT_TRUE(same.equal());
  EXPECT_EQ(same.nansA, 1);
  EXPECT_EQ(same.infinitiesB, 2);
  EXPECT_EQ(same.scale, 0);
  const Figures f = figuresOf(floats({9, 1, nan, inf, inf}), floats({1, nan, 2, -inf, inf}),
                              {.absolute = 1e30, .relative = 1});
  EXPECT_EQ(f.differing, 4);
  EXPECT_EQ(f.beyond, 3);  // 9 and 1 are within 1e30; what is not a number never is
  EXPECT_EQ(f.specialInOne, 3);
  EXPECT_EQ(f.worst, 1);
  EXPECT_EQ(f.maxAbsolute, 8);
  EXPECT_EQ(f.nansA, 1);
  EXPECT_EQ(f.nansB, 1);
  EXPECT_EQ(f.infinitiesA, 2);
  const Figures all = figuresOf(floats({nan, nan}), floats({nan, nan}));
  EXPECT_TRUE(all.equal());
  EXPECT_EQ(all.nansA, 2);
}

TEST(Figures, ToleranceIsAbsolutePlusRelative) {
  const auto beyond = [](double absolute, double relative) {
    return figuresOf(floats({12, -0.0F}), floats({8, 0}), {absolute, relative}).beyond;
  };
  EXPECT_EQ(beyond(0, 0), 2);
  EXPECT_EQ(beyond(4, 0), 0);
  EXPECT_EQ(beyond(3, 0), 1);
  EXPECT_EQ(beyond(0, 0.5), 0);
  EXPECT_EQ(beyond(1, 0.375), 0);
  EXPECT_EQ(beyond(1, 0.25), 1);
}

TEST(Figures, OfNothing) {
  const HostTensor none = HostTensor::ofType({DataType::Float32, Shape{0, 3}});
  const Figures f = figuresOf(none, none);
  EXPECT_TRUE(f.equal());
  EXPECT_EQ(f.worst, -1);
  EXPECT_EQ(f.ofScale(), 0);
  EXPECT_EQ(inWords(f), "equal");
}

TEST(Figures, InWords) {
  const auto nan = static_cast<float>(kNan);
  EXPECT_EQ(inWords(figuresOf(floats({1, nan, 4}), floats({2, 1, 4}))),
            "2 of 3 elements differ, by up to 1 (0.25 of the largest value, 8388608 ULP); 1 NaN "
            "instead of 0");
  const auto oneOfThree = [](float value) {
    return inWords(figuresOf(floats({value, 1, 2}), floats({0, 1, 2})));
  };
  EXPECT_EQ(oneOfThree(-0.0F), "1 of 3 elements differ, in the sign of 0 alone; all at [0]");
  EXPECT_EQ(oneOfThree(nan), "1 of 3 elements differ; 1 NaN instead of 0; all at [0]");
}

/// Where a tensor of 2x3x4 zeros differs from one with ones at these places.
std::string whereOnes(std::initializer_list<int64_t> places) {
  const HostTensor zeros = HostTensor::ofType({DataType::Float32, Shape{2, 3, 4}});
  HostTensor ones = zeros;
  for (int64_t place : places) setElement(ones, place, 1);
  return figuresOf(ones, zeros).where();
}

TEST(Figures, WhereElementsDiffer) {
  EXPECT_EQ(whereOnes({}), "");
  EXPECT_EQ(whereOnes({0}), "[0, 0, 0]");
  EXPECT_EQ(whereOnes({23}), "[1, 2, 3]");
  EXPECT_EQ(whereOnes({3, 7, 11, 15, 19, 23}), "[:, :, 3]");
  EXPECT_EQ(whereOnes({5, 10}), "[0, 1:3, 1:3]");
  EXPECT_EQ(whereOnes({0, 12}), "[:, 0, 0]");
  EXPECT_EQ(whereOnes({0, 23}), "");   // the box is all of it
  EXPECT_EQ(whereOnes({12, 23}), "");  // half
  const Figures whole = figuresOf(floats({1, 1}), floats({0, 0}));
  EXPECT_EQ(whole.first, std::vector<int64_t>{0});
  EXPECT_EQ(whole.last, std::vector<int64_t>{1});
  EXPECT_EQ(figuresOf(tensorOf(DataType::Float32, {1.0F}), floats({0})).where(), "");
}

}  // namespace
}  // namespace minnow::analysis
