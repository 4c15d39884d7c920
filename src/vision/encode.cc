// What every encoder asks of a picture.
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

}  // namespace minnow::vision
