// Pictures in place of a camera. They are decoded before the first is asked for: a camera's do not have to be.
#include <algorithm>
#include <cmath>
#include <filesystem>

#include "base/fail.h"
#include "reader.h"

namespace minnow::frames {
namespace {

using Picture = std::shared_ptr<const vision::Image>;

class Pictures : public Reader {
 public:
  Pictures(std::vector<Picture> pictures, double rate, double hold)
      : pictures_(std::move(pictures)),
        rate_(rate),
        held_(std::max(1, static_cast<int>(std::lround(hold * rate)))) {}

  Result<bool> advance() override {
    if (frame_ + 1 == static_cast<int>(pictures_.size()) * held_) return false;
    ++frame_;
    return true;
  }
  double seconds() const override { return frame_ / rate_; }
  Result<Picture> picture() override { return pictures_[static_cast<size_t>(frame_ / held_)]; }
  Result<void> rewind() override {
    frame_ = -1;
    return {};
  }
  double rate() const override { return rate_; }
  double length() const override { return static_cast<double>(pictures_.size()) * held_ / rate_; }
  int scene() const override { return frame_ / held_; }

 private:
  std::vector<Picture> pictures_;
  double rate_;
  int held_, frame_ = -1;
};

/// Numbers without a pattern that anybody sees (an LCG of Knuth, TAOCP 2, 3.3.4).
uint8_t noise(uint64_t& state) {
  state = state * 6364136223846793005 + 1442695040888963407;
  return static_cast<uint8_t>(state >> 58);
}

Result<std::vector<Picture>> madeUp() {
  constexpr int kFrames = 16, kWidth = 640, kHeight = 360, kSide = 90;
  std::vector<Picture> pictures;
  uint64_t state = 1;
  for (int frame = 0; frame < kFrames; ++frame) {
    auto image = vision::Image::ofSize(kWidth, kHeight);
    if (!image) return std::unexpected(std::move(image.error()));
    for (uint8_t& pixel : image->pixels) pixel = noise(state);
    const int left = frame * (kWidth - kSide) / (kFrames - 1);
    for (int y = kHeight / 2; y < kHeight / 2 + kSide; ++y)
      std::fill_n(image->pixels.begin() + y * image->rowBytes() + ptrdiff_t{left} * 3, kSide * 3,
                  uint8_t{230});
    pictures.push_back(std::make_shared<vision::Image>(std::move(*image)));
  }
  return pictures;
}

std::vector<std::string> picturesIn(const std::string& from) {
  namespace fs = std::filesystem;
  std::error_code error;
  if (!fs::is_directory(from, error)) return {from};
  std::vector<std::string> files;
  for (const auto& entry : fs::directory_iterator(from, error)) {
    const std::string ending = entry.path().extension().string();
    for (const char* known : {".jpg", ".jpeg", ".png", ".bmp", ".JPG", ".PNG"})
      if (ending == known) files.push_back(entry.path().string());
  }
  std::ranges::sort(files);
  return files;
}

Result<std::vector<Picture>> readAll(const std::vector<std::string>& files) {
  std::vector<Picture> pictures;
  for (const std::string& file : files) {
    auto image = vision::readImage(file);
    if (!image) return std::unexpected(std::move(image.error()));
    pictures.push_back(std::make_shared<vision::Image>(std::move(*image)));
  }
  return pictures;
}

}  // namespace

Result<std::unique_ptr<Reader>> readPictures(const std::string& from, double rate, double hold,
                                             std::vector<std::string>* files) {
  const std::vector<std::string> found =
      from == "synthetic" ? std::vector<std::string>() : picturesIn(from);
  auto pictures = from == "synthetic" ? madeUp() : readAll(found);
  if (!pictures) return std::unexpected(std::move(pictures.error()));
  if (pictures->empty())
    return fail(ErrorCode::NotFound, from, ": no .jpg, .png or .bmp is in this folder");
  if (files != nullptr) *files = found;
  return std::make_unique<Pictures>(std::move(*pictures), rate, hold);
}

}  // namespace minnow::frames
