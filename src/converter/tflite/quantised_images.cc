// Pools, means, resizing, and what only moves bytes but has to mind what they stand for.
#include <cmath>
#include <numeric>

#include "base/fail.h"
#include "converter/tflite/images.h"
#include "converter/tflite/quantised.h"
#include "ops/quantize.h"
#include "ops/reduce.h"

namespace minnow::converter {
namespace {

using kernels::FixedFactor;
using ops::BinaryFn;
using ops::QuantisationRule;
using Value = ir::ValueId;

}  // namespace

// Pools -------------------------------------------------------------------------------------------

/// On what is stored, whatever the scales.
void importQuantisedPool(TfliteOperator& op) {
  const auto& options = op.options<tfl::Pool2DOptions>();
  if (op.type() != "L2_POOL_2D" && op.typeOf(0) == DataType::Int16) return importWidePool(op);
  if (op.type() == "L2_POOL_2D" || elementSize(op.typeOf(0)) != 1)
    op.unsupported(text("quantised ", op.typeOf(0), " here"));
  std::unique_ptr<ops::Pool> pool = poolOf(op);
  const Value x = op.image(0);
  if (op.type() == "MAX_POOL_2D")
    return op.set(0, activated(op, op.emit(std::move(pool), {x}), options.activation()),
                  Axes::ChannelsFirst);
  auto made = std::make_unique<ops::QuantizedPool>();
  made->pool = *pool;
  made->x = quantisationOf(op, op.declaredInput(0));
  made->yScale = quantisationOf(op, op.declaredOutput(0)).scale;
  made->y = resultOf(op, options.activation(), QuantisationRule::TfliteReal);
  op.set(0, op.emit(std::move(made), {x}), Axes::ChannelsFirst);
}

// Along axes --------------------------------------------------------------------------------------

namespace {

/// Input 0 as [1, kept elements, reduced elements].
Value foldedRows(TfliteOperator& op, const std::vector<int64_t>& axes) {
  const Shape in = op.shape(0);
  std::vector<int64_t> perm;
  for (int64_t axis = 0; axis < in.rank(); ++axis)
    if (std::ranges::find(axes, axis) == axes.end()) perm.push_back(axis);
  perm.insert(perm.end(), axes.begin(), axes.end());
  int64_t reduced = 1;
  for (int64_t axis : axes) reduced *= in[static_cast<int>(axis)];
  op.assumeShape(0);
  return op.compose().reshape(op.transposed(op.in(0), perm),
                              {1, reduced > 0 ? in.elements() / reduced : 0, reduced});
}

/// What is left of input 0's extents.
std::vector<int64_t> keptShape(const TfliteOperator& op, const std::vector<int64_t>& axes,
                               bool keepDims) {
  const Shape in = op.shape(0);
  std::vector<int64_t> kept;
  for (int64_t axis = 0; axis < in.rank(); ++axis) {
    const bool isReduced = std::ranges::find(axes, axis) != axes.end();
    if (!isReduced || keepDims) kept.push_back(isReduced ? 1 : in[static_cast<int>(axis)]);
  }
  return kept;
}

void setWideMean(TfliteOperator& op, const std::vector<int64_t>& axes, bool keepDims) {
  const auto x = quantisationOf(op, op.declaredInput(0)),
             y = quantisationOf(op, op.declaredOutput(0));
  const Value rows = foldedRows(op, axes);
  const int64_t count = op.context().typeOf(rows).shape[2];
  FixedFactor factor(double{x.scale} / double{y.scale});
  factor.divideBy(count);
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const Value sum =
      whole.plus(c.reduce(ops::ReduceFn::Sum, whole.of(rows), 2), whole.number(-count * x.zero));
  op.set(0, c.reshape(whole.stored(whole.times(sum, factor), resultOf(op, tfl::Activation::None)),
                      keptShape(op, axes, keepDims)));
}

void setMean(TfliteOperator& op, const std::vector<int64_t>& axes, bool keepDims) {
  if (op.typeOf(0) == DataType::Int16) return setWideMean(op, axes, keepDims);
  auto made = std::make_unique<ops::QuantizedPool>();
  made->pool.global = true;
  made->x = quantisationOf(op, op.declaredInput(0));
  made->yScale = quantisationOf(op, op.declaredOutput(0)).scale;
  made->y = resultOf(op, tfl::Activation::None);
  if (axes == std::vector<int64_t>{1, 2} && op.rank(0) == 4) {
    const Value y = op.emit(std::move(made), {op.image(0)});
    if (keepDims) return op.set(0, y, Axes::ChannelsFirst);
    return op.set(0, op.compose().reshape(y, {0, 0}));
  }
  const Value y = op.emit(std::move(made), {foldedRows(op, axes)});
  op.set(0, op.compose().reshape(y, keptShape(op, axes, keepDims)));
}

/// Of int8 LiteRT's reference reads bytes without a sign; what its plain kernels compute, in float32, is what SUM means.
void setSum(TfliteOperator& op, const std::vector<int64_t>& axes, bool keepDims) {
  const auto x = quantisationOf(op, op.declaredInput(0)),
             y = quantisationOf(op, op.declaredOutput(0));
  const Value rows = foldedRows(op, axes);
  const int64_t count = op.context().typeOf(rows).shape[2];
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const Value sum = c.reduce(ops::ReduceFn::Sum, whole.of(rows), 2);
  Value result;
  if (op.typeOf(0) == DataType::Uint8) {
    const FixedFactor factor(double{x.scale} / double{y.scale});
    result = whole.stored(whole.times(whole.plus(sum, whole.number(-count * x.zero)), factor),
                          resultOf(op, tfl::Activation::None));
  } else {
    const float scale = x.scale / y.scale;
    const float bias = -static_cast<float>(x.zero) * scale * static_cast<float>(count);
    const Value scaled =
        c(BinaryFn::Add, c(BinaryFn::Mul, c.cast(sum, DataType::Float32), c.number(scale)),
          c.number(bias));
    auto made = std::make_unique<ops::QuantizeLinear>();
    made->type = static_cast<int64_t>(op.typeOf(0));
    made->awayFromZero = true;
    result =
        op.emit(std::move(made), {scaled, c.number(1), c.cast(c.integer(y.zero), op.typeOf(0))});
  }
  op.set(0, c.reshape(result, keptShape(op, axes, keepDims)));
}

}  // namespace

void importQuantisedReduce(TfliteOperator& op) {
  const bool keepDims = op.options<tfl::ReducerOptions>().keep_dims();
  if (op.type() == "MEAN") return setMean(op, reducedAxes(op), keepDims);
  if (op.type() == "SUM") return setSum(op, reducedAxes(op), keepDims);
  if (op.type() == "REDUCE_PROD") op.unsupported("a product of quantised tensors");
  if (!isAlike(op, op.declaredInput(0), op.declaredOutput(0)))
    op.broken("input and output have different scales or zero points");
  importReduce(op);
}

// Resizing -----------------------------------------------------------------------------------------

namespace {

/// Where a result lies between two pixels of an axis, in 1024ths, as LiteRT counts in whole numbers.
struct WholePlaces {
  std::vector<int64_t> lower, upper, toLower, toUpper;

