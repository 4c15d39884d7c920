// From a camera's frame to features in one piece of memory: the frame lies in the input tensor, is
// converted there, and the result is read where it lies. Nothing is allocated on the way, and the
// ledger does not move.
#include <gtest/gtest.h>

#include "minnow/image.h"
#include "src/runtime/test_models.h"
#include "tests/memory/allocations.h"

namespace minnow {
namespace {

using vision::ImageView;
using vision::PixelFormat;

constexpr vision::PreProcess kPreProcess{.scale = {1 / 255.0f, 1 / 255.0f, 1 / 255.0f},
                                         .alpha = 1.0f};

/// What a camera puts into memory.
void expose(uint8_t* to, size_t bytes, unsigned seed) {
  for (size_t i = 0; i < bytes; ++i) to[i] = static_cast<uint8_t>((i * 37 + seed * 11) % 251);
}

/// Channel, row and column of the greatest element, and its value.
struct Feature {
  int64_t channel = 0, row = 0, column = 0;
  float value = -1e30f;
  bool operator==(const Feature&) const = default;
};

Feature greatest(const TensorView& out) {
  Feature best;
  for (int64_t c = 0; c < out.shape[1]; ++c)
    for (int64_t y = 0; y < out.shape[2]; ++y)
      for (int64_t x = 0; x < out.shape[3]; ++x) {
        const float value =
            out.as<float>()[c * out.strides[1] + y * out.strides[2] + x * out.strides[3]];
        if (value > best.value) best = {c, y, x, value};
      }
  return best;
}

size_t bytesOf(PixelFormat format, int64_t pixels) {
  const bool halves =
      format == PixelFormat::Nv12 || format == PixelFormat::Nv21 || format == PixelFormat::I420;
  return static_cast<size_t>(halves ? pixels * 3 / 2 : pixels * vision::channelCount(format));
}

/// The frame in memory of its own.
Feature featureOf(Session& session, PixelFormat format, unsigned seed) {
  auto frame = session.begin();
  const TensorView in = frame->input(0);
  const int width = static_cast<int>(in.shape[3]), height = static_cast<int>(in.shape[2]);
  std::vector<uint8_t> pixels(bytesOf(format, int64_t{width} * height));
  expose(pixels.data(), pixels.size(), seed);
  const auto written =
      vision::writeImage(ImageView::packed(pixels.data(), width, height, format), kPreProcess, in);
  EXPECT_TRUE(written) << written.error().message;
  EXPECT_TRUE(frame->run().has_value());
  return greatest(frame->output(0));
}

/// The frame where the tensor is.
Feature featureInPlace(Session& session, PixelFormat format, unsigned seed) {
  auto frame = session.begin();
  const TensorView in = frame->input(0);
  const int width = static_cast<int>(in.shape[3]), height = static_cast<int>(in.shape[2]);
  const auto offset = vision::framePlacement(
      ImageView::packed(in.as<uint8_t>(), width, height, format), kPreProcess, in);
  if (!offset) return {};
  uint8_t* pixels = in.as<uint8_t>() + *offset;
  expose(pixels, bytesOf(format, int64_t{width} * height), seed);
  if (!vision::writeImage(ImageView::packed(pixels, width, height, format), kPreProcess, in))
    return {};
  if (!frame->run()) return {};
  return greatest(frame->output(0));
}

TEST(Camera, FromFrameToFeaturesNothingIsAllocated) {
  for (int seed = 0; seed < 4; ++seed) {
    const test::Model model(test::smallNetwork(seed));
    auto runtime = Runtime::create();
    auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
    ASSERT_TRUE(interpreter.has_value());
    auto session = interpreter->createSession();
    ASSERT_TRUE(session.has_value());
    for (const PixelFormat format : {PixelFormat::Rgb, PixelFormat::Bgr, PixelFormat::Rgba,
                                     PixelFormat::Nv12, PixelFormat::Nv21, PixelFormat::I420}) {
      const Feature expected = featureOf(*session, format, static_cast<unsigned>(seed));
      const LedgerReport ledger = runtime->ledger();
      const int64_t before = allocations::made();
      const Feature feature = featureInPlace(*session, format, static_cast<unsigned>(seed));
      EXPECT_EQ(allocations::made() - before, 0);
      EXPECT_TRUE(feature == expected) << "format " << static_cast<int>(format) << ", "
                                       << feature.value << " instead of " << expected.value;
      EXPECT_EQ(runtime->ledger().now, ledger.now);
      EXPECT_EQ(runtime->ledger().peak, ledger.peak);
    }
  }
}

TEST(FrameInTensor, AnInputThatIsNotThereIsNamed) {
  const test::Model model(test::smallNetwork(5));
  auto runtime = Runtime::create();
  auto interpreter = Interpreter::createFromBuffer(*runtime, model.span);
  auto session = interpreter->createSession();
  auto frame = session->begin();
  ASSERT_TRUE(frame);
  const std::vector<uint8_t> pixels(12);
  const auto picture = ImageView::packed(pixels.data(), 2, 2, PixelFormat::Rgb);
  const auto place = [&](const TensorView& tensor) {
    const auto placed = writeImage(picture, kPreProcess, tensor);
    return placed ? Error{} : placed.error();
  };
  const TensorView wrong = frame->input("images");
  EXPECT_FALSE(wrong);
  EXPECT_EQ(place(wrong).code, ErrorCode::NotFound);
  EXPECT_EQ(place(wrong).message,
            "no tensor for the picture: the model has no input 'images'; it has: x");
  EXPECT_TRUE(place(frame->input(7)).message.contains("no input '7'; it has: x"));
  EXPECT_TRUE(
      std::string(frame->output("scores").missing).contains("no output 'scores'; it has: "));
  EXPECT_EQ(place({}).code, ErrorCode::InvalidArgument);
}

}  // namespace
}  // namespace minnow
