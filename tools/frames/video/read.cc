// Decoding the first video stream of a file or device, frame by frame.
#include <cmath>

#include "../video.h"
#include "ffmpeg.h"

namespace minnow::frames {
namespace {

struct Opened {
  void operator()(AVFormatContext* format) const { avformat_close_input(&format); }
};

/// "lavfi:testsrc" is what a device gives, where FFmpeg has one of that name.
struct Place {
  const AVInputFormat* device = nullptr;
  std::string what;
  explicit Place(const std::string& from) : what(from) {
    const size_t colon = from.find(':');
    const std::string name =
        from.starts_with("/dev/") ? "v4l2" : from.substr(0, std::min(colon, from.size()));
    if (colon == std::string::npos && name != "v4l2") return;
    device = deviceOf(name);
    if (device != nullptr && name != "v4l2") what = from.substr(colon + 1);
    if (device != nullptr && from.starts_with("v4l2:")) what = from.substr(5);
  }
  /// A filter graph has no clock: its frames have times as a file's do.
  bool isLive() const { return device != nullptr && std::string(device->name) != "lavfi"; }

 private:
  static const AVInputFormat* deviceOf(const std::string& name) {
    for (const AVInputFormat* one = nullptr; (one = av_input_video_device_next(one)) != nullptr;) {
      const std::string names = "," + std::string(one->name) + ",";  // "video4linux2,v4l2"
      if (names.find("," + name + ",") != std::string::npos) return one;
    }
    return nullptr;
  }
};

/// Why a device does not open, and what to do.
const char* adviceOn(int code) {
  switch (code) {
    case AVERROR(ENOENT):
      return "no such device; cameras are /dev/video0 and so on";
    case AVERROR(EBUSY):
      return "another program has the camera";
    case AVERROR(EACCES):
    case AVERROR(EPERM):
      return "this user may not open it; those of the group `video` may";
    case AVERROR(ENODEV):
    case AVERROR(ENOTTY):
    case AVERROR(ENOSYS):
      return "no camera, or none that streams";
    case AVERROR(EINVAL):
    case AVERROR(EIO):
      return "the camera refuses all formats that FFmpeg knows";
    default:
      return "the device cannot be opened";
  }
}

class Video : public Reader {
 public:
  Video(std::string from, Place place) : from_(std::move(from)), place_(std::move(place)) {}
  Result<void> open(double rate);

  Result<bool> advance() override;
  double seconds() const override { return seconds_; }
  Result<std::shared_ptr<const vision::Image>> picture() override;
  Result<void> rewind() override;
  double rate() const override { return rate_; }
  double length() const override { return length_; }
  bool isLive() const override { return place_.isLive(); }
  uint64_t damaged() const override { return damaged_; }

 private:
  Result<void> openStream();
  Result<bool> feedDecoder();
  Result<void> scaleFor(const AVFrame& frame);
  double timeOf(const AVFrame& frame);

