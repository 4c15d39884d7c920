// One function a file format; decodeImage chooses. None trusts its input.
#pragma once

#include <span>
#include <string_view>

#include "base/fail.h"
#include "minnow/image.h"

namespace minnow::vision {

Result<Image> decodeJpeg(std::span<const std::byte> file, std::string_view name,
                         const DecodeLimits& limits);
Result<Image> decodePng(std::span<const std::byte> file, std::string_view name,
                        const DecodeLimits& limits);
Result<Image> decodeBmp(std::span<const std::byte> file, std::string_view name,
                        const DecodeLimits& limits);

/// Refuses empty and huge pictures, before memory is taken for them.
Result<void> checkSize(int64_t width, int64_t height, std::string_view name,
                       const DecodeLimits& limits);

/// EXIF orientation (1 … 8) in the payload of a JPEG's APP1 segment; 1 when there is none.
int exifOrientation(std::span<const uint8_t> app1);
/// The picture as it should be looked at.
Image turnUpright(Image image, int orientation);

}  // namespace minnow::vision
