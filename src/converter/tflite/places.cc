// MediaPipe's pooling that tells where its maxima were, and what puts numbers back there. Places are real numbers: the row times
// the width plus the column, and 0.1, so that what is cut off is the whole number.
#include <array>
#include <cstring>

#include "base/fail.h"
#include "converter/tflite/operator.h"
#include "ops/max_unpool.h"
#include "ops/pool.h"

namespace minnow::converter {
namespace {

using ops::BinaryFn;

/// The options of both: the bytes of TensorFlow Lite's own struct for pools.
struct PlacedWindow {
  int32_t padding, strideW, strideH, kernelW, kernelH, activation;
};

PlacedWindow windowOf(const TfliteOperator& op) {
  const auto bytes = op.customOptions();
  PlacedWindow window;
  if (bytes.size() < sizeof window) op.broken("its options are too short");
  std::memcpy(&window, bytes.data(), sizeof window);
  if (window.padding != 1 && window.padding != 2) op.unsupported(text("padding ", window.padding));
  for (const int32_t number : {window.strideW, window.strideH, window.kernelW, window.kernelH})
    if (number < 1) op.broken(text("a stride or window of ", number));
  if (window.activation != 0) op.unsupported(text("fused activation ", window.activation));
  return window;
}

/// The place of each channel's first pixel, row-major in [N, C, H, W].
ir::ValueId firstPixels(TfliteOperator& op, const Shape& shape) {
  const Composer c = op.compose();
  return c(BinaryFn::Mul, c.range(shape[0] * shape[1], Shape{shape[0], shape[1], 1, 1}),
           c.integer(shape[2] * shape[3]));
}

}  // namespace

void importMaxPoolingWithArgmax2D(TfliteOperator& op) {
  const PlacedWindow window = windowOf(op);
  auto pool = std::make_unique<ops::Pool>();
  pool->kernel = {window.kernelH, window.kernelW};
  pool->strides = {window.strideH, window.strideW};
  pool->dilations = {1, 1};
  pool->padsBegin = pool->padsEnd = {0, 0};
  pool->autoPad = window.padding == 1 ? ops::AutoPad::SameUpper : ops::AutoPad::None;
  pool->indices = true;
  const ir::ValueId x = op.image(0);
  op.assumeShape(0);
  const auto results = op.context().emitMany(std::move(pool), {x}, 2);
  const Composer c = op.compose();
  const ir::ValueId place =
      c(BinaryFn::Sub, results[1], firstPixels(op, op.context().typeOf(x).shape));
  op.set(0, results[0], Axes::ChannelsFirst);
  op.set(1, c(BinaryFn::Add, c.cast(place, DataType::Float32), c.number(0.1F)),
         Axes::ChannelsFirst);
}

/// As large as strides without overlap say.
void importMaxUnpooling2D(TfliteOperator& op) {
  const PlacedWindow window = windowOf(op);
  auto made = std::make_unique<ops::MaxUnpool>();
  made->kernel = made->strides = {window.strideH, window.strideW};
  made->padsBegin = made->padsEnd = {0, 0};
  const ir::ValueId x = op.image(0), places = op.image(1);
  op.assumeShape(0);
  const Shape in = op.context().typeOf(x).shape;
  const Shape out{in[0], in[1], in[2] * window.strideH, in[3] * window.strideW};
  const Composer c = op.compose();
  const ir::ValueId indices =
      c(BinaryFn::Add, c.cast(places, DataType::Int64), firstPixels(op, out));
  op.set(0, op.emit(std::move(made), {x, indices}), Axes::ChannelsFirst);
}

}  // namespace minnow::converter
