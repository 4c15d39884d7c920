// Tensors in files, whole and broken.
#include <gtest/gtest.h>

#include <cstring>
#include <fstream>

#include "converter/onnx/tensor_proto.h"

namespace minnow::converter {
namespace {

onnx::TensorProto floats(std::initializer_list<int64_t> dims, std::initializer_list<float> values) {
  onnx::TensorProto proto;
  proto.set_name("t");
  proto.set_data_type(onnx::TensorProto::FLOAT);
  for (const int64_t dim : dims) proto.add_dims(dim);
  for (const float value : values) proto.add_float_data(value);
  return proto;
}

TEST(TensorProto, TypedAndRawDataGiveTheSame) {
  const auto typed = decodeTensor(floats({2, 1}, {1.5f, -2.0f}), "");
  auto proto = floats({2, 1}, {});
  const float values[] = {1.5f, -2.0f};
  proto.set_raw_data(values, sizeof values);
  const auto raw = decodeTensor(proto, "");
  ASSERT_TRUE(typed && raw);
  EXPECT_EQ(typed->bytes, raw->bytes);
  EXPECT_EQ(raw->type, (TensorType{DataType::Float32, Shape{2, 1}}));
}

TEST(TensorProto, CountsThatDoNotFitAreErrors) {
  EXPECT_EQ(decodeTensor(floats({3}, {1, 2}), "").error().code, ErrorCode::BadModel);
  EXPECT_EQ(decodeTensor(floats({-1}, {}), "").error().code, ErrorCode::BadModel);
  const int64_t huge = int64_t{1} << 33;
  EXPECT_EQ(decodeTensor(floats({huge, huge}, {}), "").error().code, ErrorCode::BadModel);
  EXPECT_EQ(decodeTensor(floats({0, huge, huge}, {}), "").error().code, ErrorCode::BadModel);
  EXPECT_EQ(decodeTensor(floats({huge, huge, 0}, {}), "").error().code, ErrorCode::BadModel);
  EXPECT_TRUE(decodeTensor(floats({0, 3, 5}, {}), "").has_value());
  EXPECT_EQ(decodeTensor(floats({1, 1, 1, 1, 1, 1, 1, 1, 1}, {1}), "").error().code,
            ErrorCode::Unsupported);
}

TEST(TensorProto, StringsAreUnsupported) {
  onnx::TensorProto proto;
  proto.set_data_type(onnx::TensorProto::STRING);
  EXPECT_EQ(decodeTensor(proto, "").error().code, ErrorCode::Unsupported);
}

TEST(TensorProto, ExternalDataIsReadAndMayNotLeaveTheFolder) {
  const auto folder = std::filesystem::path(testing::TempDir());
  const float values[] = {0, 1, 2, 3};
  std::ofstream(folder / "weights.bin", std::ios::binary)
      .write(reinterpret_cast<const char*>(values), sizeof values);
  const auto at = [&](const char* location, const char* offset) {
    auto proto = floats({2}, {});
    proto.set_data_location(onnx::TensorProto::EXTERNAL);
    auto* entry = proto.add_external_data();
    entry->set_key("location"), entry->set_value(location);
    entry = proto.add_external_data();
    entry->set_key("offset"), entry->set_value(offset);
    return decodeTensor(proto, folder);
  };
  const auto good = at("weights.bin", "4");
  ASSERT_TRUE(good) << good.error().message;
  EXPECT_EQ(0, std::memcmp(good->bytes.data(), values + 1, 8));
  EXPECT_EQ(at("weights.bin", "12").error().code, ErrorCode::BadModel);
  EXPECT_EQ(at("weights.bin", "-4").error().code, ErrorCode::BadModel);
  EXPECT_EQ(at("../weights.bin", "0").error().code, ErrorCode::BadModel);
  EXPECT_EQ(at("absent.bin", "0").error().code, ErrorCode::NotFound);
}

}  // namespace
}  // namespace minnow::converter
