// Pictures: decoding, encoding, and writing a picture or a camera's frame into a model's input.
//
//   auto picture = orExit(minnow::vision::readImage("street.jpg"));
//   auto placed = orExit(writeImage(picture.view(), {.fit = Fit::Letterbox}, frame.input(0)));
//   auto corner = placed.toPicture(x, y);  // from the tensor's pixels to the picture's
//
// The same bits on every CPU: colour and interpolation are fixed-point, the rest is separate
// float32 operations. Writing a picture allocates nothing; it needs about 32 KB of stack.
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

#pragma GCC visibility push(default)

namespace minnow::vision {

/// 8 bits a channel, in memory order. The last three are 4:2:0: a plane of luma, and one sample of
/// either chroma for each 2x2 pixels, (width + 1) / 2 by (height + 1) / 2 of them.
enum class PixelFormat : uint8_t {
  Gray,
  Rgb,
  Bgr,
  Rgba,
  Bgra,
  Nv12,  ///< one chroma plane of pairs Cb Cr
  Nv21,  ///< one chroma plane of pairs Cr Cb
  I420,  ///< a plane of Cb, a plane of Cr (YV12: the same with the two planes exchanged)
};
/// Bytes between neighbouring pixels of the first plane: 1, 3 or 4.
int channelCount(PixelFormat format);
/// True of Nv12, Nv21 and I420.
bool isYuv420(PixelFormat format);

enum class YuvMatrix : uint8_t { Bt601, Bt709 };
enum class YuvRange : uint8_t {
  Limited,  ///< Y in 16 … 235, Cb and Cr in 16 … 240
  Full,     ///< all in 0 … 255, as JPEG has it
};

/// What the numbers of a 4:2:0 frame mean. With Kr, Kb = 0.299, 0.114 (ITU-R BT.601-7, 2.5.1) or
/// 0.2126, 0.0722 (BT.709-6, 3.2), Kg = 1 - Kr - Kb, and
///   y = (Y - 16) / 219,  b = (Cb - 128) / 224,  r = (Cr - 128) / 224    limited (BT.601-7, 2.5.3)
///   y = Y / 255,         b = (Cb - 128) / 255,  r = (Cr - 128) / 255    full (ITU-T T.871, 7)
/// the colour is
///   R = 255 (y + 2 (1 - Kr) r)
///   G = 255 (y - 2 (1 - Kb) Kb / Kg b - 2 (1 - Kr) Kr / Kg r)
///   B = 255 (y + 2 (1 - Kb) b)
/// clamped to 0 … 255 and rounded to a byte, in integers of 20 fraction bits (at most 0.5003 from
/// the formula). Gray is 255 y. Every pixel takes the chroma sample of its 2x2 block.
struct YuvColour {
  YuvMatrix matrix = YuvMatrix::Bt601;
  YuvRange range = YuvRange::Limited;
};

/// Somebody's pixels: row y begins at data + y * rowBytes.
struct ImageView {
  struct Plane {
    const uint8_t* data = nullptr;
    ptrdiff_t rowBytes = 0;
  };
  const uint8_t* data = nullptr;
  int width = 0, height = 0;
  ptrdiff_t rowBytes = 0;  ///< distance between rows; may be larger than a row, or negative
  PixelFormat format = PixelFormat::Rgb;
  std::array<Plane, 2> chroma{};  ///< Nv12, Nv21: the first; I420: Cb, Cr
  YuvColour colour{};             ///< of Nv12, Nv21 and I420

  /// A frame whose rows and planes follow each other without gaps.
  static ImageView packed(const uint8_t* data, int width, int height, PixelFormat format);
};

/// Bytes of a packed frame.
size_t frameBytes(int width, int height, PixelFormat format);

/// How far a picture is turned.
enum class Rotation : uint8_t { None, Clockwise90, Clockwise180, Clockwise270 };
/// First turned, then, if `mirror`, left and right exchanged: all eight ways to hold a camera.
struct Turn {
  Rotation rotation = Rotation::None;
  bool mirror = false;
};

/// A picture of its own, rows without gaps; its format is not 4:2:0.
struct Image {
  int width = 0, height = 0;
  PixelFormat format = PixelFormat::Rgb;
  std::vector<uint8_t> pixels;

