// What both sides of the module share of FFmpeg's libraries.
#pragma once

extern "C" {
#include <libavcodec/avcodec.h>
#include <libavdevice/avdevice.h>
#include <libavformat/avformat.h>
#include <libswscale/swscale.h>
}

#include <array>
#include <memory>
#include <string>

#include "minnow/status.h"

namespace minnow::frames {

/// Unique pointers to what FFmpeg frees by a function that takes a pointer to the pointer.
template <class T, void (*release)(T**)>
struct Released {
  void operator()(T* object) const { release(&object); }
};
using CodecContext =
    std::unique_ptr<AVCodecContext, Released<AVCodecContext, avcodec_free_context>>;
using Packet = std::unique_ptr<AVPacket, Released<AVPacket, av_packet_free>>;
using AvFrame = std::unique_ptr<AVFrame, Released<AVFrame, av_frame_free>>;
struct ScalerFree {
  void operator()(SwsContext* scaler) const { sws_freeContext(scaler); }
};
using Scaler = std::unique_ptr<SwsContext, ScalerFree>;

inline std::unexpected<Error> failed(const std::string& where, const std::string& what, int code) {
  std::array<char, AV_ERROR_MAX_STRING_SIZE> words{};
  av_strerror(code, words.data(), words.size());
  return std::unexpected(Error{code == AVERROR(ENOENT)   ? ErrorCode::NotFound
                               : code == AVERROR(ENOMEM) ? ErrorCode::OutOfMemory
                                                         : ErrorCode::Io,
                               where + ": " + what + ": " + words.data()});
}
inline std::unexpected<Error> noMemory(const std::string& where) {
  return std::unexpected(
      Error{ErrorCode::OutOfMemory, where + ": no memory for FFmpeg's libraries"});
}

}  // namespace minnow::frames
