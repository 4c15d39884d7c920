#include "frame_source.h"

#include <fmt/format.h>

#include <algorithm>
#include <filesystem>

#include "exit.h"
#include "random.h"

namespace minnow::tool {
namespace {

/// A few frames of a bright square on noise, which moves.
std::vector<std::shared_ptr<const vision::Image>> madeUp() {
  constexpr int kFrames = 16, kWidth = 640, kHeight = 360, kSide = 90;
  std::vector<std::shared_ptr<const vision::Image>> pictures;
  SplitMix64 random(1);
  for (int frame = 0; frame < kFrames; ++frame) {
    auto image = std::make_shared<vision::Image>(need(vision::Image::ofSize(kWidth, kHeight)));
    for (uint8_t& pixel : image->pixels) pixel = static_cast<uint8_t>(random.next() % 64);
    const int left = frame * (kWidth - kSide) / (kFrames - 1);
    for (int y = kHeight / 2; y < kHeight / 2 + kSide; ++y)
      std::fill_n(image->pixels.begin() + y * image->rowBytes() + ptrdiff_t{left} * 3, kSide * 3,
                  uint8_t{230});
    pictures.push_back(std::move(image));
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
  if (files.empty())
    throw Failure(Exit::Error, fmt::format("{}: no .jpg, .png or .bmp is in this folder", from));
  std::ranges::sort(files);
  return files;
}

}  // namespace

FrameSource::FrameSource(const std::string& from) {
  if (from == "synthetic") {
    pictures_ = madeUp();
    return;
  }
  files_ = picturesIn(from);
  for (const std::string& file : files_)
    pictures_.push_back(std::make_shared<vision::Image>(need(vision::readImage(file))));
}

}  // namespace minnow::tool
