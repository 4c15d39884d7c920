// One function a file format to read it; decodeAny chooses. None trusts its input. JPEG and PNG lie
// in folders of their own: a build without their library takes absent.cc there.
#pragma once

#include <span>
#include <string_view>
#include <vector>

#include "base/fail.h"
#include "minnow/image.h"

namespace minnow::vision {

/// Where decoders write.
class PixelMemory {
 public:
  virtual ~PixelMemory() = default;
  /// `info.decodedBytes` bytes; nullptr if the header was all that is wanted.
  virtual Result<uint8_t*> take(const PictureInfo& info) = 0;
};

/// A file's bytes, what to call it in messages, and what it may cost.
struct PictureFile {
  std::span<const std::byte> bytes;
  std::string_view name;
  DecodeLimits limits;
};

/// RGB as stored, without gaps, into the memory.
Result<PictureInfo> decodeJpeg(const PictureFile& file, PixelMemory& memory);
Result<PictureInfo> decodePng(const PictureFile& file, PixelMemory& memory);
Result<PictureInfo> decodeBmp(const PictureFile& file, PixelMemory& memory);

/// What a header says of a picture that is stored upright; empty and huge pictures are refused,
/// before memory is taken for them.
Result<PictureInfo> infoOf(int64_t width, int64_t height, const PictureFile& file);

/// What encoders refuse: empty pictures and 4:2:0 frames.
Result<void> checkEncodable(const ImageView& image);

/// Whether a JPEG's APP1 segment has EXIF in it.
bool startsWithExif(std::span<const uint8_t> bytes);
/// EXIF orientation (1 … 8) in a TIFF structure, with or without what JPEG writes before it; 1 when
/// there is none.
int exifOrientation(std::span<const uint8_t> exif);
/// What makes a picture of that orientation upright.
Turn turnOf(int orientation);
/// A gray or RGB picture, turned.
Result<Image> turned(Image image, const Turn& turn);

}  // namespace minnow::vision
