// Pictures into inputs that are integers: a model's mean and scale say which number a pixel is, and
// what the input's integers stand for says which integer that number is.
//
//   const TensorInfo& input = session.inputs()[0];
//   const auto bytes = orExit(preProcessFor(input.type, input.quantisation, pre));
//   orExit(writeImage(camera, bytes, frame.input(0)));
//
// Inline, so that programs whose inputs are all float32 carry nothing of it.
#pragma once

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <string>

#include "minnow/image.h"

namespace minnow::vision {

namespace of_integers {

inline std::unexpected<Error> refused(DataType type, const ByteScale& bytes, const char* words) {
  char text[400];
  const int least = type == DataType::Int8 ? -128 : 0;
  std::snprintf(text, sizeof text,
                "%s that stands for (x - %d) * %.7g: %s; give the mean and scale that the model "
                "was trained with (mean %d and scale %.7g store %s)",
                dataTypeName(type), bytes.zero, static_cast<double>(bytes.scale), words,
                bytes.zero - least, static_cast<double>(bytes.scale),
                least == 0 ? "pixels as they are" : "pixels less 128");
  return std::unexpected(Error{ErrorCode::InvalidArgument, text});
}

/// Whether 0 and 255 are the least and the greatest byte: these then stand, within 1.5 steps, for the
/// ends of a range that models are trained on. Anything else, an ImageNet mean say, ends elsewhere.
inline bool arePixels(const ByteScale& bytes, int least) {
  constexpr float kRanges[][2] = {{0, 1}, {-1, 1}, {0, 255}};
  const float black = static_cast<float>(least - bytes.zero) * bytes.scale;
  const float white = black + 255 * bytes.scale, close = 1.5F * bytes.scale;
  return std::ranges::any_of(kRanges, [&](const auto& range) {
    return std::abs(black - range[0]) < close && std::abs(white - range[1]) < close;
  });
}

/// How many integers the 256 values of a pixel's channel become, less one.
inline int stepsOf(const PreProcess& pre, size_t channel, int least) {
  const auto low = static_cast<float>(least - pre.bytes.zero);
  int steps = 0;
  float last = 0;
  for (int pixel = 0; pixel < 256; ++pixel) {
    const float x = (static_cast<float>(pixel) - pre.mean[channel]) * pre.scale[channel];
    const float q = x / pre.bytes.scale;  // NaN: the least
    const float integer = std::nearbyint(q > low ? std::min(q, low + 255) : low);
    if (pixel > 0 && integer != last) ++steps;
    last = integer;
  }
  return steps;
}

}  // namespace of_integers

/// The one scale and zero point of a tensor; 1 and 0 where integers stand for themselves. Unsupported
/// where positions along an axis have their own.
inline Result<ByteScale> byteScaleOf(const Quantisation& by) {
  if (!by) return ByteScale{};
  if (by.scales.size() == 1 && by.zeroPoints.size() == 1)
    return ByteScale{by.scales[0], by.zeroPoints[0]};
  return std::unexpected(
      Error{ErrorCode::Unsupported,
            "a picture goes into integers of one scale, and here each position along axis " +
                std::to_string(by.axis) + " has its own"});
}

/// `pre` for an input of this type, whose integers stand for what `by` says (nothing: for what
/// pre.bytes says). Float32 ones take it as it is. A mean of 0 and a scale of 1 count as not given:
/// pixels are then the bytes of uint8, and less 128 those of int8, if these stand for 0 … 1,
/// -1 … 1 or 0 … 255. InvalidArgument if they do not, or if all pixels would become 8 integers or
/// fewer: results would be wrong, and nobody would notice.
inline Result<PreProcess> preProcessFor(DataType type, const Quantisation& by, PreProcess pre) {
  if (type != DataType::Uint8 && type != DataType::Int8) return pre;
  if (by) {
    const auto bytes = byteScaleOf(by);
    if (!bytes) return std::unexpected(bytes.error());
    pre.bytes = *bytes;
  }
  const int least = type == DataType::Int8 ? -128 : 0;
  const PreProcess none;
  if (pre.mean == none.mean && pre.scale == none.scale) {
    if (!of_integers::arePixels(pre.bytes, least))
      return of_integers::refused(type, pre.bytes, "pixels are not its integers");
    pre.mean.fill(static_cast<float>(pre.bytes.zero - least));
    pre.scale.fill(pre.bytes.scale);
  }
  for (size_t channel = 0; channel < (pre.colour == ColourOrder::Gray ? 1 : 3); ++channel)
    if (of_integers::stepsOf(pre, channel, least) < 8)
      return of_integers::refused(type, pre.bytes,
                                  "this mean and scale make no 8 steps of all pixels");
  return pre;
}

}  // namespace minnow::vision
