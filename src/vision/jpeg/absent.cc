// Stands in where the build has no libjpeg (MINNOW_JPEG).
#include "vision/codecs.h"

namespace minnow::vision {

namespace {
std::unexpected<Error> absent(std::string_view name) {
  return fail(ErrorCode::Unsupported, name,
              ": this build has no JPEG pictures; take BMP, or build Minnow with libjpeg "
              "(-DMINNOW_JPEG=ON)");
}
}  // namespace

Result<PictureInfo> decodeJpeg(const PictureFile& file, PixelMemory& /*memory*/) {
  return absent(file.name);
}

Result<std::vector<std::byte>> encodeJpeg(const ImageView& /*image*/, int /*quality*/) {
  return absent("encodeJpeg");
}

}  // namespace minnow::vision
