// The one name that the module shows.
#include "../video.h"

namespace minnow::frames {

Result<std::unique_ptr<Reader>> openVideo(const std::string& from, double rate);
Result<std::unique_ptr<VideoWriter>> openWriter(const std::string& path, int width, int height,
                                                double rate);

}  // namespace minnow::frames

extern "C" __attribute__((visibility("default"))) const minnow::frames::VideoModule*
minnowVideoModule() {
  static constexpr minnow::frames::VideoModule kModule{minnow::frames::openVideo,
                                                       minnow::frames::openWriter};
  return &kModule;
}
