// .npy files out and in, and what is wrong with broken ones.
#include "analysis/npy.h"

#include <gtest/gtest.h>

#include <cstring>

namespace minnow::analysis {
namespace {

HostTensor counting(DataType type, const Shape& shape) {
  HostTensor tensor = HostTensor::ofType({type, shape});
  for (int64_t i = 0; i < shape.elements(); ++i) setElement(tensor, i, static_cast<double>(i));
  return tensor;
}

std::vector<std::byte> file(const std::string& header, size_t dataBytes) {
  std::string text("\x93NUMPY\x01\x00", 8);
  text += static_cast<char>(header.size());
  text += '\0';
  text += header;
  std::vector<std::byte> bytes(text.size() + dataBytes);
  std::memcpy(bytes.data(), text.data(), text.size());
  for (size_t i = 0; i < dataBytes; ++i) bytes[text.size() + i] = static_cast<std::byte>(i);
  return bytes;
}

TEST(Npy, WhatIsWrittenIsReadAgain) {
  for (const DataType type : {DataType::Float32, DataType::Float64, DataType::Float16,
                              DataType::Int64, DataType::Uint8, DataType::Bool}) {
    for (const Shape& shape : {Shape{}, Shape{3}, Shape{2, 3}, Shape{0, 4}}) {
      const HostTensor tensor = counting(type, shape);
      const auto bytes = encodeNpy(tensor);
      EXPECT_EQ((bytes.size() - tensor.bytes.size()) % 64, 0u);
      const auto again = parseNpy(bytes, "t");
      ASSERT_TRUE(again) << again.error().message;
      EXPECT_EQ(again->type, tensor.type);
      EXPECT_EQ(again->bytes, tensor.bytes);
    }
  }
}

TEST(Npy, FortranOrderIsTurned) {
  const auto tensor =
      parseNpy(file("{'descr': '|u1', 'fortran_order': True, 'shape': (2, 3), }\n", 6), "t");
  ASSERT_TRUE(tensor) << tensor.error().message;
  const std::vector<int> expected{0, 2, 4, 1, 3, 5};
  for (int i = 0; i < 6; ++i) EXPECT_EQ(elementAsDouble(*tensor, i), expected[i]);
}

TEST(Npy, BrokenFilesAreErrors) {
  const auto whole = encodeNpy(counting(DataType::Float32, {2, 2}));
  for (size_t n = 0; n < whole.size(); ++n)
    EXPECT_FALSE(parseNpy(std::span(whole).first(n), "t")) << n;
  for (const char* header : {
           "{'descr': '|u1', 'fortran_order': False, 'shape': (0, 1099511627776, 1099511627776), "
           "}\n",
           "{'descr': '>f4', 'fortran_order': False, 'shape': (1,), }\n",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (-1,), }\n",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (9999999999, 9999999999), }\n",
           "{'descr': '<f4', 'fortran_order': False, 'shape': (1,1,1,1,1,1,1,1,1), }\n",
           "{'descr': '<f4', 'fortran_order': False, 'shape': 4, }\n",
           "{'descr': '<c8', 'fortran_order': False, 'shape': (1,), }\n",
       }) {
    EXPECT_FALSE(parseNpy(file(header, 64), "t")) << header;
  }
}

}  // namespace
}  // namespace minnow::analysis