  std::string from_;
  Place place_;
  std::unique_ptr<AVFormatContext, Opened> format_;
  CodecContext decoder_;
  Packet packet_{av_packet_alloc()};
  AvFrame frame_{av_frame_alloc()};
  Scaler scaler_;
  int stream_ = -1;
  double rate_ = 0, length_ = 0, seconds_ = 0;
  double begin_ = NAN;  // the first frame's time stamp
  uint64_t damaged_ = 0;
};

Result<void> Video::open(double rate) {
  if (!packet_ || !frame_) return noMemory(from_);
  AVDictionary* wishes = nullptr;
  if (place_.isLive()) av_dict_set(&wishes, "framerate", std::to_string(rate).c_str(), 0);
  AVFormatContext* format = nullptr;
  const int code = avformat_open_input(&format, place_.what.c_str(), place_.device, &wishes);
  av_dict_free(&wishes);
  if (code < 0)
    return failed(from_,
                  place_.device != nullptr ? adviceOn(code)
                                           : "no video that FFmpeg's libraries can open",
                  code);
  format_.reset(format);
  if (auto ok = openStream(); !ok) return ok;
  const AVStream& stream = *format_->streams[stream_];
  rate_ =
      av_q2d(stream.avg_frame_rate.den > 0 && stream.avg_frame_rate.num > 0 ? stream.avg_frame_rate
                                                                            : stream.r_frame_rate);
  if (!(rate_ > 0)) rate_ = rate;
  if (!place_.isLive() && format_->duration > 0)
    length_ = static_cast<double>(format_->duration) / AV_TIME_BASE;
  return {};
}

Result<void> Video::openStream() {
  if (const int code = avformat_find_stream_info(format_.get(), nullptr); code < 0)
    return failed(from_, "no video that FFmpeg's libraries can read", code);
  const AVCodec* codec = nullptr;
  stream_ = av_find_best_stream(format_.get(), AVMEDIA_TYPE_VIDEO, -1, -1, &codec, 0);
  if (stream_ < 0) return failed(from_, "there is no video in it", stream_);
  decoder_.reset(avcodec_alloc_context3(codec));
  if (!decoder_) return noMemory(from_);
  int code = avcodec_parameters_to_context(decoder_.get(), format_->streams[stream_]->codecpar);
  if (code >= 0) code = avcodec_open2(decoder_.get(), codec, nullptr);
  if (code < 0) return failed(from_, "its coding is not known", code);
  return {};
}

/// A packet of the stream goes in; false: there is none any more.
Result<bool> Video::feedDecoder() {
  for (;;) {
    const int code = av_read_frame(format_.get(), packet_.get());
    if (code == AVERROR(EAGAIN)) continue;
    if (code == AVERROR_EOF) {
      avcodec_send_packet(decoder_.get(), nullptr);
      return false;
    }
    if (code < 0) return failed(from_, "reading failed", code);
    const bool ours = packet_->stream_index == stream_;
    const int sent = ours ? avcodec_send_packet(decoder_.get(), packet_.get()) : 0;
    av_packet_unref(packet_.get());
    if (sent < 0 && sent != AVERROR_INVALIDDATA) return failed(from_, "decoding failed", sent);
    damaged_ += sent < 0 ? 1 : 0;
    if (ours) return true;
  }
}

Result<bool> Video::advance() {
  for (;;) {
    const int code = avcodec_receive_frame(decoder_.get(), frame_.get());
    if (code == AVERROR_EOF) return false;
    if (code == AVERROR(EAGAIN)) {
      if (auto more = feedDecoder(); !more) return more;
    } else if (code == AVERROR_INVALIDDATA) {
      ++damaged_;
    } else if (code < 0) {
      return failed(from_, "decoding failed", code);
    } else {
      seconds_ = timeOf(*frame_);
      return true;
    }
  }
}

/// A frame without a time stamp comes one frame after the one before.
double Video::timeOf(const AVFrame& frame) {
  if (frame.best_effort_timestamp == AV_NOPTS_VALUE) return seconds_ + 1 / rate_;
  const double time = static_cast<double>(frame.best_effort_timestamp) *
                      av_q2d(format_->streams[stream_]->time_base);
  if (place_.isLive()) return time;
  if (std::isnan(begin_)) begin_ = time;
  return time - begin_;
}

Result<void> Video::scaleFor(const AVFrame& frame) {
  scaler_.reset(sws_getCachedContext(
      scaler_.release(), frame.width, frame.height, static_cast<AVPixelFormat>(frame.format),
      frame.width, frame.height, AV_PIX_FMT_RGB24, SWS_POINT, nullptr, nullptr, nullptr));
  if (!scaler_) return noMemory(from_);
  const int* coefficients = sws_getCoefficients(frame.colorspace);
  const int full = frame.color_range == AVCOL_RANGE_JPEG ? 1 : 0;
  sws_setColorspaceDetails(scaler_.get(), coefficients, full, sws_getCoefficients(SWS_CS_DEFAULT),
                           1, 0, 1 << 16, 1 << 16);
  return {};
}

Result<std::shared_ptr<const vision::Image>> Video::picture() {
  if (auto ok = scaleFor(*frame_); !ok) return std::unexpected(std::move(ok.error()));
  auto image = std::make_shared<vision::Image>();
  image->width = frame_->width;
  image->height = frame_->height;
  // swscale writes whole vectors, a few bytes beyond a row's end
  image->pixels.resize(static_cast<size_t>(frame_->width) * frame_->height * 3 + 64);
  uint8_t* const planes[4] = {image->pixels.data()};
  const int rowBytes[4] = {frame_->width * 3};
  sws_scale(scaler_.get(), frame_->data, frame_->linesize, 0, frame_->height, planes, rowBytes);
  image->pixels.resize(image->pixels.size() - 64);
  return image;
}

/// Opened anew, which every kind of file can be.
Result<void> Video::rewind() {
  decoder_.reset();
  format_.reset();
  begin_ = NAN;
  return open(rate_);
}

}  // namespace

Result<std::unique_ptr<Reader>> openVideo(const std::string& from, double rate) {
  avdevice_register_all();
  av_log_set_level(AV_LOG_QUIET);  // errors are values
  auto video = std::make_unique<Video>(from, Place(from));
  if (auto ok = video->open(rate); !ok) return std::unexpected(std::move(ok.error()));
  return video;
}

}  // namespace minnow::frames
