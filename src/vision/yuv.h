// Y, Cb, Cr to R, G, B in integers of 20 fraction bits; the formula is YuvColour's in
// minnow/image.h. The largest sum is below 2^30.
#pragma once

#include <algorithm>

#include "minnow/image.h"

namespace minnow::vision {

constexpr int kYuvBits = 20;

struct YuvCoefficients {
  int32_t lumaOffset, luma, redOfCr, greenOfCb, greenOfCr, blueOfCb;
};

constexpr YuvCoefficients yuvCoefficients(const YuvColour& colour) {
  const bool hd = colour.matrix == YuvMatrix::Bt709, full = colour.range == YuvRange::Full;
  const double kr = hd ? 0.2126 : 0.299, kb = hd ? 0.0722 : 0.114, kg = 1 - kr - kb;
  const double luma = full ? 1 : 255.0 / 219, chroma = full ? 1 : 255.0 / 224;
  // NOLINTNEXTLINE(bugprone-incorrect-roundings): positive, and std::lround is no constant
  const auto fixed = [](double x) { return static_cast<int32_t>(x * (1 << kYuvBits) + 0.5); };
  return {full ? 0 : 16,
          fixed(luma),
          fixed(chroma * 2 * (1 - kr)),
          fixed(chroma * 2 * (1 - kb) * kb / kg),
          fixed(chroma * 2 * (1 - kr) * kr / kg),
          fixed(chroma * 2 * (1 - kb))};
}

/// One table entry a colour, worked out by the compiler.
inline constexpr YuvCoefficients kYuvCoefficients[2][2] = {
    {yuvCoefficients({YuvMatrix::Bt601, YuvRange::Limited}),
     yuvCoefficients({YuvMatrix::Bt601, YuvRange::Full})},
    {yuvCoefficients({YuvMatrix::Bt709, YuvRange::Limited}),
     yuvCoefficients({YuvMatrix::Bt709, YuvRange::Full})}};

inline const YuvCoefficients& coefficientsOf(const YuvColour& colour) {
  return kYuvCoefficients[static_cast<int>(colour.matrix)][static_cast<int>(colour.range)];
}

inline uint8_t fixedToByte(int32_t x) {
  return static_cast<uint8_t>(std::clamp((x + (1 << (kYuvBits - 1))) >> kYuvBits, 0, 255));
}

}  // namespace minnow::vision
