// A trace's description both ways, its figures, and archives that are only half of one.
#include "analysis/trace.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>

#include "analysis/hash.h"
#include "analysis/npy.h"
#include "analysis/test_folder.h"

namespace minnow::analysis {
namespace {

HostTensor floats(std::initializer_list<float> values) {
  HostTensor tensor =
      HostTensor::ofType({DataType::Float32, {static_cast<int64_t>(values.size())}});
  int64_t i = 0;
  for (const float value : values) setElement(tensor, i++, value);
  return tensor;
}

constexpr float kInfinity = std::numeric_limits<float>::infinity();
constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

TEST(TraceRecord, FiguresAreOverWhatIsFinite) {
  const HostTensor tensor = floats({1, kNan, -3, kInfinity, 5, -kInfinity});
  const TensorRecord record = recordOf(tensor);
  EXPECT_EQ(record.type, tensor.type);
  EXPECT_EQ(record.hash, hashOf(tensor.view()));
  EXPECT_EQ(record.min, -3);
  EXPECT_EQ(record.max, 5);
  EXPECT_EQ(record.mean, 1);
  EXPECT_EQ(record.deviation, std::sqrt(32.0 / 3));
  EXPECT_EQ(record.nans, 1);
  EXPECT_EQ(record.infinities, 2);
}

TEST(TraceRecord, WithoutElementsThereAreNoFigures) {
  const TensorRecord record = recordOf(floats({}));
  for (const double value : {record.min, record.max, record.mean, record.deviation})
    EXPECT_TRUE(std::isnan(value));
}

TraceInfo sample() {
  TraceInfo info{.engine = "minnow",
                 .version = "0.1.0",
                 .target = "avx3",
                 .threads = 2,
                 .model = "signs",
                 .checksum = "8f",
                 .inputs = {"images"},
                 .outputs = {"scores"},
                 .operators = {{"Conv_0", "Conv", "conv-panels", {"images"}, {"a/b:0"}},
                               {"Nan \"x\"", "Log", "reference", {"a/b:0"}, {"scores"}}},
                 .tensors = {}};
  info.tensors["a/b:0"] = recordOf(floats({0.1F, 3e38F}));
  info.tensors["scores"] = recordOf(floats({kNan}));
  return info;
}

TEST(TraceJson, BothWays) {
  const TraceInfo info = sample();
  const auto again = traceInfoFrom(toJson(info), "t");
  ASSERT_TRUE(again) << again.error().message;
  EXPECT_EQ(toJson(*again), toJson(info));
  EXPECT_EQ(again->operators[1].name, "Nan \"x\"");
  EXPECT_EQ(again->operators[0].outputs, std::vector<std::string>{"a/b:0"});
  EXPECT_EQ(again->tensors.at("a/b:0").max, info.tensors.at("a/b:0").max);
  EXPECT_EQ(again->tensors.at("a/b:0").type, info.tensors.at("a/b:0").type);
  EXPECT_TRUE(std::isnan(again->tensors.at("scores").mean));
  EXPECT_EQ(again->threads, 2);
}

TEST(TraceJson, WhatCannotBeReadIsAnError) {
  for (const char* json :
       {"", "{}", "[]", "nonsense", R"({"format": 3})",
        R"({"format": "minnow-trace", "format_version": 2})",
        R"({"format": "minnow-trace", "format_version": 1, "inputs": [1]})",
        R"({"format": "minnow-trace", "format_version": 1, "engine": 1})",
        R"({"format": "minnow-trace", "format_version": 1, "operators": [1]})",
        R"({"format": "minnow-trace", "format_version": 1, "tensors": {"a": {}}})",
        R"({"format": "minnow-trace", "format_version": 1, "tensors":
            {"a": {"type": "float9", "shape": []}}})",
        R"({"format": "minnow-trace", "format_version": 1, "tensors":
            {"a": {"type": "float32", "shape": [-1]}}})",
        R"({"format": "minnow-trace", "format_version": 1, "tensors":
            {"a": {"type": "float32", "shape": [1,1,1,1,1,1,1,1,1]}}})"}) {
    const auto info = traceInfoFrom(json, "the file");
    ASSERT_FALSE(info) << json;
    EXPECT_TRUE(info.error().message.starts_with("the file: ")) << info.error().message;
  }
}

class TraceFile : public testing::Test {
 protected:
  void write(std::initializer_list<std::pair<const char*, HostTensor>> tensors,
             const TraceInfo* info) {
    auto writer = ArchiveWriter::create(path_);
    for (const auto& [name, tensor] : tensors)
      ASSERT_TRUE(writer->add(entryOf(name), encodeNpy(tensor)));
    if (info) {
      const std::string json = toJson(*info);
      ASSERT_TRUE(writer->add(kTraceEntry, std::as_bytes(std::span(json))));
    }
    ASSERT_TRUE(writer->finish());
  }

  TestFolder folder_;
  std::filesystem::path path_ = folder_.path() / "trace.npz";
};

TEST_F(TraceFile, ElementsAndDescription) {
  const TraceInfo info = sample();
  write({{"a/b:0", floats({0.1F, 3e38F})}}, &info);
  const auto trace = Trace::open(path_);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_EQ(trace->name(), path_.string());
  EXPECT_EQ(trace->info().model, "signs");
  EXPECT_EQ(trace->tensors(), std::vector<std::string>{"a/b:0"});
  EXPECT_TRUE(trace->has("a/b:0"));
  EXPECT_FALSE(trace->has("scores"));
  EXPECT_EQ(trace->tensor("a/b:0")->bytes, floats({0.1F, 3e38F}).bytes);
  EXPECT_FALSE(trace->tensor("scores"));
}

TEST_F(TraceFile, AnArchiveWithoutDescriptionIsATraceOfTensors) {
  write({{"x", floats({1})}}, nullptr);
  const auto trace = Trace::open(path_);
  ASSERT_TRUE(trace) << trace.error().message;
  EXPECT_TRUE(trace->info().engine.empty());
  EXPECT_TRUE(trace->tensor("x"));
}

TEST_F(TraceFile, ContradictionsAreErrors) {
  const TraceInfo info = sample();
  write({{"a/b:0", floats({0.1F, 3e38F, 1})}}, &info);
  const auto trace = Trace::open(path_);
  ASSERT_TRUE(trace);
  EXPECT_EQ(trace->tensor("a/b:0").error().code, ErrorCode::BadModel);
}

}  // namespace
}  // namespace minnow::analysis
