// Pairs of traces that differ in one known place.
#include "analysis/compare.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <nlohmann/json.hpp>

#include "analysis/test_traces.h"

namespace minnow::analysis {
namespace {

using State = TensorComparison::State;
using Tensors = TraceFolder::Tensors;

/// x -> conv -> c -> relu -> r; c and r -> add -> y.
TraceInfo network() {
  return {.engine = "minnow",
          .version = "0.1.0",
          .target = "avx2",
          .threads = 1,
          .model = "net",
          .checksum = "1",
          .inputs = {"x"},
          .outputs = {"y"},
          .operators = {{"conv", "Conv", "conv-panels", {"x"}, {"c"}},
                        {"relu", "Relu", "reference", {"c"}, {"r"}},
                        {"add", "Add", "reference", {"c", "r"}, {"y"}}},
          .tensors = {}};
}

Tensors values(float x = 1) {
  return {{"x", floatTensor({x, 2})},
          {"c", floatTensor({-1, 4})},
          {"r", floatTensor({0, 4})},
          {"y", floatTensor({-1, 8})}};
}

class CompareTraces : public testing::Test {
 protected:
  const Trace& add(const Tensors& tensors, const TraceInfo* info) {
    traces_.push_back(std::make_unique<Trace>(folder_.write(tensors, info)));
    return *traces_.back();
  }
  const Trace& summary(const Tensors& tensors, TraceInfo info) {
    for (const auto& [name, tensor] : tensors) info.tensors[name] = recordOf(tensor);
    return add({}, &info);
  }

  TraceInfo info_ = network();
  TraceFolder folder_;
  std::vector<std::unique_ptr<Trace>> traces_;
};

TEST_F(CompareTraces, EqualOnes) {
  const auto report = compare(add(values(), &info_), add(values(), &info_));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->equal());
  ASSERT_EQ(report->rows.size(), 3U);
  EXPECT_EQ(report->rows[2].name, "add");
  EXPECT_EQ(report->rows[2].inputs.size(), 2U);
  EXPECT_EQ(report->finding(), "3 tensors compared, all equal.");
  EXPECT_EQ(report->tensorA("c")->bytes, values()[1].second.bytes);
}

TEST_F(CompareTraces, TheFirstOperatorThatDiffers) {
  Tensors other = values();
  other[2].second = floatTensor({0, 5});  // r, and what follows
  other[3].second = floatTensor({-1, 9});
  const auto report = compare(add(values(), &info_), add(other, &info_));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_FALSE(report->equal());
  EXPECT_FALSE(report->inputsDiffer());
  ASSERT_EQ(report->culprit, 1);
  EXPECT_EQ(report->rows[1].entire.figures->maxAbsolute, 1);
  EXPECT_EQ(report->rows[1].inputs[0].state, State::Equal);
  EXPECT_EQ(report->rows[2].inputs[1].state, State::Differs);
  EXPECT_EQ(report->finding(),
            "3 tensors compared, 2 differ. The first is Relu 'relu' (reference), tensor r: 1 of 2 "
            "elements differ, by up to 1 (0.2 of the largest value, 2097152 ULP). Its input is "
            "equal.");
}

TEST_F(CompareTraces, WithinATolerance) {
  Tensors other = values();
  other[1].second = floatTensor({-1, 4.5});
  const Trace &a = add(values(), &info_), &b = add(other, &info_);
  EXPECT_EQ(compare(a, b, {.absolute = 0.25})->culprit, 0);
  const auto report = compare(a, b, {.absolute = 0.25, .relative = 0.25 / 4.5});
  EXPECT_TRUE(report->equal());
  EXPECT_EQ(report->rows[0].entire.state, State::Within);
  EXPECT_EQ(report->finding(), "3 tensors compared, all within the tolerance, 1 not equal.");
}

TEST_F(CompareTraces, OtherInputsAreSaidFirst) {
  Tensors other = values(1.5);
  other[1].second = floatTensor({0, 0});
  const auto report = compare(add(values(), &info_), add(other, &info_));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->inputsDiffer());
  EXPECT_TRUE(report->finding().starts_with("The inputs differ, x: 1 of 2 elements differ"))
      << report->finding();
  // Inputs alone make them different.
  EXPECT_FALSE(compare(add(values(), &info_), add(values(1.5), &info_))->equal());
}

TEST_F(CompareTraces, WhatOnlyOneSideHas) {
  const Tensors all = values();
  TraceInfo other = info_;
  other.engine = "onnxruntime";
  other.checksum = "";
  other.operators.insert(other.operators.begin() + 1, {"bn", "BatchNormalization", "", {"c0"}, {}});
  const auto report = compare(add(all, &info_), add({all[0], all[3]}, &other));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_TRUE(report->equal());
  EXPECT_EQ(report->rows[0].entire.state, State::OnlyInA);
  EXPECT_EQ(report->rows[2].entire.state, State::Equal);
  // The other way round: B's tensors that A lacks.
  const auto turned = compare(add({all[0], all[3]}, &info_), add(all, &other));
  EXPECT_EQ(turned->rows[0].entire.state, State::OnlyInB);
  EXPECT_EQ(turned->finding(), "1 tensor compared, all equal.");
}