  WholePlaces(const tfl::ResizeBilinearOptions& options, int64_t in, int64_t out) {
    int64_t step = (1024 * in + out / 2) / out;
    if (options.align_corners() && out > 1) step = (1024 * (in - 1) + (out - 1) / 2) / (out - 1);
    for (int64_t i = 0; i < out; ++i) {
      const int64_t at = i * step + (options.half_pixel_centers() ? step / 2 - 512 : 0);
      const int64_t pixel = std::clamp<int64_t>(at / 1024, 0, in - 1);
      lower.push_back(pixel);
      upper.push_back(std::clamp<int64_t>((at + 1023) / 1024, 0, in - 1));
      toUpper.push_back(at - 1024 * pixel);
      toLower.push_back(1024 - toUpper.back());
    }
  }
};

/// Of an axis of an image of whole numbers.
Value betweenPixels(TfliteOperator& op, Value x, int64_t axis, const WholePlaces& places) {
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const auto row = [&](const std::vector<int64_t>& numbers) {
    return op.context().constantOf({DataType::Int64, Shape{std::ssize(numbers)}},
                                   std::as_bytes(std::span(numbers)));
  };
  const auto part = [&](const std::vector<int64_t>& pixels, const std::vector<int64_t>& weights) {
    const Value along = axis == 3 ? row(weights) : c.reshape(row(weights), {-1, 1});
    return whole.times(c.gather(x, row(pixels), axis), along);
  };
  return whole.plus(part(places.lower, places.toLower), part(places.upper, places.toUpper));
}

void importWideResizeBilinear(TfliteOperator& op) {
  const auto& options = op.options<tfl::ResizeBilinearOptions>();
  const std::vector<int64_t> to = bilinearOf(op).sizes;
  const Value x = op.image(0);
  op.assumeShape(0);
  const Shape from = op.context().typeOf(x).shape;
  const WholeNumbers whole(op);
  Value y = whole.of(x);
  for (const int axis : {2, 3})
    y = betweenPixels(op, y, axis, WholePlaces(options, from[axis], to[static_cast<size_t>(axis)]));
  op.set(0, op.compose().cast(whole.dividedByPower(y, 20), DataType::Int16), Axes::ChannelsFirst);
}

}  // namespace

void importQuantisedResizeBilinear(TfliteOperator& op) {
  if (op.typeOf(0) == DataType::Int16) return importWideResizeBilinear(op);
  if (elementSize(op.typeOf(0)) != 1) op.unsupported(text("quantised ", op.typeOf(0), " here"));
  importResizeBilinear(op);
}

// Moving -------------------------------------------------------------------------------------------

/// Parts of uint8 that stand for other numbers are stored anew.
void importQuantisedConcatenation(TfliteOperator& op) {
  const auto& options = op.options<tfl::ConcatenationOptions>();
  if (options.activation() != tfl::Activation::None) op.unsupported("a fused activation");
  const int64_t axis = op.axisOf(options.axis(), op.rank(0));
  const Axes axes = op.axesOfAll();
  const auto y = quantisationOf(op, op.declaredOutput(0));
  const float inverse = 1 / y.scale;
  std::vector<Value> parts;
  for (int i = 0; i < op.inputs(); ++i) {
    parts.push_back(op.in(i, axes));
    if (isAlike(op, op.declaredInput(i), op.declaredOutput(0))) continue;
    if (op.typeOf(i) != DataType::Uint8)
      op.broken(text("part ", i, " has another scale or zero point than the result"));
    const auto x = quantisationOf(op, op.declaredInput(i));
    const float scale = x.scale * inverse, bias = -static_cast<float>(x.zero) * scale;
    parts.back() = byTable(op, parts.back(), [&](int64_t q) {
      return nearestWhole(static_cast<float>(q) * scale + bias) + y.zero;
    });
  }
  op.set(0, op.compose().concat(parts, TfliteOperator::place(axis, axes)), axes);
}

void importQuantisedPack(TfliteOperator& op) {
  for (int i = 0; i < op.inputs(); ++i)
    if (!isAlike(op, op.declaredInput(i), op.declaredOutput(0)))
      op.broken(text("part ", i, " has another scale or zero point than the result"));
  importPack(op);
}

}  // namespace minnow::converter
