// One row a format.
#include "picture.h"

#include <algorithm>
#include <string>
#include <utility>

namespace minnowgst {

using minnow::Error;
using minnow::ErrorCode;
using minnow::Result;
using namespace minnow::vision;

namespace {

struct Row {
  GstVideoFormat theirs;
  PixelFormat ours;
};
// YV12 has I420's components; a frame tells where each of them lies. What is behind x is not read.
constexpr std::array kRows{
    Row{GST_VIDEO_FORMAT_RGB, PixelFormat::Rgb},    Row{GST_VIDEO_FORMAT_BGR, PixelFormat::Bgr},
    Row{GST_VIDEO_FORMAT_RGBA, PixelFormat::Rgba},  Row{GST_VIDEO_FORMAT_BGRA, PixelFormat::Bgra},
    Row{GST_VIDEO_FORMAT_RGBx, PixelFormat::Rgba},  Row{GST_VIDEO_FORMAT_BGRx, PixelFormat::Bgra},
    Row{GST_VIDEO_FORMAT_GRAY8, PixelFormat::Gray}, Row{GST_VIDEO_FORMAT_NV12, PixelFormat::Nv12},
    Row{GST_VIDEO_FORMAT_NV21, PixelFormat::Nv21},  Row{GST_VIDEO_FORMAT_I420, PixelFormat::I420},
    Row{GST_VIDEO_FORMAT_YV12, PixelFormat::I420}};

std::unexpected<Error> refused(const GstVideoInfo& info, const std::string& why) {
  return std::unexpected(
      Error{ErrorCode::Unsupported, std::string(GST_VIDEO_INFO_NAME(&info)) + " " + why});
}

std::string colorimetryOf(const GstVideoInfo& info) {
  gchar* text = gst_video_colorimetry_to_string(&info.colorimetry);
  const std::string copy = text != nullptr ? text : "without colorimetry";
  g_free(text);
  return copy;
}

Result<YuvColour> colourOf(const GstVideoInfo& info) {
  const auto& [range, matrix, transfer, primaries] = info.colorimetry;
  const bool limited = range == GST_VIDEO_COLOR_RANGE_16_235;
  if (GST_VIDEO_INFO_IS_RGB(&info)) {
    if (!limited) return YuvColour{};
    return refused(info, "of range 16 to 235 is not read: put videoconvert before");
  }
  const YuvRange ours = limited ? YuvRange::Limited : YuvRange::Full;
  if (GST_VIDEO_INFO_IS_GRAY(&info)) return YuvColour{YuvMatrix::Bt601, ours};
  if (range == GST_VIDEO_COLOR_RANGE_UNKNOWN)
    return refused(info, "of unknown range (" + colorimetryOf(info) +
                             "): say it in the caps, as colorimetry=bt601");
  if (matrix == GST_VIDEO_COLOR_MATRIX_BT601) return YuvColour{YuvMatrix::Bt601, ours};
  if (matrix == GST_VIDEO_COLOR_MATRIX_BT709) return YuvColour{YuvMatrix::Bt709, ours};
  return refused(info, "of colorimetry " + colorimetryOf(info) +
                           " is not read, BT.601 and BT.709 are: put videoconvert and caps with "
                           "one of them before");
}

ImageView::Plane planeOf(const GstVideoFrame& frame, int component) {
  return {GST_VIDEO_FRAME_COMP_DATA(&frame, component),
          GST_VIDEO_FRAME_COMP_STRIDE(&frame, component)};
}

/// Of two components in turn, where the first of either lies.
ImageView::Plane pairsOf(const GstVideoFrame& frame) {
  return {static_cast<const uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 1)),
          GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 1)};
}

}  // namespace

GstCaps* pictureCaps() {
  std::array<GstVideoFormat, kRows.size()> formats{};
  std::ranges::transform(kRows, formats.begin(), &Row::theirs);
  return gst_video_make_raw_caps(formats.data(), formats.size());
}

Result<PictureFormat> PictureFormat::of(const GstVideoInfo& info) {
  PictureFormat out;
  const auto row = std::ranges::find(kRows, GST_VIDEO_INFO_FORMAT(&info), &Row::theirs);
  if (row == kRows.end()) return refused(info, "is no format that is read");
  if (GST_VIDEO_INFO_IS_INTERLACED(&info))
    return refused(info, "is interlaced: put deinterlace before");
  const auto colour = colourOf(info);
  if (!colour) return std::unexpected(colour.error());
  out.info_ = info;
  out.format_ = row->ours;
  out.colour_ = *colour;
  if (row->ours == PixelFormat::Gray && colour->range == YuvRange::Limited)
    out.neutral_.assign((static_cast<size_t>(GST_VIDEO_INFO_WIDTH(&info)) + 1) / 2, 128);
  return out;
}

ImageView PictureFormat::view(const GstVideoFrame& frame) const {
  ImageView view{static_cast<const uint8_t*>(GST_VIDEO_FRAME_PLANE_DATA(&frame, 0)),
                 GST_VIDEO_FRAME_WIDTH(&frame), GST_VIDEO_FRAME_HEIGHT(&frame),
                 GST_VIDEO_FRAME_PLANE_STRIDE(&frame, 0), format_};
  view.colour = colour_;
  if (format_ == PixelFormat::I420)
    view.chroma = {planeOf(frame, 1), planeOf(frame, 2)};
  else if (isYuv420(format_))
    view.chroma[0] = pairsOf(frame);
  else if (!neutral_.empty()) {  // grey of 16 to 235 is I420 without colour
    view.format = PixelFormat::I420;
    view.chroma.fill({neutral_.data(), 0});
  }
  return view;
}

Result<MappedFrame> MappedFrame::map(const GstVideoInfo& info, GstBuffer* buffer,
                                     GstMapFlags flags) {
  MappedFrame mapped;
  GstVideoInfo copy = info;
  const int all = flags | static_cast<int>(GST_VIDEO_FRAME_MAP_FLAG_NO_REF);
  if (gst_video_frame_map(&mapped.frame_, &copy, buffer, static_cast<GstMapFlags>(all)))
    return mapped;
  mapped.frame_.buffer = nullptr;
  return std::unexpected(Error{ErrorCode::InvalidArgument,
                               "a buffer of " + std::to_string(gst_buffer_get_size(buffer)) +
                                   " bytes cannot be mapped as its caps say: " +
                                   std::to_string(GST_VIDEO_INFO_SIZE(&info)) + " bytes are due"});
}

MappedFrame::MappedFrame(MappedFrame&& other) noexcept
    : frame_(std::exchange(other.frame_, GstVideoFrame{})) {}

MappedFrame::~MappedFrame() {
  if (frame_.buffer != nullptr) gst_video_frame_unmap(&frame_);
}

Result<Image> rgbOf(const ImageView& picture) {
  auto image = Image::ofSize(picture.width, picture.height);
  if (!image) return image;
  const minnow::Shape shape{1, picture.height, picture.width, 3};
  const minnow::TensorView tensor{{minnow::DataType::Uint8, shape, minnow::plainStrides(shape)},
                                  image->pixels.data()};
  const auto written = writeImage(picture, {.channels = ChannelsAxis::Last}, tensor);
  if (!written) return std::unexpected(written.error());
  return image;
}

}  // namespace minnowgst
