// How far Winograd's tiles are from exact results, beside direct convolution: the figures of
// docs/design.md (Numerics). Other points than those of winograd.inc err several times as much.
#include <gtest/gtest.h>

#include <cmath>
#include <random>

#include "base/team.h"
#include "kernels/kernel.h"
#include "ops/conv.h"

namespace minnow::kernels::reference {
namespace {

constexpr int64_t kChannels = 128, kOutputs = 4, kExtent = 12;

std::vector<float> random(size_t count, float low, float high, unsigned seed) {
  std::mt19937 engine(seed);
  std::uniform_real_distribution<float> uniform(low, high);
  std::vector<float> numbers(count);
  for (float& x : numbers) x = uniform(engine);
  return numbers;
}

TensorView viewOf(const Shape& shape, std::vector<float>& data) {
  return {{DataType::Float32, shape, plainStrides(shape)}, data.data()};
}

struct Layer {
  std::vector<float> x = random(kChannels * kExtent * kExtent, 0, 1, 1);
  std::vector<float> w = random(kOutputs * kChannels * 9, -0.1f, 0.1f, 2);
  Shape shape{1, kOutputs, kExtent - 2, kExtent - 2};

  std::vector<float> run(bool winograd) {
    ops::Conv conv;
    conv.kernel = {3, 3};
    conv.strides = conv.dilations = {1, 1};
    conv.padsBegin = conv.padsEnd = {0, 0};
    conv.winograd = winograd;
    std::vector<float> y(static_cast<size_t>(shape.elements()));
    const TensorView inputs[] = {viewOf({1, kChannels, kExtent, kExtent}, x),
                                 viewOf({kOutputs, kChannels, 3, 3}, w)};
    TensorView out = viewOf(shape, y);
    base::Team team;
    EXPECT_TRUE(find(ops::OpKind::Conv)(conv, {inputs, {&out, 1}, {}, &team}));
    return y;
  }

  double exact(int64_t output, int64_t row, int64_t column) const {
    double sum = 0;
    for (int64_t c = 0; c < kChannels; ++c)
      for (int64_t tap = 0; tap < 9; ++tap)
        sum += static_cast<double>(x[(c * kExtent + row + tap / 3) * kExtent + column + tap % 3]) *
               w[(output * kChannels + c) * 9 + tap];
    return sum;
  }

  /// The largest error over the largest result.
  double error(bool winograd) {
    const std::vector<float> y = run(winograd);
    double error = 0, largest = 0;
    for (int64_t i = 0; i < shape.elements(); ++i) {
      const int64_t place = i % (shape[2] * shape[3]);
      const double right = exact(i / (shape[2] * shape[3]), place / shape[3], place % shape[3]);
      error = std::max(error, std::fabs(y[i] - right));
      largest = std::max(largest, std::fabs(right));
    }
    return error / largest;
  }
};

TEST(Winograd, ErrsLittleMoreThanDirectConvolution) {
  Layer layer;
  const double direct = layer.error(false), tiles = layer.error(true);
  RecordProperty("direct", std::to_string(direct * 1e6));
  RecordProperty("tiles", std::to_string(tiles * 1e6));
  EXPECT_GT(tiles, 0);
  EXPECT_LT(tiles, 2e-6) << "direct convolution errs by " << direct;
}

}  // namespace
}  // namespace minnow::kernels::reference
