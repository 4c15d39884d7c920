// Encoding to H.264 where FFmpeg has an encoder for it (Debian's has x264), else to Motion JPEG.
#include <cmath>

#include "../video.h"
#include "ffmpeg.h"

namespace minnow::frames {
namespace {

constexpr AVRational kMillisecond{1, 1000};

struct Closed {
  void operator()(AVFormatContext* format) const {
    if (format->pb != nullptr) avio_closep(&format->pb);
    avformat_free_context(format);
  }
};

class Writer : public VideoWriter {
 public:
  explicit Writer(std::string path) : path_(std::move(path)) {}
  Result<void> open(int width, int height, double rate);
  Result<void> write(const vision::ImageView& picture, double seconds) override;
  Result<void> finish() override;
  std::string coding() const override {
    return encoder_->codec_id == AV_CODEC_ID_H264 ? "H.264" : "Motion JPEG";
  }

 private:
  Result<void> openEncoder(int width, int height, double rate);
  Result<void> send(AVFrame* frame);

  std::string path_;
  std::unique_ptr<AVFormatContext, Closed> format_;
  CodecContext encoder_;
  AVStream* stream_ = nullptr;
  Packet packet_{av_packet_alloc()};
  AvFrame frame_{av_frame_alloc()};
  Scaler scaler_;
};

Result<void> Writer::openEncoder(int width, int height, double rate) {
  const AVCodec* codec = avcodec_find_encoder(AV_CODEC_ID_H264);
  const bool jpeg = codec == nullptr;
  if (jpeg) codec = avcodec_find_encoder(AV_CODEC_ID_MJPEG);
  if (codec == nullptr) return failed(path_, "no encoder for video", AVERROR_ENCODER_NOT_FOUND);
  encoder_.reset(avcodec_alloc_context3(codec));
  if (!encoder_) return noMemory(path_);
  encoder_->width = width;
  encoder_->height = height;
  encoder_->time_base = kMillisecond;
  encoder_->framerate = av_d2q(rate, 1'000'000);
  encoder_->pix_fmt = jpeg ? AV_PIX_FMT_YUVJ420P : AV_PIX_FMT_YUV420P;
  encoder_->thread_count = 1;  // the models want the others
  if ((format_->oformat->flags & AVFMT_GLOBALHEADER) != 0)
    encoder_->flags |= AV_CODEC_FLAG_GLOBAL_HEADER;
  AVDictionary* wishes = nullptr;  // x264's; others pass them over
  av_dict_set(&wishes, "preset", "veryfast", 0);
  av_dict_set(&wishes, "crf", "24", 0);
  const int code = avcodec_open2(encoder_.get(), codec, &wishes);
  av_dict_free(&wishes);
  if (code < 0) return failed(path_, "the encoder cannot be opened", code);
  return {};
}

Result<void> Writer::open(int width, int height, double rate) {
  if (!packet_ || !frame_) return noMemory(path_);
  AVFormatContext* format = nullptr;
  int code = avformat_alloc_output_context2(&format, nullptr, nullptr, path_.c_str());
  if (code < 0) return failed(path_, "a video's name ends in .mp4, .mkv or .avi", code);
  format_.reset(format);
  if (auto ok = openEncoder(width, height, rate); !ok) return ok;
  stream_ = avformat_new_stream(format_.get(), nullptr);
  if (stream_ == nullptr) return noMemory(path_);
  stream_->time_base = kMillisecond;
  stream_->avg_frame_rate = encoder_->framerate;
  code = avcodec_parameters_from_context(stream_->codecpar, encoder_.get());
  if (code >= 0) code = avio_open(&format_->pb, path_.c_str(), AVIO_FLAG_WRITE);
  if (code >= 0) code = avformat_write_header(format_.get(), nullptr);
  if (code < 0) return failed(path_, "the file cannot be written", code);
  frame_->format = encoder_->pix_fmt;
  frame_->width = width;
  frame_->height = height;
  if (av_frame_get_buffer(frame_.get(), 0) < 0) return noMemory(path_);
  scaler_.reset(sws_getContext(width, height, AV_PIX_FMT_RGB24, width, height, encoder_->pix_fmt,
                               SWS_POINT, nullptr, nullptr, nullptr));
  return scaler_ ? Result<void>() : noMemory(path_);
}

/// Null: what the encoder still has is written.
Result<void> Writer::send(AVFrame* frame) {
  int code = avcodec_send_frame(encoder_.get(), frame);
  while (code >= 0) {
    code = avcodec_receive_packet(encoder_.get(), packet_.get());
    if (code == AVERROR(EAGAIN) || code == AVERROR_EOF) return {};
    if (code < 0) break;
    av_packet_rescale_ts(packet_.get(), kMillisecond, stream_->time_base);
    packet_->stream_index = stream_->index;
    code = av_interleaved_write_frame(format_.get(), packet_.get());
  }
  return failed(path_, "writing failed", code);
}

Result<void> Writer::write(const vision::ImageView& picture, double seconds) {
  if (av_frame_make_writable(frame_.get()) < 0) return noMemory(path_);
  const uint8_t* const planes[4] = {picture.data};
  const int rowBytes[4] = {static_cast<int>(picture.rowBytes)};
  sws_scale(scaler_.get(), planes, rowBytes, 0, picture.height, frame_->data, frame_->linesize);
  frame_->pts = std::llround(seconds * 1000);
  return send(frame_.get());
}

Result<void> Writer::finish() {
  if (auto ok = send(nullptr); !ok) return ok;
  if (const int code = av_write_trailer(format_.get()); code < 0)
    return failed(path_, "the file's end cannot be written", code);
  return {};
}

}  // namespace

Result<std::unique_ptr<VideoWriter>> openWriter(const std::string& path, int width, int height,
                                                double rate) {
  av_log_set_level(AV_LOG_QUIET);
  auto writer = std::make_unique<Writer>(path);
  if (auto ok = writer->open(width, height, rate); !ok)
    return std::unexpected(std::move(ok.error()));
  return writer;
}

}  // namespace minnow::frames
