// EXIF orientation: a TIFF directory inside APP1; tag 0x0112 says which way the camera was held.
#include <cstring>

#include "vision/decoders.h"

namespace minnow::vision {

namespace {

/// Bytes of a TIFF structure in its own byte order; reads beyond the end give 0.
struct Tiff {
  std::span<const uint8_t> bytes;
  bool bigEndian = false;

  uint32_t read(size_t offset, int count) const {
    if (offset > bytes.size() || bytes.size() - offset < static_cast<size_t>(count)) return 0;
    uint32_t value = 0;
    for (int i = 0; i < count; ++i)
      value = value << 8 | bytes[offset + (bigEndian ? i : count - 1 - i)];
    return value;
  }
};

}  // namespace

int exifOrientation(std::span<const uint8_t> app1) {
  if (app1.size() < 14 || std::memcmp(app1.data(), "Exif\0\0", 6) != 0) return 1;
  Tiff tiff{app1.subspan(6)};
  tiff.bigEndian = tiff.bytes[0] == 'M';
  const size_t directory = tiff.read(4, 4);
  const uint32_t entries = tiff.read(directory, 2);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + size_t{12} * i;
    if (tiff.read(entry, 2) != 0x0112) continue;
    const uint32_t value = tiff.read(entry + 8, 2);
    return value >= 1 && value <= 8 ? static_cast<int>(value) : 1;
  }
  return 1;
}

// The table says for each orientation whether the stored axes are swapped and which of them run
// backwards.
Image turnUpright(Image image, int orientation) {
  if (orientation <= 1 || orientation > 8) return image;
  struct Turn {
    bool swap, mirrorX, mirrorY;
  };
  static constexpr Turn kTurns[9] = {{},
                                     {false, false, false},
                                     {false, true, false},
                                     {false, true, true},
                                     {false, false, true},
                                     {true, false, false},
                                     {true, false, true},
                                     {true, true, true},
                                     {true, true, false}};
  const Turn turn = kTurns[orientation];
  Image out = turn.swap ? Image::ofSize(image.height, image.width, image.format)
                        : Image::ofSize(image.width, image.height, image.format);
  const int channels = channelCount(image.format);
  uint8_t* to = out.pixels.data();
  for (int y = 0; y < out.height; ++y)
    for (int x = 0; x < out.width; ++x, to += channels) {
      int sx = turn.swap ? y : x, sy = turn.swap ? x : y;
      if (turn.mirrorX) sx = image.width - 1 - sx;
      if (turn.mirrorY) sy = image.height - 1 - sy;
      std::memcpy(to, image.pixels.data() + sy * image.rowBytes() + ptrdiff_t{sx} * channels,
                  channels);
    }
  return out;
}

}  // namespace minnow::vision
