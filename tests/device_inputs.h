// Inputs and outputs of an application's on a device: networks that a device computes, pictures,
// and what an input becomes there.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <numeric>
#include <vector>

#include "minnow/device.h"
#include "runtime/test_models.h"

namespace minnow::test {

inline bool isHere(std::string_view name) {
  return std::ranges::any_of(backendsHere(), [&](const BackendInfo& one) {
    return name == one.name && *one.missing == '\0';
  });
}

/// On "x", 1xCx48x64, large enough to be worth crossing; with a sine, which no device computes,
/// behind `x` or the end.
enum class Sine : uint8_t { None, OfInput, OfOutput };
inline ir::Graph networkOf(int64_t channels, Sine sine = Sine::None) {
  Builder b("network");
  const ir::ValueId x = b.input("x", {1, channels, 48, 64});
  ir::ValueId y = b.conv(b.conv(x, channels, 64, 3, 1, 1, 1), 64, 64, 3, 1, 1, 2);
  y = b.conv(y, 64, channels, 3, 1, 1, 3);
  if (sine == Sine::None) return b.finish(y);
  ops::Unary function;
  function.fn = ops::UnaryFn::Sin;
  if (sine == Sine::OfOutput) return b.finish(b.add(function, {y}));
  ops::Binary sum;
  sum.fn = ops::BinaryFn::Add;
  return b.finish(b.add(sum, {y, b.add(function, {x})}));
}

struct OnDevice {
  explicit OnDevice(const ir::Graph& graph, std::string_view backend,
                    Precision precision = Precision::High)
      : model(graph),
        interpreter(*Interpreter::createFromBuffer(runtime, model.span)),
        session(*interpreter.createSession({.backend = backend, .precision = precision})) {}
  Runtime runtime = *Runtime::create();
  Model model;
  Interpreter interpreter;
  Session session;
};

inline std::vector<float> plainOf(const TensorView& view) {
  std::vector<float> plain(static_cast<size_t>(view.elements()));
  copyTensor(view, {{view.type, view.shape, plainStrides(view.shape)}, plain.data()});
  return plain;
}

/// 0, 1/32, … in the model's own order.
inline std::vector<float> numbers(int64_t count, float start) {
  std::vector<float> all(static_cast<size_t>(count));
  for (size_t i = 0; i < all.size(); ++i) all[i] = start + 0.03125F * static_cast<float>(i % 37);
  return all;
}

/// What a session of the CPU computes of these.
inline std::vector<float> onCpu(const OnDevice& on, std::vector<float> input) {
  Runtime runtime = *Runtime::create();  // whose arena is no other frame's
  auto interpreter = *Interpreter::createFromBuffer(runtime, on.model.span);
  auto session = *interpreter.createSession();
  auto frame = *session.begin();
  const TensorView x = frame.input(0);
  copyTensor({{x.type, x.shape, plainStrides(x.shape)}, input.data()}, x);
  EXPECT_TRUE(frame.run());
  return plainOf(frame.output(0));
}

/// The input as the device has it when the frame runs, which goes no further.
inline std::vector<float> taken(Frame& frame) {
  std::vector<float> input;
  const auto ok =
      frame.runWithCallback({}, [&](const OperatorInfo& op, std::span<const TensorView> outputs) {
        if (op.kernel != "to-device") return CallbackVerdict::Continue;
        input = plainOf(outputs[0]);
        return CallbackVerdict::Stop;
      });
  EXPECT_EQ(ok.error().code, ErrorCode::Stopped) << ok.error().message;
  return input;
}

inline std::string refusal(const Result<void>& result, ErrorCode code) {
  EXPECT_FALSE(result);
  if (result) return "nothing";
  EXPECT_EQ(result.error().code, code);
  return result.error().message;
}

/// RGBA, rows without gaps.
struct Pixels {
  int width, height;
  std::vector<uint8_t> bytes;
  Pixels(int w, int h) : width(w), height(h), bytes(static_cast<size_t>(4 * w * h)) {
    for (size_t i = 0; i < bytes.size(); ++i)
      bytes[i] = static_cast<uint8_t>(i * 2654435761U >> 13);
  }
  vision::ImageView view() const {
    return vision::ImageView::packed(bytes.data(), width, height, vision::PixelFormat::Rgba);
  }
};

/// A way to take a picture of so many pixels into an input of 64x48.
struct PictureCase {
  int width, height;
  vision::PreProcess pre;
};

inline std::vector<PictureCase> pictureCases(int64_t channels) {
  using namespace vision;
  constexpr std::array<float, 3> kMean{123.675F, 116.28F, 103.53F},
      kScale{0.0171247F, 0.0175071F, 0.0174292F};
  if (channels == 1)
    return {{64, 48, {.colour = ColourOrder::Gray, .mean = kMean, .scale = kScale}}};
  if (channels == 4) return {{64, 48, {.fit = Fit::Letterbox, .scale = kScale, .alpha = 0.75F}}};
  std::vector<PictureCase> cases{
      {64, 48, {.mean = kMean, .scale = kScale}},
      {64, 48, {.colour = ColourOrder::Bgr, .mean = kMean}},
      {100, 71, {.scale = kScale, .crop = Rect{7, 3, 64, 48}}},
      {100, 71, {.crop = Rect{36, 7, 48, 64}, .turn = {Rotation::Clockwise90}}}};
  for (const Rotation rotation :
       {Rotation::None, Rotation::Clockwise90, Rotation::Clockwise180, Rotation::Clockwise270})
    for (const bool mirror : {false, true}) {
      const bool lies = rotation == Rotation::Clockwise90 || rotation == Rotation::Clockwise270;
      cases.push_back({lies ? 48 : 64, lies ? 64 : 48, {.turn = {rotation, mirror}}});
    }
  return cases;
}

/// What the CPU writes into the input.
inline std::vector<float> written(const Pixels& pixels, const vision::PreProcess& pre,
                                  const Shape& shape) {
  std::vector<float> tensor(static_cast<size_t>(shape.elements()));
  const auto ok = vision::writeImage(
      pixels.view(), pre, {{DataType::Float32, shape, plainStrides(shape)}, tensor.data()});
  EXPECT_TRUE(ok) << ok.error().message;
  return tensor;
}

}  // namespace minnow::test
