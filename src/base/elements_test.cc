// Copying of row-major elements into tensors of any strides, and out of them.
#include "minnow/elements.h"

#include <gtest/gtest.h>

#include <cstring>
#include <numeric>
#include <vector>

namespace minnow {
namespace {

static_assert(dataTypeOf<float>() == DataType::Float32);
static_assert(dataTypeOf<double>() == DataType::Float64);
static_assert(dataTypeOf<bool>() == DataType::Bool);
static_assert(dataTypeOf<uint8_t>() == DataType::Uint8);
static_assert(dataTypeOf<char>() == DataType::Int8 || dataTypeOf<char>() == DataType::Uint8);
static_assert(dataTypeOf<int16_t>() == DataType::Int16);
static_assert(dataTypeOf<int>() == DataType::Int32);
static_assert(dataTypeOf<uint32_t>() == DataType::Uint32);
static_assert(dataTypeOf<int64_t>() == DataType::Int64);
static_assert(dataTypeOf<long long>() == DataType::Int64);

/// 1 x 3 x 2 x 2 in channels-last order, one element of padding behind each pixel.
struct Picture {
  std::vector<float> memory = std::vector<float>(16, -1);
  TensorView view{{.type = DataType::Float32,
                   .shape = Shape{1, 3, 2, 2},
                   .strides = channelsLastStrides(Shape{1, 3, 2, 2}, 4)},
                  memory.data()};
};

std::vector<float> counting(size_t n) {
  std::vector<float> numbers(n);
  std::iota(numbers.begin(), numbers.end(), 0.f);
  return numbers;
}

TEST(WriteTensor, PutsRowMajorElementsWhereTheStridesSay) {
  Picture picture;
  ASSERT_TRUE(writeTensor(picture.view, counting(12)));
  const std::vector<float> expected{0, 4, 8, -1, 1, 5, 9, -1, 2, 6, 10, -1, 3, 7, 11, -1};
  EXPECT_EQ(picture.memory, expected);
  std::vector<float> back(12);
  ASSERT_TRUE(readTensor(picture.view, back));
  EXPECT_EQ(back, counting(12));
}

TEST(WriteTensor, TakesBytesThatLieAnywhere) {
  Picture picture;
  const auto numbers = counting(12);
  std::vector<std::byte> bytes(1 + 12 * sizeof(float));
  std::memcpy(bytes.data() + 1, numbers.data(), 12 * sizeof(float));
  ASSERT_TRUE(writeTensor(picture.view, std::span(bytes).subspan(1)));
  std::vector<float> back(12);
  ASSERT_TRUE(readTensor(picture.view, std::span(back)));
  EXPECT_EQ(back, numbers);
}

TEST(WriteTensor, RefusesOtherNumbersAndTypes) {
  Picture picture;
  const auto few = writeTensor(picture.view, counting(11));
  ASSERT_FALSE(few);
  EXPECT_EQ(few.error().code, ErrorCode::ShapeMismatch);
  const auto integers = writeTensor(picture.view, std::vector<int>(12));
  ASSERT_FALSE(integers);
  EXPECT_EQ(integers.error().message,
            "the tensor has 1x3x2x2 elements of float32, 48 bytes, not 48 bytes of int32");
  EXPECT_EQ(picture.memory, std::vector<float>(16, -1));
  std::vector<double> wide(12);
  EXPECT_FALSE(readTensor(picture.view, wide));
}

TEST(WriteTensor, RefusesWhatIsNoTensor) {
  const auto absent = writeTensor(TensorView{}, std::vector<float>{});
  ASSERT_FALSE(absent);
  EXPECT_EQ(absent.error().code, ErrorCode::InvalidArgument);
  const TensorView misspelt{{}, nullptr, "the model has no input 'imges'; it has: images"};
  const auto named = writeTensor(misspelt, std::vector<float>{});
  ASSERT_FALSE(named);
  EXPECT_EQ(named.error().code, ErrorCode::NotFound);
  EXPECT_EQ(named.error().message,
            "no tensor to copy: the model has no input 'imges'; it has: images");
}

TEST(WriteTensor, AScalarAndNothing) {
  float number = 0;
  const TensorView scalar{{.type = DataType::Float32, .shape = {}}, &number};
  ASSERT_TRUE(writeTensor(scalar, std::vector{3.f}));
  EXPECT_EQ(number, 3);
  const TensorView empty{{.type = DataType::Float32, .shape = Shape{0, 2}, .strides = {2, 1}}};
  EXPECT_TRUE(writeTensor(empty, std::vector<float>{}));
}

}  // namespace
}  // namespace minnow
