// Products of integers with others than bytes: real numbers times integers (dynamic range), which become bytes while
// the model runs, and integers of 16 bits.
#include <algorithm>
#include <functional>

#include "base/fail.h"
#include "converter/tflite/products.h"
#include "converter/tflite/quantised.h"
#include "ops/integer_product.h"
#include "ops/quantize.h"

namespace minnow::converter {
namespace {

using ops::BinaryFn;
using ops::ReduceFn;
using ops::UnaryFn;
using Value = ir::ValueId;

/// Rows of real numbers as int8, each by a scale of its own.
struct DynamicRows {
  Value bytes, scale;         ///< [rows, n], [rows, 1]
  Value zero = ir::kNoValue;  ///< [rows, 1] int8, if there are zero points
};

class DynamicQuantiser {
 public:
  explicit DynamicQuantiser(TfliteOperator& op) : op_(op), c_(op.compose()) {}

  /// From -127 to 127: s is the largest magnitude / 127.
  DynamicRows symmetric(Value rows) const {
    const Value most = notZero(c_.reduce(ReduceFn::Max, c_(UnaryFn::Abs, rows), 1));
    const Value steps = c_(BinaryFn::Mul, rows, c_(BinaryFn::Div, c_.number(127), most));
    return {nearest(steps, ir::kNoValue), c_(BinaryFn::Div, most, c_.number(127))};
  }

  /// From the least to the most, 0 among them; the zero point is found from the end that is less in error.
  DynamicRows asymmetric(Value rows) const {
    const Value least = c_(BinaryFn::Min, c_.reduce(ReduceFn::Min, rows, 1), c_.number(0)),
                most = c_(BinaryFn::Max, c_.reduce(ReduceFn::Max, rows, 1), c_.number(0));
    const auto wide = [&](Value v) { return c_.cast(v, DataType::Float64); };
    const auto of = [&](double v) { return op_.context().constantDouble(v); };
    const Value step = c_(BinaryFn::Div, wide(notZero(c_(BinaryFn::Sub, most, least))), of(255));
    const Value atLeast = c_(BinaryFn::Div, wide(least), step),
                atMost = c_(BinaryFn::Div, wide(most), step);
    const Value isLess =
        c_(BinaryFn::Less, c_(BinaryFn::Sub, of(128), atLeast), c_(BinaryFn::Add, of(127), atMost));
    const Value zero =
        c_.choose(isLess, c_(BinaryFn::Sub, of(-128), atLeast), c_(BinaryFn::Sub, of(127), atMost));
    const Value inside = c_(BinaryFn::Min, c_(BinaryFn::Max, halfAway(zero), of(-128)), of(127));
    const Value scale = c_.cast(step, DataType::Float32);
    const Value steps = c_(BinaryFn::Mul, rows, c_(BinaryFn::Div, c_.number(1), scale));
    const Value zeros = c_.cast(c_.cast(inside, DataType::Int32), DataType::Int8);
    return {nearest(steps, c_.reshape(zeros, {-1})), scale, zeros};
  }

  /// Of doubles.
  Value halfAway(Value v) const {
    const Value half = op_.context().constantDouble(0.5);
    return c_(BinaryFn::Mul, c_(UnaryFn::Sign, v),
              c_(UnaryFn::Floor, c_(BinaryFn::Add, c_(UnaryFn::Abs, v), half)));
  }

 private:
  /// Rows of zeros alone may have any scale.
  Value notZero(Value v) const {
    return c_.choose(c_(BinaryFn::Equal, v, c_.number(0)), c_.number(1), v);
  }
  Value nearest(Value steps, Value zeros) const {
    auto made = std::make_unique<ops::QuantizeLinear>();
    made->type = static_cast<int64_t>(DataType::Int8);
    made->awayFromZero = true;
    made->spread.axis = 0;
    std::vector<Value> inputs{steps, c_.number(1)};
    inputs.push_back(zeros != ir::kNoValue ? zeros : c_.cast(c_.integer(0), DataType::Int8));
    return op_.emit(std::move(made), std::move(inputs));
  }

