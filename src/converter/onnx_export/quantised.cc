// Operators of integers. QuantizedConv is a QLinearConv whose scales give its factors, QuantizedMatMul an
// integer product and the steps to 8 bits one by one; sums, products and averages stand between
// DequantizeLinear and QuantizeLinear, which ONNX Runtime computes in the same integers.
#include <numeric>
#include <optional>

#include "converter/onnx_export/node_writer.h"
#include "ops/integer_product.h"
#include "ops/quantize.h"
#include "ops/quantized.h"

namespace minnow::converter::exported {

namespace {

void setSpread(NodeWriter& w, Added& node, const ops::ScaleSpread& spread, DataType integers) {
  node.set("axis", spread.axis);
  if (spread.blockSize) node.set("block_size", spread.blockSize);
  if (spread.blockSize || elementSize(integers) != 1) w.need(21);
}

}  // namespace

/// Without a zero point the result is of uint8.
void write(NodeWriter& w, const ops::QuantizeLinear& op) {
  if (op.awayFromZero) w.refuse("halves that are rounded away from zero");
  const auto type = static_cast<DataType>(op.type);
  const bool isDefault = w.has(2) || type == DataType::Uint8;
  Added y = w.add("QuantizeLinear",
                  {w.x(0), w.x(1), isDefault ? w.x(2) : w.zeros({type, w.type(1).shape})});
  setSpread(w, y, op.spread, type);
  w.give(0, y);
}

void write(NodeWriter& w, const ops::DequantizeLinear& op) {
  Added y = w.add("DequantizeLinear", {w.x(0), w.x(1), w.x(2)});
  setSpread(w, y, op.spread, w.type(0).type == DataType::Int32 ? DataType::Int8 : w.type(0).type);
  w.give(0, y);
}

void write(NodeWriter& w, const ops::DynamicQuantizeLinear&) {
  const Added y = w.add("DynamicQuantizeLinear", {w.x(0)}, 3);
  for (int i = 0; i < 3; ++i) w.give(i, y.output(i));
}

namespace {

/// A convolution's bias or factors as something to add to its result, or to multiply it with.
Name acrossChannels(NodeWriter& w, int bias) {
  std::vector<int64_t> shape(static_cast<size_t>(w.rank(0) - 1), 1);
  shape[0] = w.type(bias).shape.elements();
  return w.reshaped(w.x(bias), shape);
}

/// Zero points of the rows of a matrix, which ONNX has as a row.
Name zeroOfRows(NodeWriter& w, int i) {
  const Shape& shape = w.type(i).shape;
  if (shape.rank() < 2) return w.x(i);
  return w.reshaped(w.x(i), std::array{shape.elements()});
}

struct Range {
  int64_t least, most;
};
Range rangeOf(DataType type) { return type == DataType::Int8 ? Range{-128, 127} : Range{0, 255}; }

/// round(clamp(x)) + zero as 8 bits; x is float32.
Name toBytes(NodeWriter& w, const Name& x, Range range, int64_t zero, DataType type) {
  const auto bound = [&](int64_t value) { return w.number(static_cast<float>(value - zero)); };
  const Name clipped = w.add("Clip", {x, bound(range.least), bound(range.most)});
  const Name rounded = w.add("Round", {clipped});
  return w.cast(w.add("Add", {rounded, w.number(static_cast<float>(zero))}), type);
}

/// An activation is a narrower range than the type's.
Name narrowed(NodeWriter& w, const Name& y, const ops::QuantisedResult& result) {
  const DataType type = result.dataType();
  const Range whole = rangeOf(type);
  if (result.least <= whole.least && result.most >= whole.most) return y;
  return w.add("Clip", {y, w.small(result.least, type), w.small(result.most, type)});
}

void checkRule(NodeWriter& w, const ops::QuantisedResult& y) {
  if (y.isTflite()) w.refuse("TensorFlow Lite's rounding of integers");
}

Name toFloats(NodeWriter& w, int i, const ops::Quantisation& quantisation) {
  return w.add("DequantizeLinear",
               {w.x(i), w.number(quantisation.scale), w.small(quantisation.zero, w.type(i).type)});
}

Name quantised(NodeWriter& w, const Name& y, float scale, const ops::QuantisedResult& result) {
  const Name bytes =
      w.add("QuantizeLinear", {y, w.number(scale), w.small(result.zero, result.dataType())});
  return narrowed(w, bytes, result);
}

}  // namespace

void write(NodeWriter& w, const ops::ConvInteger& op) {
  Added y = w.add("ConvInteger", {w.x(0), w.x(1), w.x(2), w.x(3)});
  w.setWindow(y, op).set("group", op.groups);
  w.give(0, w.has(4) ? Name(w.add("Add", {y, acrossChannels(w, 4)})) : y.output());
}

void write(NodeWriter& w, const ops::MatMulInteger&) {
  w.give(0, w.add("MatMulInteger", {w.x(0), w.x(1), zeroOfRows(w, 2), w.x(3)}));
}

void write(NodeWriter& w, const ops::Requantize& op) {
  const auto type = static_cast<DataType>(op.type);
  const auto scale = [&](int i) {
    return w.type(i).type == DataType::Float32 ? w.x(i) : w.cast(w.x(i), DataType::Float32);
  };
  const Name factor = w.add("Div", {w.add("Mul", {scale(1), scale(2)}), scale(3)});
  const Name scaled = w.add("Mul", {w.cast(w.x(0), DataType::Float32), factor});
  const Name rounded = w.add("Round", {scaled});
  const Name y =
      w.has(4) ? Name(w.add("Add", {rounded, w.cast(w.x(4), DataType::Float32)})) : rounded;
  w.give(0, toBytes(w, y, rangeOf(type), 0, type));
}

namespace {

/// The zero point of the input, which may be computed by the run.
Name zeroOfInput(NodeWriter& w, int64_t zero) {
  return w.has(4) ? w.x(4) : w.small(zero, w.type(0).type);
}

/// An integer product times its factors and with its bias, in float32: what dynamic quantisation has.
Name scaled(NodeWriter& w, const Name& sum, const Name& factors, const Name& bias) {
  const Name y = w.add("Mul", {w.cast(sum, DataType::Float32), factors});
  return bias.empty() ? y : Name(w.add("Add", {y, bias}));
}

Name realConv(NodeWriter& w, const ops::QuantizedConv& op) {
  Added sum = w.add("ConvInteger",
                    {w.x(0), w.x(1), zeroOfInput(w, op.xZero), w.small(op.wZero, DataType::Int8)});
  w.setWindow(sum, op).set("group", op.groups);
  return scaled(w, sum, acrossChannels(w, 3), w.has(2) ? acrossChannels(w, 2) : "");
}

/// A zero point for each channel.
Name zerosOfWeights(NodeWriter& w, int64_t zero, int64_t channels) {
  if (zero == 0) return w.zeros({DataType::Int8, {channels}});
  return w.add("Expand", {w.small(zero, DataType::Int8), w.row({&channels, 1})});
}

/// Scales of x and the result where the model's own give the very factors: (x * w) / y in float32.
struct OwnScales {
  float x, y;
  std::span<const float> w;
};
std::optional<OwnScales> ownScales(const NodeWriter& w) {
  const Quantisation x = w.quantisation(0), weights = w.quantisation(1),
                     y = w.resultQuantisation(0);
  const auto factors = w.floats(3);
  if (x.scales.size() != 1 || y.scales.size() != 1 || weights.scales.size() != factors.size())
    return std::nullopt;
  for (size_t c = 0; c < factors.size(); ++c)
    if (x.scales[0] * weights.scales[c] / y.scales[0] != factors[c]) return std::nullopt;
  return OwnScales{x.scales[0], y.scales[0], weights.scales};
}

Name bytesConv(NodeWriter& w, const ops::QuantizedConv& op) {
  const DataType type = w.type(0).type;
  if (op.y.dataType() != type) w.refuse("a QLinearConv from one type of 8 bits to another");
  const Name zeros = zerosOfWeights(w, op.wZero, w.type(3).shape.elements());
  const auto own = ownScales(w);
  Added y = w.add("QLinearConv", {w.x(0), w.number(own ? own->x : 1), zeroOfInput(w, op.xZero),
                                  w.x(1), own ? w.numbers(own->w) : w.x(3), zeros,
                                  w.number(own ? own->y : 1), w.small(op.y.zero, type), w.x(2)});
  w.setWindow(y, op).set("group", op.groups);
  return narrowed(w, y, op.y);
}

}  // namespace

void write(NodeWriter& w, const ops::QuantizedConv& op) {
  checkRule(w, op.y);
  w.give(0, op.y.isReal() ? w.apply(op.epilogue, realConv(w, op)) : bytesConv(w, op));
}

void write(NodeWriter& w, const ops::QuantizedMatMul& op) {
  checkRule(w, op.y);
  static constexpr int64_t kTurned[] = {1, 0};
  const Name b = op.transposeB ? w.transposed(w.x(1), kTurned) : w.x(1);
  Name y = w.add("MatMulInteger",
                 {w.x(0), b, zeroOfInput(w, op.xZero), w.small(op.wZero, DataType::Int8)});
  if (op.y.isReal()) return w.give(0, w.apply(op.epilogue, scaled(w, y, w.x(3), w.x(2))));
  if (w.has(2)) y = w.add("Add", {y, w.x(2)});
  y = w.add("Mul", {w.cast(y, DataType::Float32), w.x(3)});
  w.give(0, toBytes(w, y, {op.y.least, op.y.most}, op.y.zero, op.y.dataType()));
}

void write(NodeWriter& w, const ops::QuantizedBinary& op) {
  checkRule(w, op.y);
  static constexpr const char* kNames[] = {"Add", "Mul", "Sub", "PRelu"};
  const Name y =
      w.add(kNames[static_cast<size_t>(op.fn)], {toFloats(w, 0, op.a), toFloats(w, 1, op.b)});
  w.give(0, quantised(w, y, op.yScale, op.y));
}

void write(NodeWriter& w, const ops::QuantizedPool& op) {
  checkRule(w, op.y);
  Added y = w.add(op.pool.global ? "GlobalAveragePool" : "AveragePool", {toFloats(w, 0, op.x)});
  if (!op.pool.global)
    w.setWindow(y, op.pool)
        .set("ceil_mode", int64_t{op.pool.ceilMode})
        .set("count_include_pad", int64_t{op.pool.countIncludePad});
  w.give(0, quantised(w, y, op.yScale, op.y));
}

/// Indices below 0 count from the end in ONNX too.
void write(NodeWriter& w, const ops::LookUp&) {
  w.give(0, w.add("Gather", {w.x(1), w.cast(w.x(0), DataType::Int32)}).set("axis", int64_t{0}));
}

}  // namespace minnow::converter::exported
