// The float functions on every target against the scalar reference, over floats of every magnitude.
#include <gtest/gtest.h>

#include <bit>
#include <cmath>
#include <vector>

#include "base/fail.h"
#include "base/team.h"
#include "base/threads.h"
#include "kernels/simd/unary.h"
#include "minnow/cpu.h"
#include "ops/unary.h"

namespace minnow::backend::cpu {
namespace {

/// About 200,000 bit patterns, evenly spread, so over signs, exponents and NaNs.
std::vector<float> everyMagnitude() {
  std::vector<float> all;
  for (uint64_t bits = 0; bits < (uint64_t{1} << 32); bits += 20011)
    all.push_back(std::bit_cast<float>(static_cast<uint32_t>(bits)));
  return all;
}

/// Values where functions bend: small, and around the integers and halves.
std::vector<float> everydayValues() {
  std::vector<float> all;
  for (float x = -24; x <= 24; x += 0.00048828125f * 3) all.push_back(x);
  for (float x = -110; x <= 110; x += 0.25f) all.push_back(x);
  return all;
}

using Kernel = kernels::KernelFn;

std::vector<float> computed(Kernel kernel, const ops::Unary& op, std::vector<float> x) {
  base::Team team;
  const base::DenormalsFlushed flushed;
  std::vector<float> y(x.size());
  const Shape shape{static_cast<int64_t>(x.size())};
  const TensorView in{{DataType::Float32, shape, plainStrides(shape)}, x.data()};
  TensorView out{{DataType::Float32, shape, plainStrides(shape)}, y.data()};
  EXPECT_TRUE(kernel(op, {{&in, 1}, {&out, 1}, {}, &team}));
  return y;
}

void expectSameBits(const ops::Unary& op, const std::vector<float>& x, std::string_view target) {
  const auto expected = computed(kernels::reference::find(ops::OpKind::Unary), op, x);
  const bool inDouble = op.fn >= ops::UnaryFn::kEpilogueCount;
  const auto found =
      computed(inDouble ? kernels::simd::runTrigonometry : kernels::simd::runUnary, op, x);
  for (size_t i = 0; i < x.size(); ++i) {
    if (std::isnan(expected[i]) && std::isnan(found[i])) continue;
    ASSERT_EQ(std::bit_cast<uint32_t>(expected[i]), std::bit_cast<uint32_t>(found[i]))
        << op.name() << " of " << x[i] << " on " << target << ": " << expected[i] << " and "
        << found[i];
  }
}

}  // namespace

TEST(ElementwiseBits, EveryFunctionOnEveryTarget) {
  const auto magnitudes = everyMagnitude(), everyday = everydayValues();
  for (std::string_view target : cpuTargets()) {
    ASSERT_TRUE(limitCpuTarget(target));
    for (int i = 0; i <= static_cast<int>(ops::UnaryFn::Atanh); ++i) {
      ops::Unary op;
      op.fn = static_cast<ops::UnaryFn>(i);
      op.alpha = 0.375f;
      op.beta = 1.25f;
      expectSameBits(op, magnitudes, target);
      expectSameBits(op, everyday, target);
    }
  }
  ASSERT_TRUE(limitCpuTarget(""));
}

}  // namespace minnow::backend::cpu