  /// Black. InvalidArgument if it is empty or 4:2:0.
  static Result<Image> ofSize(int width, int height, PixelFormat format = PixelFormat::Rgb);
  ptrdiff_t rowBytes() const { return static_cast<ptrdiff_t>(width) * channelCount(format); }
  ImageView view() const { return {pixels.data(), width, height, rowBytes(), format}; }
};

/// What decoding refuses before it allocates anything.
struct DecodeLimits {
  int64_t maxPixels = 100'000'000;
};

/// JPEG, PNG or BMP (told by the first bytes) to RGB: the values that Pillow gives, and OpenCV
/// where the two agree (docs/pictures.md has the corners). JPEG and PNG are turned upright as their
/// EXIF orientation says. PNG's 16-bit samples give their upper byte, its transparency is laid on
/// white as Pillow's alpha_composite does it, and gAMA, sRGB, iCCP and cHRM are passed over; BMP's
/// fourth channel is dropped. Formats that a build leaves out (MINNOW_JPEG, MINNOW_PNG, MINNOW_BMP;
/// all three the library for devices) are Unsupported.
///
/// Errors: BadModel never; InvalidArgument for what is no picture, is truncated or damaged;
/// Unsupported for forms not read and for formats this build has no library for; OutOfMemory beyond
/// the limits and where an allocation fails. `name` is used in messages.
Result<Image> decodeImage(std::span<const std::byte> file, std::string_view name,
                          const DecodeLimits& limits = {});
/// The same from a file. NotFound or Io when it cannot be read.
Result<Image> readImage(const std::filesystem::path& path, const DecodeLimits& limits = {});

/// What a picture file's header says.
struct PictureInfo {
  int width = 0, height = 0;  ///< as stored
  Turn upright = {};          ///< turns the stored picture upright
  size_t decodedBytes = 0;    ///< what decodeImageInto needs: 3 a pixel, 4 for a CMYK JPEG
};
/// Decodes nothing. Errors as decodeImage.
Result<PictureInfo> imageInfo(std::span<const std::byte> file, std::string_view name,
                              const DecodeLimits& limits = {});

/// Pixels in somebody's memory, and what turns them upright: for PreProcess::turn.
struct DecodedFrame {
  ImageView view;
  Turn upright = {};
};
/// Decodes to RGB as stored, without gaps, from the first byte of `into`: an input tensor's memory,
/// say, at the offset that framePlacement gives. OutOfMemory if it is smaller than decodedBytes;
/// after an error its bytes are undefined. (The decoders keep a few rows on the heap meanwhile.)
Result<DecodedFrame> decodeImageInto(std::span<const std::byte> file, std::string_view name,
                                     std::span<uint8_t> into, const DecodeLimits& limits = {});

/// Gray, RGB or BGR, with or without alpha, as a PNG file in memory. Unsupported without libpng.
Result<std::vector<std::byte>> encodePng(const ImageView& image);
/// As a baseline JPEG, quality 1 … 100; alpha is dropped. Unsupported without libjpeg.
Result<std::vector<std::byte>> encodeJpeg(const ImageView& image, int quality = 90);
/// Writes a PNG beside `path` and renames it, so that no half file is left behind.
Result<void> writePng(const std::filesystem::path& path, const ImageView& image);

/// How pixels are chosen where sizes differ. Centres lie at half pixels, there is no antialiasing.
enum class Interpolation : uint8_t {
  Bilinear,  ///< weights of 11 bits, products exact
  Nearest,   ///< of two pixels equally near, the right and lower one
};
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

/// What the bytes of a quantised tensor stand for: (byte - zero) * scale.
struct ByteScale {
  float scale = 1;  ///< from 2^-126 on
  int zero = 0;     ///< one of the bytes
};

/// tensor = x = (pixel - mean) * scale, per channel in the order of `colour`; in uint8 and int8
/// round(x / bytes.scale) + bytes.zero, halves to even, clamped: what QuantizeLinear makes of the
/// same x, to the bit.
struct PreProcess {
  Fit fit = Fit::Stretch;
  Anchor anchor = Anchor::Centre;
  ColourOrder colour = ColourOrder::Rgb;
  ChannelsAxis channels = ChannelsAxis::Auto;  ///< Auto: the axis whose extent fits, first if both
  std::array<float, 3> mean{0, 0, 0};
  std::array<float, 3> scale{1, 1, 1};
  std::array<float, 3> pad{0, 0, 0};  ///< in pixel values, before mean and scale
  std::optional<float> alpha = {};    ///< adds a last channel of this value
  ByteScale bytes = {};               ///< of uint8 and int8: minnow/quantised_picture.h says which
  std::optional<Rect> crop = {};      ///< only this part of the picture, before it is turned
  Turn turn = {};
  Interpolation interpolation = Interpolation::Bilinear;
};

/// Where a picture came to lie in a tensor: column = u * scaleX + offsetX, row = v * scaleY +
/// offsetY, pixel edges to pixel edges, with (u, v) in the whole picture after turning.
struct Placement {
  double scaleX = 1, scaleY = 1, offsetX = 0, offsetY = 0;
  Turn turn = {};
  int width = 0, height = 0;  ///< the picture's, before turning
  /// From the tensor's columns and rows to the picture's pixels, as they were before turning.
  std::array<double, 2> toPicture(double column, double row) const;
};

/// Crops, turns, resizes, reorders, normalises and writes into `dst`: float32, uint8 or int8; one
/// picture (N = 1), any strides.
///
/// The frame may lie in the tensor's own memory, wholly or in part. It is then converted in place,
/// from the end backwards where pixels grow, and gone afterwards. A row, or each 640 columns of a
/// wider one, is read before it is written. If in no order of these a pixel is read before it is
/// overwritten (a quarter turn, a 4:2:0 frame), the frame is first copied, upright and as bytes,
/// into a part of the tensor's memory where it does not lie; if that has gaps or too little room,
/// the answer is Unsupported, and nothing has been written.
Result<Placement> writeImage(const ImageView& src, const PreProcess& pre, const TensorView& dst);

/// Where in the tensor's memory a frame can lie so that writeImage converts it in place: the bytes
/// from dst.data to where src.data must be. Only the sizes of `src` and the distances between its
/// planes count; its pointers are not read:
///
///   auto* region = input.as<uint8_t>();
///   auto offset = framePlacement(ImageView::packed(region, 640, 360, PixelFormat::Nv21), pre,
///                                input);
///   camera.read(region + *offset);
///   writeImage(ImageView::packed(region + *offset, 640, 360, PixelFormat::Nv21), pre, input);
///
/// A picture of the tensor's own size has a place in every format and turn if the tensor is float32
/// without gaps; so has a larger one, as a rule, while the tensor has room for it twice.
/// Unsupported if there is none. The places tried are the beginning and the end of the tensor's
/// memory.
Result<ptrdiff_t> framePlacement(const ImageView& src, const PreProcess& pre,
                                 const TensorView& dst);

}  // namespace minnow::vision

#pragma GCC visibility pop
