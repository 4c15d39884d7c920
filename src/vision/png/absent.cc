// Stands in where the build has no libpng (MINNOW_PNG).
#include "vision/codecs.h"

namespace minnow::vision {

namespace {
std::unexpected<Error> noPng(std::string_view name) {
  return fail(ErrorCode::Unsupported, name,
              ": this build has no PNG pictures; give their pixels as an ImageView, or build "
              "Minnow with libpng "
              "(-DMINNOW_PNG=ON)");
}
}  // namespace

Result<PictureInfo> decodePng(const PictureFile& file, PixelMemory& /*memory*/) {
  return noPng(file.name);
}

Result<std::vector<std::byte>> encodePng(const ImageView& /*image*/) { return noPng("encodePng"); }

Result<void> writePng(const std::filesystem::path& path, const ImageView& /*image*/) {
  return noPng(path.native());
}

}  // namespace minnow::vision