  TfliteOperator& op_;
  Composer c_;
};

/// Weights of int8 with their scales, as factors of a product or to be multiplied by later.
Value scalesOf(TfliteOperator& op, const WeightScales& by, Shape shape) {
  return op.context().constantFloatTensor(std::move(shape), by.scales);
}

void expectSigned(const TfliteOperator& op) {
  if (op.typeOf(1) != DataType::Int8 || dataTypeOf(op.declaredOutput(0)) != DataType::Float32)
    op.unsupported(text("weights of ", op.typeOf(1), " for real numbers"));
}

Value withBias(TfliteOperator& op, Value y, Shape shape) {
  if (!op.hasInput(2)) return y;
  std::vector<int64_t> extents(shape.begin(), shape.end());
  return op.compose()(BinaryFn::Add, y, op.compose().reshape(op.in(2), extents));
}

}  // namespace

void importHybridFullyConnected(TfliteOperator& op) {
  expectSigned(op);
  const auto& options = op.options<tfl::FullyConnectedOptions>();
  const Value x = rowsOf(op, options);
  const int64_t depth = op.shape(1)[1], outputs = op.shape(1)[0];
  const WeightScales by = weightScales(op, op.declaredInput(1), 0, outputs);
  const Composer c = op.compose();
  const DynamicQuantiser quantiser(op);
  const Value rows = c.reshape(x, {-1, depth});
  const bool isAsymmetric = options.asymmetric_quantize_inputs();
  const DynamicRows q = isAsymmetric ? quantiser.asymmetric(rows) : quantiser.symmetric(rows);
  Value sums;
  if (isAsymmetric) {
    const Value zero = c.cast(c.integer(0), DataType::Int8);
    sums = c.cast(op.emit(std::make_unique<ops::MatMulInteger>(),
                          {q.bytes, op.transposed(op.in(1), {1, 0}), q.zero, zero}),
                  DataType::Float32);
  } else {
    auto product = std::make_unique<ops::QuantizedMatMul>();
    product->transposeB = true;
    product->y = ops::QuantisedResult::real();
    sums = op.emit(std::move(product), {q.bytes, op.in(1), ir::kNoValue, c.number(1)});
  }
  const Shape each = by.scales.size() == 1 ? Shape{1, 1} : Shape{1, outputs};
  Value y = c(BinaryFn::Mul, sums, c(BinaryFn::Mul, q.scale, scalesOf(op, by, each)));
  y = withBias(op, y, {1, outputs});
  const Shape in = op.context().typeOf(x).shape;
  if (in.rank() != 2) {
    std::vector<int64_t> extents(in.begin(), in.end());
    extents.back() = outputs;
    op.assumeShape(0);
    y = c.reshape(y, extents);
  }
  op.set(0, y, options.activation());
}

/// Of weights with one scale for all symmetric, else not; LiteRT multiplies by the scales in another order for each.
void importHybridConv(TfliteOperator& op) {
  expectSigned(op);
  const bool isDepthwise = op.type() == "DEPTHWISE_CONV_2D";
  const int64_t groups = isDepthwise ? depthwiseGroupsOf(op) : groupsOf(op);
  const Shape in = op.shape(0), filter = filterShape(op, 1);
  const int channelAxis = isDepthwise ? 3 : 0;
  const int64_t outputs = filter[channelAxis];
  const WeightScales by = weightScales(op, op.declaredInput(1), channelAxis, outputs);
  const bool isSymmetric = !isDepthwise && by.scales.size() == 1;
  const bool scalesFirst = !isDepthwise && !isSymmetric;
  if (!isSymmetric && in[0] != 1) op.unsupported("weights of int8 for several images at once");
  const Composer c = op.compose();
  const DynamicQuantiser quantiser(op);
  op.assumeShape(0);
  const Value rows = c.reshape(op.in(0), {in[0], -1});
  const DynamicRows q = isSymmetric ? quantiser.symmetric(rows) : quantiser.asymmetric(rows);
  const Value image = c.transpose(c.reshape(q.bytes, {in[0], in[1], in[2], in[3]}), {0, 3, 1, 2});
  auto conv = std::make_unique<ops::QuantizedConv>();
  conv->groups = groups;
  conv->y = ops::QuantisedResult::real();
  tfl::Activation activation;
  const auto setOptions = [&](const auto& options) {
    setWindow(op, options, filter, *conv);
    conv->dilations = {options.dilation_h(), options.dilation_w()};
    activation = options.activation();
  };
  isDepthwise ? setOptions(op.options<tfl::DepthwiseConv2DOptions>())
              : setOptions(op.options<tfl::Conv2DOptions>());
  const Shape each{std::ssize(by.scales)};
  std::vector<Value> inputs{image,
                            op.transposed(op.in(1), isDepthwise ? kOutputsLast : kOutputsFirst),
                            ir::kNoValue, scalesFirst ? scalesOf(op, by, each) : c.number(1)};
  if (!isSymmetric) inputs.push_back(c.reshape(q.zero, {1}));
  Value y = op.emit(std::move(conv), std::move(inputs));
  Value scale = c.reshape(q.scale, {-1, 1, 1, 1});
  if (!scalesFirst)
    scale = c(BinaryFn::Mul, scale, scalesOf(op, by, {1, std::ssize(by.scales), 1, 1}));
  y = c(BinaryFn::Mul, y, scale);
  op.set(0, withBias(op, y, {1, outputs, 1, 1}), activation, Axes::ChannelsFirst);
}

// 16 bits times 8 -----------------------------------------------------------------------------------

namespace {

/// Sums in 64 bits by products of the upper and of the lower bytes of x.
Value wideSums(TfliteOperator& op, Value x, const std::function<Value(Value)>& product) {
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const Value all = whole.of(x);
  const Value upper = c.cast(whole.right(all, whole.number(8)), DataType::Int8);
  const Value lower = c.cast(c(BinaryFn::BitwiseAnd, all, whole.number(255)), DataType::Uint8);
  return whole.plus(whole.times(whole.of(product(upper)), whole.number(256)),
                    whole.of(product(lower)));
}

/// No zero points, weights of int8, and sx * sw / so of each channel or all.
std::vector<double> wideFactors(TfliteOperator& op, int axis, int64_t channels) {
  const WeightScales by = weightScales(op, op.declaredInput(1), axis, channels);
  const ops::Quantisation x = quantisationOf(op, op.declaredInput(0)),
                          y = quantisationOf(op, op.declaredOutput(0));
  if (x.zero != 0 || y.zero != 0 || by.zero != 0) op.unsupported("int16 with a zero point");
  if (op.typeOf(1) != DataType::Int8 || dataTypeOf(op.declaredOutput(0)) != DataType::Int16)
    op.unsupported(text("int16 with weights of ", op.typeOf(1)));
  std::vector<double> factors;
  for (const double scale : by.scales) factors.push_back(double{x.scale} * scale / double{y.scale});
  return factors;
}

/// A multiplier of 15 bits, one rounding, half upwards.
Value wideResult(TfliteOperator& op, Value sums, const std::vector<double>& factors,
                 const Shape& each, const ops::QuantisedResult& y) {
  std::vector<int64_t> multipliers, halves, shifts;
  for (double r : factors) {
    const kernels::FixedFactor fixed(r);
    const int64_t cut =
        fixed.multiplier >= 0x7FFF0000 ? 0x7FFF : (int64_t{fixed.multiplier} + (1 << 15)) >> 16;
    if (fixed.exponent > 14) op.unsupported("scales that are so far apart");
    multipliers.push_back(cut);
    halves.push_back(int64_t{1} << (14 - fixed.exponent));
    shifts.push_back(15 - fixed.exponent);
  }
  const auto row = [&](const std::vector<int64_t>& values) {
    return op.context().constantIntTensor(each, values);
  };
  const WholeNumbers whole(op);
  const Value moved =
      whole.right(whole.plus(whole.times(sums, row(multipliers)), row(halves)), row(shifts));
  return whole.stored(whole.of(op.compose().cast(moved, DataType::Int32)), y);
}

}  // namespace

void importWideConv(TfliteOperator& op) {
  const bool isDepthwise = op.type() == "DEPTHWISE_CONV_2D";
  const int64_t groups = isDepthwise ? depthwiseGroupsOf(op) : groupsOf(op);
  const Shape filter = filterShape(op, 1);
  const int axis = isDepthwise ? 3 : 0;
  const int64_t outputs = filter[axis];
  const std::vector<double> factors = wideFactors(op, axis, outputs);
  ops::ConvInteger conv;
  conv.groups = groups;
  ops::QuantisedResult y;
  const auto setOptions = [&](const auto& options) {
    setWindow(op, options, filter, conv);
    conv.dilations = {options.dilation_h(), options.dilation_w()};
    y = resultOf(op, options.activation());
  };
  isDepthwise ? setOptions(op.options<tfl::DepthwiseConv2DOptions>())
              : setOptions(op.options<tfl::Conv2DOptions>());
  const Value weights = op.transposed(op.in(1), isDepthwise ? kOutputsLast : kOutputsFirst);
  Value sums = wideSums(op, op.image(0), [&](Value bytes) {
    return op.emit(std::make_unique<ops::ConvInteger>(conv), {bytes, weights});
  });
  const WholeNumbers whole(op);
  if (op.hasInput(2))
    sums = whole.plus(sums, op.compose().reshape(whole.of(op.in(2)), {1, outputs, 1, 1}));
  const Shape each = factors.size() == 1 ? Shape{1, 1, 1, 1} : Shape{1, outputs, 1, 1};
  op.set(0, wideResult(op, sums, factors, each, y), Axes::ChannelsFirst);
}

void importWideFullyConnected(TfliteOperator& op) {
  const auto& options = op.options<tfl::FullyConnectedOptions>();
  const Value x = rowsOf(op, options);
  const int64_t outputs = op.shape(1)[0];
  std::vector<double> factors = wideFactors(op, 0, outputs);
  const ops::QuantisedResult y = resultOf(op, options.activation());
  const Value weights = op.transposed(op.in(1), {1, 0});
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  Value sums = wideSums(op, x, [&](Value bytes) {
    return op.emit(std::make_unique<ops::MatMulInteger>(), {bytes, weights});
  });
  if (op.hasInput(2)) sums = whole.plus(sums, whole.of(op.in(2)));
  const Value row = op.context().constantOf({DataType::Float64, Shape{std::ssize(factors)}},
                                            std::as_bytes(std::span(factors)));
  const Value real =
      DynamicQuantiser(op).halfAway(c(BinaryFn::Mul, c.cast(sums, DataType::Float64), row));
  const auto limit = [&](int64_t v) { return op.context().constantDouble(static_cast<double>(v)); };
  const Value inside = c(BinaryFn::Min, c(BinaryFn::Max, real, limit(y.least)), limit(y.most));
  op.set(0, c.cast(c.cast(inside, DataType::Int32), DataType::Int16));
}

}  // namespace minnow::converter
