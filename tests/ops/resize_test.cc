// Where a Resize by scales reads, held to the text of ONNX's formulas with one length_resized: the
// scale times the extent, which need not be whole.
#include "ops/resize.h"

#include <gtest/gtest.h>

#include <cmath>

namespace minnow::optest {
namespace {

using ops::ResizeCoordinates;

constexpr float kStart = 0.25f, kEnd = 0.875f;  ///< of the region of interest

/// ONNX Resize, "coordinate_transformation_mode".
double sourceOf(ResizeCoordinates mode, double x, double in, double out, double length,
                double scale) {
  switch (mode) {
    case ResizeCoordinates::HalfPixelSymmetric:
      return in / 2 * (1 - out / length) + (x + 0.5) / scale - 0.5;
    case ResizeCoordinates::PytorchHalfPixel:
      return length > 1 ? (x + 0.5) / scale - 0.5 : 0;
    case ResizeCoordinates::AlignCorners:
      return length > 1 ? x * (in - 1) / (length - 1) : 0;
    case ResizeCoordinates::Asymmetric:
      return x / scale;
    case ResizeCoordinates::TfCropAndResize:
      return length > 1 ? kStart * (in - 1) + x * (kEnd - kStart) * (in - 1) / (length - 1)
                        : 0.5 * (kStart + kEnd) * (in - 1);
    default:
      return (x + 0.5) / scale - 0.5;
  }
}

/// Where a linear interpolation reads; positions beyond the ends are the ends.
double placeOf(const ops::ResizeAxis& axis, int64_t at) {
  int64_t positions[2] = {};
  float weights[2] = {};
  if (!axis.sample(at, positions, weights)) return -1;
  return axis.kept() ? static_cast<double>(at)
                     : static_cast<double>(positions[0]) * weights[0] +
                           static_cast<double>(positions[1]) * weights[1];
}

TEST(ResizeAxis, LengthIsOneNumberInEveryTransformation) {
  for (const auto mode : {ResizeCoordinates::HalfPixel, ResizeCoordinates::HalfPixelSymmetric,
                          ResizeCoordinates::PytorchHalfPixel, ResizeCoordinates::AlignCorners,
                          ResizeCoordinates::Asymmetric, ResizeCoordinates::TfCropAndResize})
    for (const float scale : {0.3f, 0.5f, 0.7f, 0.9f, 1.1f, 1.5f, 2.25f})
      for (int64_t in = 1; in <= 9; ++in) {
        ops::Resize op;
        op.mode = ops::ResizeMode::Linear;
        op.coordinates = mode;
        op.scales = {scale};
        op.roi = {kStart, kEnd};
        const auto types = op.inferShape(std::vector{TensorType{DataType::Float32, Shape{in}}});
        ASSERT_TRUE(types);
        const int64_t out = (*types)[0].shape[0];
        const ops::ResizeAxis axis(op, 0, in, out);
        // To six digits the scale is what was meant, and whole lengths are whole.
        const double length =
            std::round(static_cast<double>(scale) * static_cast<double>(in) * 1e6) / 1e6;
        EXPECT_EQ(out, static_cast<int64_t>(length)) << "whatever the region of interest";
        for (int64_t x = 0; x < out; ++x) {
          const auto last = static_cast<double>(in - 1);
          const double expected =
              sourceOf(mode, static_cast<double>(x), static_cast<double>(in),
                       static_cast<double>(out), length, static_cast<double>(scale));
          EXPECT_NEAR(placeOf(axis, x), std::clamp(expected, 0.0, last), 1e-5)
              << "mode " << static_cast<int>(mode) << ", " << in << " times " << scale << " at "
              << x;
        }
      }
}

}  // namespace
}  // namespace minnow::optest
