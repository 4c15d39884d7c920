// What every encoder asks of a picture, and pictures into files.
#include "base/guarded.h"
#include "base/whole_file.h"
#include "vision/codecs.h"

namespace minnow::vision {

Result<void> checkEncodable(const ImageView& image) {
  if (!image.data || image.width < 1 || image.height < 1)
    return fail(ErrorCode::InvalidArgument, "an empty picture cannot be encoded");
  if (isYuv420(image.format))
    return fail(ErrorCode::Unsupported,
                "a 4:2:0 frame cannot be encoded: write it into a uint8 tensor 1xHxWx3 first");
  return {};
}

namespace {

Result<void> writePngFile(const std::filesystem::path& path, const ImageView& image) {
  const Result<std::vector<std::byte>> bytes = encodePng(image);
  if (!bytes) return std::unexpected(bytes.error());
  return base::writeFile(path, *bytes);
}

}  // namespace

Result<void> writePng(const std::filesystem::path& path, const ImageView& image) {
  return guarded(path.native(), [&] { return writePngFile(path, image); });
}

}  // namespace minnow::vision
