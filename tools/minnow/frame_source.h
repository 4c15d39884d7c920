// Pictures in place of a camera: a folder's, one after another and again, or made-up ones.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "minnow/image.h"

namespace minnow::tool {

class FrameSource {
 public:
  /// "synthetic", or a picture or a folder of them. Failure names what cannot be read.
  explicit FrameSource(const std::string& from);

  std::shared_ptr<const vision::Image> at(uint64_t frame) const {
    return pictures_[frame % pictures_.size()];
  }
  size_t count() const { return pictures_.size(); }
  const std::vector<std::string>& files() const { return files_; }

 private:
  std::vector<std::shared_ptr<const vision::Image>> pictures_;
  std::vector<std::string> files_;
};

}  // namespace minnow::tool
