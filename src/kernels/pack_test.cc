// Every weight must be found where packing.h says it lies, and padding must be zero.
#include "kernels/pack.h"

#include <gtest/gtest.h>

#include <numeric>
#include <vector>

namespace minnow::kernels {
namespace {

std::vector<float> counting(int64_t n) {
  std::vector<float> v(static_cast<size_t>(n));
  std::iota(v.begin(), v.end(), 1.0f);
  return v;
}

TensorView plain(std::vector<float>& data, const Shape& shape) {
  return {DataType::Float32, shape, plainStrides(shape), data.data()};
}

void checkConv(const Shape& shape, int64_t groups) {
  SCOPED_TRACE(shape.toString() + " groups " + std::to_string(groups));
  std::vector<float> weights = counting(shape.elements());
  const PanelShape panels = convPanels(shape, groups);
  std::vector<float> packed(static_cast<size_t>(panels.floats()), -1.0f);
  packConv(plain(weights, shape), groups, packed);
  const int64_t inputs = shape[1], perGroup = shape[0] / groups;
  const int64_t taps = shape.elements() / (shape[0] * inputs);
  for (int64_t o = 0; o < shape[0]; ++o)
    for (int64_t c = 0; c < inputs; ++c)
      for (int64_t tap = 0; tap < taps; ++tap) {
        float& slot = packed[panels.offset(o / perGroup, o % perGroup, tap * inputs + c)];
        ASSERT_EQ(slot, weights[(o * inputs + c) * taps + tap]);
        slot = 0.0f;
      }
  for (float rest : packed) ASSERT_EQ(rest, 0.0f);
}

TEST(Pack, ConvolutionWeights) {
  for (int64_t outputs : {1, 3, 4, 15, 16, 17, 24, 37}) checkConv({outputs, 5, 3, 2}, 1);
  checkConv({12, 4, 3, 3}, 3);
  checkConv({34, 2, 1, 1}, 2);
  checkConv({6, 3, 5}, 2);
  checkConv({6, 3, 2, 3, 4}, 1);
}

TEST(Pack, DepthwiseWeights) {
  for (int64_t channels : {1, 3, 16, 20, 33}) checkConv({channels, 1, 3, 3}, channels);
  checkConv({12, 1, 3, 3}, 4);  // three outputs a channel: panels, not the depthwise block
}

TEST(Pack, Matrices) {
  for (bool transposed : {false, true}) {
    const Shape shape{2, 7, 21};
    std::vector<float> b = counting(shape.elements());
    const PanelShape panels = matMulPanels(shape, transposed);
    EXPECT_EQ(panels.groups, 2);
    EXPECT_EQ(panels.depth, transposed ? 21 : 7);
    std::vector<float> packed(static_cast<size_t>(panels.floats()), -1.0f);
    packMatMul(plain(b, shape), transposed, packed);
    for (int64_t g = 0; g < 2; ++g)
      for (int64_t i = 0; i < 7; ++i)
        for (int64_t j = 0; j < 21; ++j) {
          float& slot = packed[transposed ? panels.offset(g, i, j) : panels.offset(g, j, i)];
          ASSERT_EQ(slot, b[(g * 7 + i) * 21 + j]);
          slot = 0.0f;
        }
    for (float rest : packed) ASSERT_EQ(rest, 0.0f);
  }
}

}  // namespace
}  // namespace minnow::kernels
