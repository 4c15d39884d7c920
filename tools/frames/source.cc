#include "source.h"

#include <filesystem>
#include <thread>

#include "base/fail.h"
#include "video.h"

namespace minnow::frames {
namespace {

std::chrono::steady_clock::duration inClock(double seconds) {
  return std::chrono::duration_cast<std::chrono::steady_clock::duration>(
      std::chrono::duration<double>(seconds));
}

bool arePictures(const std::string& from) {
  std::error_code error;
  if (from == "synthetic" || std::filesystem::is_directory(from, error)) return true;
  const std::string ending = std::filesystem::path(from).extension().string();
  for (const char* known : {".jpg", ".jpeg", ".png", ".bmp", ".JPG", ".PNG"})
    if (ending == known) return true;
  return false;
}

}  // namespace

Result<Source> Source::open(const std::string& from, double rate, double hold) {
  std::vector<std::string> files;
  auto reader = arePictures(from) ? readPictures(from, rate, hold, &files)
                                  : readVideo(from == "camera" ? "/dev/video0" : from, rate);
  if (!reader) return std::unexpected(std::move(reader.error()));
  Source source(std::move(*reader));
  std::error_code error;
  if (files.empty() && std::filesystem::is_regular_file(from, error)) files.push_back(from);
  source.files_ = std::move(files);
  auto any = source.reader_->advance();
  if (!any) return std::unexpected(std::move(any.error()));
  if (!*any) return fail(ErrorCode::InvalidArgument, from, ": there is no frame in it");
  auto example = source.reader_->picture();
  if (!example) return std::unexpected(std::move(example.error()));
  source.example_ = std::move(*example);
  return source;
}

/// To the next frame, at the end to the first.
Result<void> Source::advance() {
  auto more = reader_->advance();
  if (!more) return std::unexpected(std::move(more.error()));
  if (*more) return {};
  if (auto ok = reader_->rewind(); !ok) return ok;
  ++times_;
  offset_ = newest_ + 1 / rate();
  more = reader_->advance();
  if (!more) return std::unexpected(std::move(more.error()));
  return *more ? Result<void>() : fail(ErrorCode::Io, "the source has no frame any more");
}

Source::Clock::time_point Source::captured() const {
  const double seconds = reader_->seconds();
  if (!reader_->isLive()) return start_ + inClock(offset_ + seconds);
  const Clock::time_point time{inClock(seconds)};  // drivers have the monotonic clock, or another
  const auto ago = Clock::now() - time;
  return ago >= Clock::duration() && ago < std::chrono::seconds(10) ? time : Clock::now();
}

Result<SourceFrame> Source::next() {
  const auto frame = inClock(1 / rate());
  if (!started_) start_ = Clock::now();
  for (;; ++lost_) {
    if (started_)
      if (auto ok = advance(); !ok) return std::unexpected(std::move(ok.error()));
    started_ = true;
    newest_ = offset_ + reader_->seconds();
    if (captured() + frame >= Clock::now()) break;
  }
  const auto when = captured();
  auto picture = reader_->picture();
  if (!picture) return std::unexpected(std::move(picture.error()));
  std::this_thread::sleep_until(when);
  const int scene = reader_->scene() + times_ * 1'000'000;
  return SourceFrame{std::move(*picture), when, given_++, scene};
}

}  // namespace minnow::frames
