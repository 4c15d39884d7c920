// Pictures: decoding, encoding, and writing a picture into a model's input tensor.
//
//   auto picture = minnow::vision::readImage("street.jpg");
//   auto placed  = minnow::vision::writeImage(picture->view(), {.fit = Fit::Letterbox},
//   frame->input(0)); auto corner  = placed->toPicture(x, y);          // from the tensor's pixels
//   to the picture's
//
// The same bits on every CPU: interpolation is fixed-point, the rest is separate float32
// operations.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <span>
#include <string_view>
#include <vector>

#include "minnow/status.h"
#include "minnow/tensor.h"

namespace minnow::vision {

/// 8 bits a channel, in memory order.
enum class PixelFormat : uint8_t { Gray, Rgb, Bgr, Rgba, Bgra };
/// 1, 3 or 4.
int channelCount(PixelFormat format);

/// Somebody's pixels: row y begins at data + y * rowBytes.
struct ImageView {
  const uint8_t* data = nullptr;
  int width = 0, height = 0;
  ptrdiff_t rowBytes = 0;  ///< distance between rows; may be larger than a row, or negative
  PixelFormat format = PixelFormat::Rgb;
};

/// A picture of its own, rows without gaps.
struct Image {
  int width = 0, height = 0;
  PixelFormat format = PixelFormat::Rgb;
  std::vector<uint8_t> pixels;

  static Image ofSize(int width, int height, PixelFormat format = PixelFormat::Rgb);
  ptrdiff_t rowBytes() const { return static_cast<ptrdiff_t>(width) * channelCount(format); }
  ImageView view() const { return {pixels.data(), width, height, rowBytes(), format}; }
};

/// What decoding refuses before it allocates anything.
struct DecodeLimits {
  int64_t maxPixels = 100'000'000;
};

/// JPEG, PNG or BMP (told by the first bytes) to RGB. A JPEG is turned upright as its EXIF
/// orientation says; PNG transparency is laid on white. Errors: BadModel never; InvalidArgument for
/// what is no picture, is truncated or damaged; Unsupported for forms not read; OutOfMemory beyond
/// the limits. `name` is used in messages.
Result<Image> decodeImage(std::span<const std::byte> file, std::string_view name,
                          const DecodeLimits& limits = {});
/// The same from a file. NotFound or Io when it cannot be read.
Result<Image> readImage(const std::filesystem::path& path, const DecodeLimits& limits = {});

/// Gray, RGB or BGR (RGBA and BGRA keep their alpha) as a PNG file in memory.
Result<std::vector<std::byte>> encodePng(const ImageView& image);
/// As a baseline JPEG, quality 1 … 100; alpha is dropped.
Result<std::vector<std::byte>> encodeJpeg(const ImageView& image, int quality = 90);
/// Writes a PNG beside `path` and renames it, so that no half file is left behind.
Result<void> writePng(const std::filesystem::path& path, const ImageView& image);

/// How a picture's shape meets the tensor's.
enum class Fit : uint8_t {
  Stretch,    ///< both axes fill the tensor
  Letterbox,  ///< the aspect ratio is kept, what is left is filled with `pad`
};
/// Where a letterboxed picture lies.
enum class Anchor : uint8_t { Centre, TopLeft };
/// Channels a model expects.
enum class ColourOrder : uint8_t { Rgb, Bgr, Gray };
/// Which axis of the tensor is the channels': N,C,H,W or N,H,W,C (of rank 4; rank 3 without N).
enum class ChannelsAxis : uint8_t { Auto, First, Last };

/// A part of a picture, in pixels.
struct Rect {
  int x = 0, y = 0, width = 0, height = 0;
};

/// tensor = (pixel - mean) * scale, per channel in the order of `colour`.
struct PreProcess {
  Fit fit = Fit::Stretch;
  Anchor anchor = Anchor::Centre;
  ColourOrder colour = ColourOrder::Rgb;
  ChannelsAxis channels = ChannelsAxis::Auto;  ///< Auto: the axis whose extent fits, first if both
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> scale{1, 1, 1};
  std::array<float, 3> pad{0, 0, 0};  ///< in pixel values, before mean and scale
  std::optional<float> alpha = {};    ///< adds a last channel of this value
  std::optional<Rect> crop = {};      ///< only this part of the picture
};

/// Where a picture came to lie in a tensor: column = x * scaleX + offsetX, pixel edges to pixel
/// edges.
struct Placement {
  double scaleX = 1, scaleY = 1, offsetX = 0, offsetY = 0;
  /// From the tensor's columns and rows to the picture's pixels.
  std::array<double, 2> toPicture(double column, double row) const {
    return {(column - offsetX) / scaleX, (row - offsetY) / scaleY};
  }
};

/// Crops, resizes (bilinear, half-pixel centres, no antialiasing), reorders, normalises and writes
/// into `dst`: float32, or uint8 (rounded half to even, clamped); one picture (N = 1), any strides.
Result<Placement> writeImage(const ImageView& src, const PreProcess& pre, const TensorView& dst);

}  // namespace minnow::vision