TEST_F(CompareTraces, WithoutOperatorsInTheOrderOfB) {
  Tensors turned = values();
  std::swap(turned[1], turned[3]);  // y, r, c
  const auto bare = compare(add(values(), nullptr), add(turned, nullptr));
  ASSERT_TRUE(bare) << bare.error().message;
  ASSERT_EQ(bare->rows.size(), 4U);  // nobody says that x is an input
  EXPECT_EQ(bare->rows[1].entire.tensor, "y");
  const auto half = compare(add(values(), nullptr), add(turned, &info_));
  ASSERT_EQ(half->rows.size(), 3U);
  EXPECT_EQ(half->inputs.size(), 1U);
  EXPECT_EQ(half->rows[0].type, "Conv");
  turned[1].second = floatTensor({7, 7});
  EXPECT_EQ(compare(add(values(), nullptr), add(turned, nullptr))->finding(),
            "4 tensors compared, 1 differ. The first is tensor y: 2 of 2 elements differ, by up to "
            "8 (1.1 of the largest value, 2153775105 ULP).");
}

TEST_F(CompareTraces, SummariesByHash) {
  Tensors other = values();
  other[2].second = floatTensor({0, 5});
  const Trace &full = add(values(), &info_), &brief = summary(values(), info_),
              &changed = summary(other, info_);
  EXPECT_TRUE(compare(full, brief)->equal());
  EXPECT_TRUE(compare(brief, brief)->equal());
  const auto report = compare(full, changed);
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->culprit, 1);
  EXPECT_FALSE(report->rows[1].entire.figures);
  EXPECT_NE(report->rows[1].entire.note.find("maximum 4 against 5"), std::string::npos);
  EXPECT_EQ(compare(brief, changed, {.absolute = 0.5})->culprit, 1);
  EXPECT_EQ(compare(brief, changed, {.absolute = 1})->rows[1].entire.state, State::Within);
}

TEST_F(CompareTraces, WhatCannotBeCompared) {
  const auto said = [&](const Tensors& tensors, const TraceInfo* info) {
    const auto report = compare(add(values(), &info_), add(tensors, info));
    return report ? "compared" : report.error().message;
  };
  TraceInfo other = info_;
  other.checksum = "2";
  EXPECT_NE(said(values(), &other).find("different models"), std::string::npos);
  Tensors wide = values();
  wide[0].second = floatTensor({1, 2, 3});
  EXPECT_NE(said(wide, &info_).find("x: float32 2 against float32 3; trace both"),
            std::string::npos);
  EXPECT_NE(said({{"p", floatTensor({1})}}, nullptr).find("no tensor of the same name: x, c, r, …"),
            std::string::npos);
  EXPECT_NE(said({}, nullptr).find("nothing in the other"), std::string::npos);
}

TEST_F(CompareTraces, OtherTypesAndShapesDiffer) {
  Tensors other = values();
  other[1].second = HostTensor::ofType({DataType::Float16, {2}});
  other[2].second = floatTensor({2, 1}, {0, 4});
  const auto report = compare(add(values(), &info_), add(other, &info_));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->rows[0].entire.state, State::Unlike);
  EXPECT_EQ(report->rows[0].entire.note, "float32 2 against float16 2");
  EXPECT_EQ(report->rows[1].entire.note, "float32 2 against float32 2x1");
  EXPECT_EQ(report->culprit, 0);
}

TEST_F(CompareTraces, NansEverywhereAndNothingAtAll) {
  const float nan = std::nanf("");
  Tensors lost = values(), empty = values();
  lost[3].second = floatTensor({nan, nan});
  empty[3].second = floatTensor({0}, {});
  EXPECT_TRUE(compare(add(lost, &info_), add(lost, &info_))->equal());
  EXPECT_TRUE(compare(add(empty, &info_), add(empty, &info_))->equal());
  const auto report = compare(add(lost, &info_), add(values(), &info_), {.absolute = 1e9});
  EXPECT_EQ(report->culprit, 2);
  EXPECT_EQ(report->rows[2].entire.figures->nansA, 2);
}

TEST_F(CompareTraces, HostileDescriptions) {
  TraceInfo odd = info_;
  odd.inputs = {"absent", "x", "x"};
  odd.operators = {{"", "", "", {"gone"}, {"y", "y", "nowhere"}}, {"empty", "", "", {}, {}}};
  const auto report = compare(add(values(), &odd), add(values(), &info_));
  ASSERT_TRUE(report) << report.error().message;
  EXPECT_EQ(report->inputs[0].state, State::Unknown);
  EXPECT_EQ(report->rows[2].entire.state, State::Unknown);
  EXPECT_TRUE(report->equal());
  TraceInfo brief = info_;  // records without hashes
  brief.tensors["y"].type = {DataType::Float32, {2}};
  EXPECT_FALSE(compare(add({}, &brief), add({}, &brief)));
}

TEST_F(CompareTraces, Json) {
  Tensors other = values(2);
  other[3].second = floatTensor({std::nanf(""), 8});
  const auto report = compare(add(values(), &info_), add(other, &info_));
  const auto json = nlohmann::json::parse(toJson(*report));
  EXPECT_EQ(json["result"], "different");
  EXPECT_EQ(json["culprit"], 2);
  EXPECT_EQ(json["inputs"][0]["figures"]["max_absolute"], 1);
  EXPECT_EQ(json["operators"][2]["entire"]["figures"]["special_in_one"], 1);
  EXPECT_EQ(json["operators"][2]["inputs"][0]["state"], "equal");
  EXPECT_EQ(json["a"]["engine"], "minnow");
}

}  // namespace
}  // namespace minnow::analysis
