// What an application has on the device, taken into a block and put there.
#include <algorithm>

#include "backend/gpu/gpu.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "vision/conversion.h"

namespace minnow::backend::gpu {
namespace {

using vision::ColourOrder;

Result<void> checkUse(const Opened& device) {
  if (!device) return passOn(device);
  if (const std::string* failure = (*device)->failure())
    return fail(ErrorCode::DeviceFailed, "it failed before: ", *failure);
  return {};
}

// Tensors -----------------------------------------------------------------------------------------

using Made = Result<std::unique_ptr<const Kernel>>;

Made compiled(std::unique_ptr<Launches> launches) {
  if (auto ok = launches->compile(); !ok) return passOn(ok);
  return launches;
}

bool isInHalves(const TensorView& ours) { return ours.type == DataType::Float16; }

/// Copies between both, row-major and float32 on their side.
Made copyOf(const Opened& device, const DeviceTensor& tensor, const TensorView& ours, bool taken) {
  if (auto ok = checkUse(device); !ok) return passOn(ok);
  auto launches =
      std::make_unique<Launches>(**device, taken ? "from-outside" : "to-outside", isInHalves(ours));
  TensorView plain = ours;
  plain.type = DataType::Float32, plain.strides = plainStrides(ours.shape);
  auto found = (*device)->theirs(tensor, plain.bytes());
  if (!found) return passOn(found);
  const Operand theirs = launches->theirs(std::move(found->buffer));
  const auto ok = taken ? addCopy(*launches, **device, theirs, plain, {Operand::In::Outputs}, ours)
                        : addCopy(*launches, **device, {Operand::In::Inputs}, ours, theirs, plain);
  if (!ok) return passOn(ok);
  return compiled(std::move(launches));
}

// Pictures ----------------------------------------------------------------------------------------

/// As kernels/picture.cl has it.
struct Picture {
  int32_t items, width;                // a work-item for each pixel of the input
  int32_t x, y, xu, xv, yu, yv;        // pixel (u, v) is theirs (x + u*xu + v*xv, y + u*yu + v*yv)
  int32_t rowPixels;                   // of theirs
  int32_t column, row, channel;        // strides of ours
  int32_t channels, isGray, hasAlpha;  // without alpha
  int32_t source[3];                   // of each channel: 0 for red, 1 for green, 2 for blue
  float mean[3], scale[3], alpha;
};

/// By the rules of writeImage, which checks what is asked for.
Result<vision::Conversion> conversionOf(const DevicePicture& picture, TensorView ours) {
  static uint8_t somewhere;  // sizes count alone
  ours.data = &somewhere, ours.type = DataType::Float32;
  const auto pixels = vision::ImageView::packed(&somewhere, picture.width, picture.height,
                                                vision::PixelFormat::Rgba);
  auto made = vision::prepare(pixels, picture.pre, ours);
  if (!made) return made;
  const vision::TurnedFrame& frame = made->frame;
  if (frame.width() != made->target.width || frame.height() != made->target.height)
    return fail(
        ErrorCode::ShapeMismatch, "the picture has ", frame.width(), "x", frame.height(),
        " pixels after crop and turn, and the input takes ", made->target.width, "x",
        made->target.height,
        ": on a device none is resized; crop it, draw it at the input's size, or resize the "
        "session's input");
  return made;
}

Picture geometryOf(const DevicePicture& picture, const vision::Conversion& c) {
  const auto [x, y] = c.frame.source(0, 0);
  const auto across = c.frame.source(1, 0), down = c.frame.source(0, 1);
  const bool reversed = c.pre.colour == ColourOrder::Bgr;
  const auto stride = [](int64_t s) { return static_cast<int32_t>(s); };
  Picture g{.items = c.frame.width() * c.frame.height(),
            .width = c.frame.width(),
            .x = x,
            .y = y,
            .xu = across.first - x,
            .xv = down.first - x,
            .yu = across.second - y,
            .yv = down.second - y,
            .rowPixels = picture.width,
            .column = stride(c.target.columnStride),
            .row = stride(c.target.rowStride),
            .channel = stride(c.target.channelStride),
            .channels = c.frame.channels(),
            .isGray = c.pre.colour == ColourOrder::Gray,
            .hasAlpha = c.pre.alpha.has_value(),
            .source = {reversed ? 2 : 0, 1, reversed ? 0 : 2},
            .mean = {},
            .scale = {},
            .alpha = c.pre.alpha.value_or(0)};
  std::ranges::copy(c.pre.mean, g.mean);
  std::ranges::copy(c.pre.scale, g.scale);
  return g;
}

}  // namespace

Made DeviceBackend::from(const DeviceTensor& theirs, const TensorView& ours) const {
  return copyOf(device(), theirs, ours, true);
}

Made DeviceBackend::to(const DeviceTensor& theirs, const TensorView& ours) const {
  return copyOf(device(), theirs, ours, false);
}

Made DeviceBackend::from(const DevicePicture& theirs, const TensorView& ours) const {
  if (auto ok = checkUse(device()); !ok) return passOn(ok);
  const auto conversion = conversionOf(theirs, ours);
  if (!conversion) return passOn(conversion);
  Device& here = **device();
  auto found = here.theirs(theirs);
  if (!found) return passOn(found);
  auto launches = std::make_unique<Launches>(here, "picture", isInHalves(ours));
  const Operand pixels = launches->theirs(std::move(found->buffer));
  const auto ok = launches->add({"picture", "picture", found->options},
                                {pixels, {Operand::In::Outputs}}, geometryOf(theirs, *conversion));
  if (!ok) return passOn(ok);
  return compiled(std::move(launches));
}

}  // namespace minnow::backend::gpu
