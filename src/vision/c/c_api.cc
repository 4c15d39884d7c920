// The C face of pictures: numbers of C's enumerations are those of minnow/image.h.
#include <cmath>

#include "base/aligned.h"
#include "base/c_pre_process.h"
#include "base/fail.h"
#include "minnow/image.h"
#include "minnow/minnow_vision.h"
#include "minnow/quantised_picture.h"

namespace minnow {
namespace {

using namespace minnow::c;
using vision::ImageView;

static_assert(MINNOW_I420 == static_cast<int>(vision::PixelFormat::I420));
static_assert(MINNOW_BT709 == static_cast<int>(vision::YuvMatrix::Bt709));

Result<ImageView> imageOf(const minnow_image* image) {
  const auto given = completed<minnow_image>(image, MINNOW_IMAGE_INIT);
  if (!given) return passOn(given);
  if (auto ok = areZero({given->reserved}); !ok) return passOn(ok);
  if (auto ok = areKnown(
          {{"format", given->format, MINNOW_I420}, {"matrix", given->matrix, MINNOW_BT709}});
      !ok)
    return passOn(ok);
  ImageView view{given->data, given->width, given->height, given->row_bytes,
                 static_cast<vision::PixelFormat>(given->format)};
  for (size_t plane = 0; plane < view.chroma.size(); ++plane)
    view.chroma[plane] = {given->chroma[plane], given->chroma_row_bytes[plane]};
  view.colour.matrix = static_cast<vision::YuvMatrix>(given->matrix);
  if (given->full_range != 0) view.colour.range = vision::YuvRange::Full;
  return view;
}

minnow_image imageOf(const ImageView& view) {
  minnow_image image = MINNOW_IMAGE_INIT;
  image.data = view.data;
  image.width = view.width;
  image.height = view.height;
  image.row_bytes = view.rowBytes;
  image.format = static_cast<int>(view.format);
  return image;
}

minnow_placement placementOf(const vision::Placement& placement) {
  return {sizeof(minnow_placement), placement.scaleX,  placement.scaleY,
          placement.offsetX,        placement.offsetY, static_cast<int>(placement.turn.rotation),
          placement.turn.mirror,    placement.width,   placement.height};
}

minnow_status handOver(std::span<const uint8_t> bytes, minnow_bytes* given) {
  base::AlignedBlock block = base::alignedBlock(base::blockBytes(bytes.size()), base::Clear::No);
  if (!block) return failed(ErrorCode::OutOfMemory, "no memory for the picture");
  std::memcpy(block.get(), bytes.data(), bytes.size());
  block[bytes.size()] = std::byte{0};
  *given = {block.release(), bytes.size()};
  return MINNOW_OK;
}

}  // namespace
}  // namespace minnow

using namespace minnow;

extern "C" {

void minnow_placement_to_picture(const minnow_placement* placement, double column, double row,
                                 double picture[2]) {
  if (placement == nullptr || picture == nullptr) return;
  const vision::Turn turn{static_cast<vision::Rotation>(placement->quarters & 3),
                          placement->mirror != 0};
  const vision::Placement placed{
      placement->scale_x, placement->scale_y, placement->offset_x, placement->offset_y, turn,
      placement->width,   placement->height};
  std::ranges::copy(placed.toPicture(column, row), picture);
}

minnow_status minnow_write_image(const minnow_image* image, const minnow_pre_process* pre,
                                 const minnow_tensor* tensor, minnow_placement* placement) {
  return checked([&]() -> minnow_status {
    if (image == nullptr || tensor == nullptr) return nullArgument();
    const auto from = imageOf(image);
    if (!from) return failed(from.error());
    const auto how = preProcessOf(pre);
    if (!how) return failed(how.error());
    const auto placed = vision::writeImage(*from, *how, viewOf(*tensor));
    if (!placed) return failed(placed.error());
    return placement ? handOver(placementOf(*placed), placement) : MINNOW_OK;
  });
}

minnow_status minnow_pre_process_for(minnow_type type, const minnow_quantisation* by,
                                     minnow_pre_process* pre) {
  return checked([&]() -> minnow_status {
    if (pre == nullptr) return nullArgument();
    auto whole = completed<minnow_pre_process>(pre, MINNOW_PRE_PROCESS_INIT);
    const auto how = preProcessOf(pre);
    if (!whole || !how) return failed(how.error());
    const auto meaning = completed<minnow_quantisation>(by, MINNOW_QUANTISATION_INIT);
    if (!meaning) return failed(meaning.error());
    const Quantisation known{.scales = {meaning->scales, meaning->scale_count},
                             .zeroPoints = {meaning->zero_points, meaning->zero_point_count},
                             .axis = meaning->axis};
    const auto found = vision::preProcessFor(static_cast<DataType>(type), known, *how);
    if (!found) return failed(found.error());
    std::ranges::copy(found->mean, whole->mean);
    std::ranges::copy(found->scale, whole->scale);
    whole->byte_scale = found->bytes.scale;
    whole->byte_zero = found->bytes.zero;
    return handOver(*whole, pre);
  });
}

void minnow_bytes_destroy(minnow_bytes* bytes) {
  if (bytes == nullptr) return;
  base::FreeBlock()(static_cast<std::byte*>(bytes->data));
  *bytes = {nullptr, 0};
}

minnow_status minnow_read_image(const char* path, minnow_bytes* pixels, minnow_image* image) {
  return checked([&]() -> minnow_status {
    if (path == nullptr || pixels == nullptr || image == nullptr) return nullArgument();
    const auto decoded = vision::readImage(path);
    if (!decoded) return failed(decoded.error());
    minnow_bytes copy;
    if (const auto status = minnow::handOver(decoded->pixels, &copy); status != MINNOW_OK)
      return status;
    ImageView view = decoded->view();
    view.data = static_cast<const uint8_t*>(copy.data);
    if (const auto status = handOver(imageOf(view), image); status != MINNOW_OK) {
      minnow_bytes_destroy(&copy);
      return status;
    }
    *pixels = copy;
    return MINNOW_OK;
  });
}

}  // extern "C"
