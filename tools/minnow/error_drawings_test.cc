// Drawings of errors: what is counted, where it lies, and what no number does to it.
#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <numeric>

#include "error_chart.h"
#include "error_map.h"
#include "histogram.h"
#include "png.h"

namespace minnow::tool {
namespace {

using analysis::HostTensor;

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
constexpr float kInf = std::numeric_limits<float>::infinity();

HostTensor tensorOf(const Shape& shape, const std::vector<float>& values) {
  HostTensor tensor = HostTensor::ofType({DataType::Float32, shape});
  if (!values.empty()) std::memcpy(tensor.bytes.data(), values.data(), tensor.bytes.size());
  return tensor;
}

HostTensor zeros(const Shape& shape) {
  return tensorOf(shape, std::vector<float>(static_cast<size_t>(shape.elements())));
}

size_t count(std::string_view text, std::string_view what) {
  size_t found = 0;
  for (size_t at = text.find(what); at != std::string_view::npos; at = text.find(what, at + 1))
    ++found;
  return found;
}

void expectNumbers(const std::string& svg) {
  for (const char* bad : {"\"nan", "\"-nan", "\"inf", "\"-inf", " nan", " inf"})
    EXPECT_EQ(count(svg, bad), 0u) << bad << "\n" << svg.substr(0, 2000);
}

// --- the chart -----------------------------------------------------------------------------------

double dotY(const std::string& svg, size_t index) {
  size_t at = svg.find("<circle");
  for (size_t i = 0; i < index; ++i) at = svg.find("<circle", at + 1);
  return std::stod(svg.substr(svg.find("cy=\"", at) + 4));
}

TEST(ErrorChart, ZeroAndWhatIsNoNumberLieOutsideTheAxis) {
  const std::string svg = drawErrors({.series = {{"a", "error", {0.0, 1e-6, 1e-3, INFINITY, NAN}}},
                                      .titles = {},
                                      .link = {},
                                      .mark = {}});
  EXPECT_EQ(count(svg, "<circle"), 5u);
  EXPECT_GT(dotY(svg, 0), dotY(svg, 1) + 10);
  EXPECT_GT(dotY(svg, 1), dotY(svg, 2));
  EXPECT_GT(dotY(svg, 2), dotY(svg, 3) + 10);
  EXPECT_EQ(dotY(svg, 3), dotY(svg, 4));
  EXPECT_NE(svg.find(">1e-6<"), std::string::npos);
  EXPECT_NE(svg.find(">NaN, Inf<"), std::string::npos);
  expectNumbers(svg);
}

TEST(ErrorChart, DecadesAreAtEqualDistances) {
  const std::string svg = drawErrors(
      {.series = {{"a", "error", {1e-8, 1e-6, 1e-4}}}, .titles = {}, .link = {}, .mark = {}});
  EXPECT_NEAR(dotY(svg, 0) - dotY(svg, 1), dotY(svg, 1) - dotY(svg, 2), 0.2);
}

TEST(ErrorChart, GapsBreakTheLineAndHaveNoDot) {
  const std::string svg = drawErrors({.series = {{"a", "error", {1e-6, {}, 1e-6, 0.0, 1e-6, 1e-6}}},
                                      .titles = {},
                                      .link = {},
                                      .mark = {}});
  EXPECT_EQ(count(svg, "<circle"), 5u);
  const std::string path = svg.substr(svg.find("class=\"curve"), 200);
  EXPECT_EQ(count(path.substr(0, path.find("/>")), "M"), 3u) << path;
}

TEST(ErrorChart, NothingAtAllAndTheWidestRange) {
  expectNumbers(drawErrors({}));
  expectNumbers(
      drawErrors({.series = {{"a", "none", {{}, {}}}}, .titles = {}, .link = {}, .mark = {}}));
  const std::string wide = drawErrors(
      {.series = {{"a", "wide", {5e-324, 1.7e308}}}, .titles = {}, .link = {}, .mark = {}});
  expectNumbers(wide);
  EXPECT_LE(count(wide, "class=\"grid\""), 14u);
}

TEST(ErrorChart, ColumnsLeadToRowsAndTheMarkStaysInside) {
  const std::string svg = drawErrors({.series = {{"a", "error", {1.0, 2.0}}},
                                      .titles = {"<b>", "second"},
                                      .link = "row",
                                      .marked = 1,
                                      .mark = "</svg>"});
  EXPECT_EQ(count(svg, "<a href=\"#row"), 2u);
  EXPECT_EQ(count(svg, "<b>"), 0u);
  EXPECT_EQ(count(svg, "</svg>"), 1u);
  EXPECT_NE(svg.find("class=\"found\" text-anchor=\"end\""), std::string::npos);
}

// --- maps ----------------------------------------------------------------------------------------

TEST(ErrorMap, SeesThroughChannelsAndFindsTheWorst) {
  const Shape shape = {1, 3, 8, 10};
  HostTensor a = zeros(shape), b = zeros(shape);
  setElement(a, 0 * 80 + 2 * 10 + 4, 1);   // channel 0, y 2, x 4
  setElement(a, 2 * 80 + 7 * 10 + 9, -5);  // channel 2, y 7, x 9
  const auto maps = errorMapsOf(a, b, 2 * 80 + 79);
  ASSERT_EQ(maps.size(), 2u);
  EXPECT_EQ(maps[0].columns, 10);
  EXPECT_EQ(maps[0].rows, 8);
  EXPECT_EQ(maps[0].cells[24], 1);
  EXPECT_EQ(maps[0].cells[79], 5);
  EXPECT_EQ(std::accumulate(maps[0].cells.begin(), maps[0].cells.end(), 0.0), 6);
  EXPECT_EQ(maps[1].cells[24], 0);
  EXPECT_EQ(maps[1].cells[79], 5);
  EXPECT_EQ(maps[1].worstX, 9);
  EXPECT_EQ(maps[1].worstY, 7);
  EXPECT_NE(maps[1].title.find("channel 2"), std::string::npos);
}

TEST(ErrorMap, LargePicturesKeepTheirLargestErrorAndEveryNan) {
  const Shape shape = {1, 1, 1000, 700};
  HostTensor a = zeros(shape), b = zeros(shape);
  setElement(a, 500 * 700 + 350, 0.25);
  setElement(a, 999 * 700 + 699, NAN);
  setElement(a, 999 * 700 + 698, 3);  // in the NaN's cell
  const auto maps = errorMapsOf(a, b, -1);
  ASSERT_EQ(maps.size(), 1u);
  EXPECT_LE(maps[0].columns * maps[0].rows, 160 * 160);
  EXPECT_EQ(largestOf(maps), 0.25);
  EXPECT_TRUE(std::isnan(maps[0].cells.back()));
  EXPECT_EQ(std::ranges::count_if(maps[0].cells, [](double c) { return std::isnan(c); }), 1);
}

TEST(ErrorMap, WhatIsNoPictureIsAStrip) {
  for (const Shape& shape :
       {Shape{}, Shape{5}, Shape{1, 1000}, Shape{1, 4420, 2}, Shape{1, 9, 1, 1}}) {
    const auto maps = errorMapsOf(zeros(shape), zeros(shape), 0);
    ASSERT_EQ(maps.size(), 1u) << shape.toString();
    EXPECT_EQ(maps[0].rows, 1);
    EXPECT_EQ(maps[0].width, shape.elements());
    expectNumbers(drawErrorMap(maps[0], largestOf(maps)));
  }
  EXPECT_EQ(errorMapsOf(zeros({1, 48, 1, 160}), zeros({1, 48, 1, 160}), 0)[0].columns, 160);
  EXPECT_EQ(errorMapsOf(zeros({20, 30}), zeros({20, 30}), -1)[0].rows, 20);
  EXPECT_TRUE(errorMapsOf(zeros({1, 0, 4, 4}), zeros({1, 0, 4, 4}), -1).empty());
}

TEST(ErrorMap, DistancesOfSpecialValues) {
  const HostTensor a = tensorOf({6}, {kNan, kInf, kInf, kNan, -kInf, 3e38f});
  const HostTensor b = tensorOf({6}, {kNan, kInf, 1, 0, kInf, -3e38f});
  EXPECT_EQ(differenceAt(a, b, 0), 0);
  EXPECT_EQ(differenceAt(a, b, 1), 0);
  for (const int64_t i : {2, 3, 4}) EXPECT_TRUE(std::isnan(differenceAt(a, b, i))) << i;
  EXPECT_NEAR(differenceAt(a, b, 5), 6e38, 1e32);
}

TEST(ErrorMap, ColoursSpanFourDecadesAndDrawNumbers) {
  const HostTensor a = tensorOf({4}, {1, 1e-9f, 0, kNan}), b = zeros({4});
  const auto maps = errorMapsOf(a, b, 3);
  const std::string svg = drawErrorMap(maps[0], largestOf(maps));
  EXPECT_NE(svg.find(">1.0e-04<"), std::string::npos);
  EXPECT_NE(svg.find(">1.0e+00<"), std::string::npos);
  EXPECT_NE(svg.find("NaN, Inf"), std::string::npos);
  EXPECT_EQ(count(svg, "class=\"ring\""), 1u);
  expectNumbers(svg);
  const auto onlyNan = errorMapsOf(tensorOf({2}, {kNan, 0}), zeros({2}), 0);
  expectNumbers(drawErrorMap(onlyNan[0], largestOf(onlyNan)));
}

// --- histograms ----------------------------------------------------------------------------------

int64_t total(const Histogram::Counts& counts) {
  return std::accumulate(counts.bins.begin(), counts.bins.end(), counts.zero + counts.special);
}

TEST(Histogram, EveryElementIsCountedOnce) {
  const HostTensor a = tensorOf({6}, {0, 1, 2, kNan, kInf, 1});
  const HostTensor b = tensorOf({6}, {0, 1, 2.5f, kNan, 1, 1.001f});
  const Histogram errors = errorsOf(a, b);
  EXPECT_EQ(total(errors.counts[0]), 6);
  EXPECT_EQ(errors.counts[0].zero, 3);  // NaN and NaN are equal
  EXPECT_EQ(errors.counts[0].special, 1);
  EXPECT_EQ(errors.axis.front(), "1e-3");
  EXPECT_EQ(errors.axis.back(), "1e0");
  const Histogram values = valuesOf(a, b, "A", "B");
  EXPECT_EQ(total(values.counts[0]), 6);
  EXPECT_EQ(total(values.counts[1]), 6);
  EXPECT_EQ(values.counts[1].special, 2);
  EXPECT_EQ(values.axis, (std::vector<std::string>{"0", "1.25", "2.5"}));
  EXPECT_EQ(values.counts[1].bins.front(), 1);  // a: 0
  EXPECT_EQ(values.counts[0].bins.back(), 1);   // b: 2.5
  expectNumbers(drawHistogram(errors));
  expectNumbers(drawHistogram(values));
}

TEST(Histogram, EmptyConstantAndHuge) {
  const float most = std::numeric_limits<float>::max();
  const std::vector<HostTensor> tensors = {zeros({0}), zeros({3}), tensorOf({1}, {kNan}),
                                           tensorOf({2}, {-most, most})};
  for (const HostTensor& tensor : tensors) {
    const Histogram values = valuesOf(tensor, tensor, "A", "B");
    EXPECT_EQ(total(values.counts[0]), tensor.type.shape.elements());
    expectNumbers(drawHistogram(values));
    expectNumbers(drawHistogram(errorsOf(tensor, tensor)));
  }
  HostTensor widest = HostTensor::ofType({DataType::Float64, {2}});
  setElement(widest, 0, -1.7e308);
  setElement(widest, 1, 1.7e308);
  const Histogram values = valuesOf(widest, widest, "A", "B");
  EXPECT_EQ(values.counts[0].bins.front(), 1);
  EXPECT_EQ(values.counts[0].bins.back(), 1);
}

// --- PNG -----------------------------------------------------------------------------------------

TEST(Png, ChecksumsAreThoseOfTheStandard) {
  const std::vector<Colour> palette = {{0, 0, 0}, {255, 0, 0}};
  const std::vector<uint8_t> indices = {0, 1, 1, 0};
  const auto png = encodePng(2, 2, indices, palette);
  const std::string address = pngAddress(png);
  EXPECT_EQ(address.rfind("data:image/png;base64,iVBORw0KGgoAAAANSUhEUgAAAAIAAAAC", 0), 0u);
  const std::vector<uint8_t> end(png.end() - 12, png.end());
  EXPECT_EQ(end, (std::vector<uint8_t>{0, 0, 0, 0, 'I', 'E', 'N', 'D', 0xae, 0x42, 0x60, 0x82}));
  EXPECT_EQ(pngAddress(std::vector<uint8_t>{1}), "data:image/png;base64,AQ==");
  EXPECT_EQ(pngAddress(std::vector<uint8_t>{1, 2}), "data:image/png;base64,AQI=");
  EXPECT_EQ(pngAddress(std::vector<uint8_t>{255, 255, 255}), "data:image/png;base64,////");
}

}  // namespace
}  // namespace minnow::tool
