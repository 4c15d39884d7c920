// Stands in where the build reads no BMP (MINNOW_BMP).
#include "vision/codecs.h"

namespace minnow::vision {

Result<PictureInfo> decodeBmp(const PictureFile& file, PixelMemory& /*memory*/) {
  return fail(
      ErrorCode::Unsupported, file.name,
      ": this build has no BMP pictures; give their pixels as an ImageView, or build Minnow "
      "with -DMINNOW_BMP=ON");
}

}  // namespace minnow::vision
