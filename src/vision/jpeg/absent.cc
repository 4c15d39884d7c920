// Stands in where the build has no libjpeg (MINNOW_JPEG).
#include "vision/codecs.h"

namespace minnow::vision {

namespace {
std::unexpected<Error> noJpeg(std::string_view name) {
  return fail(ErrorCode::Unsupported, name,
              ": this build has no JPEG pictures; give their pixels as an ImageView, or build "
              "Minnow with libjpeg "
              "(-DMINNOW_JPEG=ON)");
}
}  // namespace

Result<PictureInfo> decodeJpeg(const PictureFile& file, PixelMemory& /*memory*/) {
  return noJpeg(file.name);
}

Result<std::vector<std::byte>> encodeJpeg(const ImageView& /*image*/, int /*quality*/) {
  return noJpeg("encodeJpeg");
}

}  // namespace minnow::vision
