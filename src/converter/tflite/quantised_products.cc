// Convolutions and matrix products of bytes. Weights of uint8 are stored as int8, 128 less, as is their zero point.
#include <algorithm>

#include "base/fail.h"
#include "converter/tflite/products.h"
#include "converter/tflite/quantised.h"
#include "ops/integer_product.h"
#include "passes/transposed_blocks.h"

namespace minnow::converter {
namespace {

using Value = ir::ValueId;
using ops::QuantisationRule;

struct ByteWeights {
  Value bytes;  ///< int8, axes as in the file
  int64_t zero;
};

/// A constant of int8 or uint8.
ByteWeights byteWeights(TfliteOperator& op, int i, const WeightScales& by, int axis) {
  const DataType type = op.typeOf(i);
  if (!op.isConstant(i)) op.unsupported("weights that are computed");
  if (type == DataType::Int8) return {op.in(i), by.zero};
  if (type != DataType::Uint8) op.unsupported(text("quantised weights of ", type));
  const auto from = op.bytes(i);
  std::vector<std::byte> flipped(from.begin(), from.end());
  for (std::byte& one : flipped) one ^= std::byte{0x80};
  op.spend(flipped.size());
  const Value bytes = op.context().constantOf({DataType::Int8, op.shape(i)}, flipped);
  op.noteWeights(bytes, by.scales, by.zero - 128, axis);
  return {bytes, by.zero - 128};
}

/// What sums are multiplied by, for each channel or all: sx * sw / so, all in double but for uint8, whose first
/// product is float32's.
Value factors(TfliteOperator& op, int x, const WeightScales& weights, bool isFixed) {
  const double in = quantisationOf(op, op.declaredInput(x)).scale,
               out = quantisationOf(op, op.declaredOutput(0)).scale;
  const bool isShort = isFixed && op.typeOf(x) == DataType::Uint8;
  std::vector<double> all;
  for (const double scale : weights.scales) {
    const double product = in * scale;
    all.push_back((isShort ? static_cast<double>(static_cast<float>(product)) : product) / out);
  }
  return op.context().constantOf({DataType::Float64, Shape{std::ssize(all)}},
                                 std::as_bytes(std::span(all)));
}

Value biasOf(TfliteOperator& op, int i) {
  if (!op.hasInput(i)) return ir::kNoValue;
  if (op.typeOf(i) != DataType::Int32) op.unsupported(text("a bias of ", op.typeOf(i)));
  return op.in(i);
}

void expectBytes(const TfliteOperator& op, int x) {
  const DataType type = op.typeOf(x);
  if (type != DataType::Int8 && type != DataType::Uint8)
    op.unsupported(text("quantised ", type, " here"));
  if (dataTypeOf(op.declaredOutput(0)) != type)
    op.unsupported("input and output of different types");
}

template <class Options>
void convolveBytes(TfliteOperator& op, const Options& options, int64_t groups, int channelAxis,
                   const std::vector<int64_t>& perm) {
  expectBytes(op, 0);
  const Shape filter = filterShape(op, 1);
  const WeightScales by = weightScales(op, op.declaredInput(1), channelAxis, filter[channelAxis]);
  const ByteWeights weights = byteWeights(op, 1, by, channelAxis);
  auto conv = std::make_unique<ops::QuantizedConv>();
  setWindow(op, options, filter, *conv);
  conv->dilations = {options.dilation_h(), options.dilation_w()};
  conv->groups = groups;
  conv->xZero = quantisationOf(op, op.declaredInput(0)).zero;
  // Of int8 DEPTHWISE_CONV_2D pays no heed to a zero point of weights, and CONV_2D has none.
  conv->wZero = op.typeOf(1) == DataType::Int8 ? 0 : weights.zero;
  if (conv->wZero != weights.zero && op.type() == "CONV_2D")
    op.unsupported("weights of int8 with a zero point");
  conv->y = resultOf(op, options.activation());
  op.set(0,
         op.emit(std::move(conv), {op.image(0), op.transposed(weights.bytes, perm), biasOf(op, 2),
                                   factors(op, 0, by, true)}),
         Axes::ChannelsFirst);
}

}  // namespace

void importQuantisedConv(TfliteOperator& op) {
  if (op.typeOf(0) == DataType::Float32) return importHybridConv(op);
  if (op.typeOf(0) == DataType::Int16) return importWideConv(op);
  convolveBytes(op, op.options<tfl::Conv2DOptions>(), groupsOf(op), 0, kOutputsFirst);
}

void importQuantisedDepthwiseConv(TfliteOperator& op) {
  if (op.typeOf(0) == DataType::Float32) return importHybridConv(op);
  if (op.typeOf(0) == DataType::Int16) return importWideConv(op);
  convolveBytes(op, op.options<tfl::DepthwiseConv2DOptions>(), depthwiseGroupsOf(op), 3,
                kOutputsLast);
}

/// Rounds once, in double.
void importQuantisedFullyConnected(TfliteOperator& op) {
  if (op.typeOf(0) == DataType::Float32) return importHybridFullyConnected(op);
  if (op.typeOf(0) == DataType::Int16) return importWideFullyConnected(op);
  expectBytes(op, 0);
  const auto& options = op.options<tfl::FullyConnectedOptions>();
  const Value x = rowsOf(op, options);
  const WeightScales by = weightScales(op, op.declaredInput(1), 0, op.shape(1)[0]);
  const ByteWeights weights = byteWeights(op, 1, by, 0);
  auto product = std::make_unique<ops::QuantizedMatMul>();
  product->transposeB = true;
  product->xZero = quantisationOf(op, op.declaredInput(0)).zero;
  product->wZero = weights.zero;
  product->y = resultOf(op, options.activation(), QuantisationRule::TfliteReal);
  op.set(0,
         op.emit(std::move(product), {x, weights.bytes, biasOf(op, 2), factors(op, 0, by, false)}));
}

// Transposed --------------------------------------------------------------------------------------

namespace {

/// A row of constants of 32 or 64 bits so many times, one after another.
Value repeated(TfliteOperator& op, Value row, int64_t times) {
  if (row == ir::kNoValue) return row;
  const auto from = op.bytesOf(row);
  const TensorType type = op.context().typeOf(row);
  std::vector<std::byte> all;
  for (int64_t i = 0; i < times; ++i) all.insert(all.end(), from.begin(), from.end());
  op.spend(all.size());
  return op.context().constantOf({type.type, Shape{type.shape.elements() * times}}, all);
}

}  // namespace

/// A convolution of blocks (passes/transposed_blocks.h).
void importQuantisedTransposeConv(TfliteOperator& op) {
  expectBytes(op, 2);
  const auto& options = op.options<tfl::TransposeConvOptions>();
  const Shape filter = filterShape(op, 1);
  const Value image = op.image(2);
  const auto blocks =
      passes::transposedBlocks(transposeConvOf(op, options), op.context().typeOf(image).shape);
  if (!blocks) op.unsupported("such strides");
  const WeightScales by = weightScales(op, op.declaredInput(1), 0, filter[0]);
  const ByteWeights weights = byteWeights(op, 1, by, 0);
  auto conv = std::make_unique<ops::QuantizedConv>();
  static_cast<ops::WindowAttributes&>(*conv) = blocks->window;
  conv->xZero = quantisationOf(op, op.declaredInput(2)).zero;
  conv->wZero = op.typeOf(1) == DataType::Int8 ? 0 : weights.zero;
  conv->y = resultOf(op, options.activation());
  op.assumeShape(2);
  const Value turned = op.transposed(weights.bytes, {3, 0, 1, 2});
  const auto from = op.bytesOf(turned);
  const Shape shape = op.context().typeOf(turned).shape;
  const std::vector<int8_t> all =
      blocks->weights({reinterpret_cast<const int8_t*>(from.data()), from.size()}, shape,
                      static_cast<int8_t>(conv->wZero));
  op.spend(all.size());
  const Value inner = op.context().constantOf(
      {DataType::Int8, Shape{shape[1] * blocks->outputs(), shape[0], blocks->window.kernel[0],
                             blocks->window.kernel[1]}},
      std::as_bytes(std::span(all)));
  const Value scales = factors(op, 2, by, true);
  const int64_t times = blocks->outputs();
  std::vector<float> each;
  for (int64_t i = 0; i < (by.scales.size() == 1 ? 1 : times); ++i)
    each.insert(each.end(), by.scales.begin(), by.scales.end());
  op.noteWeights(inner, each, conv->wZero, 0);
  const Value sums =
      op.emit(std::move(conv), {image, inner, repeated(op, biasOf(op, 3), times),
                                by.scales.size() > 1 ? repeated(op, scales, times) : scales});
  const Value spread = op.emit(blocks->spread.clone(), {sums});
  op.set(0, op.emit(blocks->cut.clone(), {spread}), Axes::ChannelsFirst);
}

// Two computed matrices ---------------------------------------------------------------------------

namespace {

/// Input i with its last two axes exchanged if `adjoint`.
Value matrix(TfliteOperator& op, int i, bool adjoint) {
  if (!adjoint) return op.in(i);
  std::vector<int64_t> perm(static_cast<size_t>(op.rank(i)));
  for (size_t axis = 0; axis < perm.size(); ++axis) perm[axis] = static_cast<int64_t>(axis);
  if (perm.size() < 2) op.broken("a matrix has less than 2 axes");
  std::swap(perm.back(), perm[perm.size() - 2]);
  return op.transposed(op.in(i), perm);
}

}  // namespace

void importQuantisedBatchMatMul(TfliteOperator& op) {
  expectBytes(op, 0);
  if (op.typeOf(1) != op.typeOf(0)) op.unsupported("matrices of different types");
  const auto& options = op.options<tfl::BatchMatMulOptions>();
  const ops::Quantisation a = quantisationOf(op, op.declaredInput(0)),
                          b = quantisationOf(op, op.declaredInput(1)),
                          y = quantisationOf(op, op.declaredOutput(0));
  const Composer c = op.compose();
  const auto zero = [&](int64_t z) { return c.cast(c.integer(z), op.typeOf(0)); };
  const Value sums = op.emit(
      std::make_unique<ops::MatMulInteger>(),
      {matrix(op, 0, options.adj_x()), matrix(op, 1, options.adj_y()), zero(a.zero), zero(b.zero)});
  const kernels::FixedFactor factor(double{a.scale * b.scale} / double{y.scale});
  const WholeNumbers whole(op);
  op.set(0, whole.stored(whole.times(whole.of(sums), factor), resultOf(op, tfl::Activation::None)));
}

}  // namespace minnow::converter
