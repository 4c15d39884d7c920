// Every weight must be found where packing.h says it lies, and padding must be zero.
#include "kernels/pack.h"

#include <gtest/gtest.h>

#include <cmath>
#include <limits>
#include <numeric>
#include <utility>
#include <vector>

#include "base/half.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/matmul.h"

namespace minnow::kernels {
namespace {

std::vector<float> counting(int64_t n) {
  std::vector<float> v(static_cast<size_t>(n));
  std::iota(v.begin(), v.end(), 1.0f);
  return v;
}

std::vector<float> packed(const std::vector<float>& weights, const ops::WeightMatrices& matrices) {
  const uint64_t bytes = packedBytes(Packing::F32x16, matrices);
  std::vector<float> out(bytes / sizeof(float), -1.0f);
  pack(Packing::F32x16, weights.data(), matrices, std::as_writable_bytes(std::span(out)));
  return out;
}

/// Takes out what lies in a slot, which must be 0 afterwards.
float taken(float& slot) { return std::exchange(slot, 0.0f); }

template <class Op>
void checkWindow(const Shape& shape, int64_t groups) {
  SCOPED_TRACE(shape.toString() + " groups " + std::to_string(groups));
  constexpr bool kTransposed = std::is_same_v<Op, ops::ConvTranspose>;
  Op op;
  op.groups = groups;
  const std::vector<float> weights = counting(shape.elements());
  const auto matrices = *op.weightMatrices(1, shape, plainStrides(shape));
  std::vector<float> out = packed(weights, matrices);
  const PanelShape panels = panelShape(matrices);
  // Axis 0 counts outputs of all groups, transposed inputs of all groups.
  const int64_t perGroup = shape[0] / groups;
  const int64_t inputs = kTransposed ? perGroup : shape[1];
  const int64_t taps = shape.elements() / (shape[0] * shape[1]);
  for (int64_t i = 0; i < shape[0]; ++i)
    for (int64_t j = 0; j < shape[1]; ++j)
      for (int64_t tap = 0; tap < taps; ++tap) {
        const int64_t output = kTransposed ? j : i % perGroup,
                      channel = kTransposed ? i % perGroup : j;
        float& slot = out[panels.offset(i / perGroup, output, tap * inputs + channel)];
        ASSERT_EQ(taken(slot), weights[(i * shape[1] + j) * taps + tap]);
      }
  for (float rest : out) ASSERT_EQ(rest, 0.0f);
}

void checkConv(const Shape& shape, int64_t groups) { checkWindow<ops::Conv>(shape, groups); }

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

TEST(Pack, TransposedConvolutionWeights) {
  for (int64_t outputs : {1, 4, 17}) checkWindow<ops::ConvTranspose>({6, outputs, 3, 2}, 1);
  checkWindow<ops::ConvTranspose>({6, 5, 2, 2}, 3);
  checkWindow<ops::ConvTranspose>({20, 1, 3, 3}, 20);
}

TEST(Pack, Matrices) {
  for (bool transposed : {false, true}) {
    const Shape shape{2, 3, 7, 21};
    ops::MatMul op;
    op.transposeB = transposed;
    const std::vector<float> b = counting(shape.elements());
    const auto matrices = *op.weightMatrices(1, shape, plainStrides(shape));
    const PanelShape panels = panelShape(matrices);
    EXPECT_EQ(panels.groups, 6);
    EXPECT_EQ(panels.depth, transposed ? 21 : 7);
    std::vector<float> out = packed(b, matrices);
    for (int64_t g = 0; g < 6; ++g)
      for (int64_t i = 0; i < 7; ++i)
        for (int64_t j = 0; j < 21; ++j) {
          float& slot = out[transposed ? panels.offset(g, i, j) : panels.offset(g, j, i)];
          ASSERT_EQ(taken(slot), b[(g * 7 + i) * 21 + j]);
        }
    for (float rest : out) ASSERT_EQ(rest, 0.0f);
  }
}

/// Where weights are transposed in memory, only strides differ.
TEST(Pack, StridesOfAnyKind) {
  const std::vector<float> weights = counting(5 * 24);
  const ops::MatMul op;
  const auto plain = *op.weightMatrices(1, {5, 24}, {24, 1});
  std::vector<float> turned(weights.size());
  for (size_t k = 0; k < 5; ++k)
    for (size_t n = 0; n < 24; ++n) turned[n * 5 + k] = weights[k * 24 + n];
  EXPECT_EQ(packed(weights, plain), packed(turned, *op.weightMatrices(1, {5, 24}, {1, 5})));
}

TEST(Pack, OnlyWeightsHaveAForm) {
  EXPECT_FALSE(ops::Conv().weightMatrices(0, {1, 2, 3, 3}, {}));
  EXPECT_FALSE(ops::Conv().weightMatrices(2, {4}, {}));
  EXPECT_FALSE(ops::MatMul().weightMatrices(1, {9}, {1})) << "a vector takes four times its memory";
  EXPECT_EQ(packingFor(DataType::Float32), Packing::F32x16);
  EXPECT_EQ(packingFor(DataType::Float64), Packing::None);
}

/// Every enumerator has a type and a name, and no other number has.
TEST(Pack, EveryPackingIsKnownByName) {
  EXPECT_STREQ(packingName(Packing::F32x16), "F32x16");
  EXPECT_STREQ(packingName(Packing::F16x16), "F16x16");
  EXPECT_EQ(packedType(Packing::F32x16), DataType::Float32);
  EXPECT_EQ(packedType(Packing::F16x16), DataType::Float32);
  for (int other = 4; other < 256; ++other) {
    EXPECT_EQ(packedType(static_cast<Packing>(other)), DataType::Undefined);
    EXPECT_STREQ(packingName(static_cast<Packing>(other)), "unknown");
  }
}

/// As F32x16 has it, each element rounded once; and back, exactly.
TEST(Pack, HalvesAreThePanelsOfFloatsRounded) {
  const std::vector<float> weights{1, -2.0004882f, 0.1f, 65504, 6e-8f, -0.0f};
  const auto matrices = *ops::MatMul().weightMatrices(1, {2, 3}, {3, 1});
  std::vector<float> floats(panelShape(matrices).elements()), widened(floats.size());
  std::vector<uint16_t> halves(floats.size());
  ASSERT_EQ(packedBytes(Packing::F16x16, matrices), halves.size() * sizeof(uint16_t));
  pack(Packing::F32x16, weights.data(), matrices, std::as_writable_bytes(std::span(floats)));
  pack(Packing::F16x16, weights.data(), matrices, std::as_writable_bytes(std::span(halves)));
  widen(halves, widened.data());
  EXPECT_EQ(widened, (std::vector<float>{1, -2, 0.099975586f, 0, 65504, 0x1p-24f, -0.0f, 0}));
  for (size_t i = 0; i < floats.size(); ++i)
    EXPECT_EQ(halves[i], base::halfFromFloat(floats[i])) << i;
}

TEST(Pack, ZerosAddNothingToFiniteWeightsAndOtherBiasThanNegativeZero) {
  const float infinity = std::numeric_limits<float>::infinity();
  const std::vector<float> finite{1, -0.0f, -1e-40f, 3e38f};
  EXPECT_TRUE(zerosAddNothing(finite, {}));
  EXPECT_TRUE(zerosAddNothing({}, std::vector{0.0f, 1e-40f, -1.2e-38f, infinity, -infinity}));
  for (const float w : {infinity, -infinity, std::nanf("")})
    EXPECT_FALSE(zerosAddNothing(std::vector{1.0f, w}, {})) << w;
  for (const float b : {-0.0f, -1e-40f})
    EXPECT_FALSE(zerosAddNothing(finite, std::vector{1.0f, b})) << b;
}

}  // namespace
}  // namespace minnow::kernels
