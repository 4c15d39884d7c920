// Stands in where the build has no libpng (MINNOW_PNG).
#include "vision/codecs.h"

namespace minnow::vision {

namespace {
std::unexpected<Error> absent(std::string_view name) {
  return fail(ErrorCode::Unsupported, name,
              ": this build has no PNG pictures; take BMP, or build Minnow with libpng "
              "(-DMINNOW_PNG=ON)");
}
}  // namespace

Result<PictureInfo> decodePng(const PictureFile& file, PixelMemory& /*memory*/) {
  return absent(file.name);
}

Result<std::vector<std::byte>> encodePng(const ImageView& /*image*/) { return absent("encodePng"); }

Result<void> writePng(const std::filesystem::path& path, const ImageView& /*image*/) {
  return absent(path.native());
}

}  // namespace minnow::vision
