// EXIF orientation: tag 0x0112 of a TIFF structure's first directory says which way the camera was
// held.
#include <cstring>

#include "vision/codecs.h"
#include "vision/turned_frame.h"

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

constexpr uint32_t kOrientation = 0x0112, kShort = 3, kLong = 4;
constexpr size_t kExifPrefix = 6;

}  // namespace

bool startsWithExif(std::span<const uint8_t> bytes) {
  return bytes.size() >= kExifPrefix && std::memcmp(bytes.data(), "Exif\0\0", kExifPrefix) == 0;
}

int exifOrientation(std::span<const uint8_t> exif) {
  while (startsWithExif(exif)) exif = exif.subspan(kExifPrefix);
  Tiff tiff{exif};
  tiff.bigEndian = tiff.read(0, 1) == 'M';
  if (tiff.read(0, 2) != (tiff.bigEndian ? 0x4d4d : 0x4949) || tiff.read(2, 2) != 42) return 1;
  const size_t directory = tiff.read(4, 4);
  const uint32_t entries = tiff.read(directory, 2);
  for (uint32_t i = 0; i < entries; ++i) {
    const size_t entry = directory + 2 + size_t{12} * i;
    if (entry >= exif.size()) break;
    if (tiff.read(entry, 2) != kOrientation) continue;
    const uint32_t type = tiff.read(entry + 2, 2);
    const uint32_t value = tiff.read(entry + 8, type == kLong ? 4 : 2);
    return (type == kShort || type == kLong) && value >= 1 && value <= 8 ? static_cast<int>(value)
                                                                         : 1;
  }
  return 1;
}

Turn turnOf(int orientation) {
  using enum Rotation;
  static constexpr Turn kTurns[] = {
      {None, false},       {None, true},         {Clockwise180, false}, {Clockwise180, true},
      {Clockwise90, true}, {Clockwise90, false}, {Clockwise270, true},  {Clockwise270, false}};
  return orientation >= 1 && orientation <= 8 ? kTurns[orientation - 1] : Turn{};
}

Result<Image> turned(Image image, const Turn& turn) {
  if (turn.rotation == Rotation::None && !turn.mirror) return image;
  const bool gray = image.format == PixelFormat::Gray;
  const TurnedFrame frame(image.view(), {0, 0, image.width, image.height}, turn,
                          gray ? ColourOrder::Gray : ColourOrder::Rgb);
  Result<Image> out = Image::ofSize(frame.width(), frame.height(), image.format);
  if (out) copyPixels(frame, out->view());
  return out;
}

}  // namespace minnow::vision
