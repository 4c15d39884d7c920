// What importers of quantised operators have in common.
#include "converter/tflite/quantised.h"

#include <algorithm>
#include <cmath>

#include "base/fail.h"

namespace minnow::converter {

using Value = ir::ValueId;

WholeRange rangeOf(DataType type) {
  if (type == DataType::Int16) return {-32768, 32767};
  return type == DataType::Int8 ? WholeRange{-128, 127} : WholeRange{0, 255};
}

namespace {

bool isScale(float scale) { return std::isfinite(scale) && scale > 0; }

const tfl::QuantizationParameters& parametersOf(const TfliteOperator& op,
                                                const tfl::Tensor& tensor) {
  if (!isQuantised(tensor))
    op.unsupported(text("a mix of quantised tensors and ", typeName(tensor)));
  return *tensor.quantization();
}

/// One for each scale; what the file leaves out is 0.
std::vector<int64_t> zerosOf(const tfl::QuantizationParameters& by) {
  std::vector<int64_t> zeros = zeroPoints(by);
  zeros.resize(by.scale()->size(), 0);
  return zeros;
}

}  // namespace

ops::Quantisation quantisationOf(const TfliteOperator& op, const tfl::Tensor& tensor) {
  const auto& by = parametersOf(op, tensor);
  if (by.scale()->size() != 1) op.unsupported("a scale for each channel here");
  const ops::Quantisation found{by.scale()->Get(0), zerosOf(by).front()};
  const WholeRange range = rangeOf(dataTypeOf(tensor));
  if (!isScale(found.scale)) op.broken(text("a scale is ", found.scale));
  if (found.zero < range.least || found.zero > range.most)
    op.broken(text("a zero point of ", found.zero, " is no ", typeName(tensor)));
  return found;
}

bool isAlike(const TfliteOperator& op, const tfl::Tensor& a, const tfl::Tensor& b) {
  const ops::Quantisation first = quantisationOf(op, a), second = quantisationOf(op, b);
  return first.scale == second.scale && first.zero == second.zero;
}

WeightScales weightScales(const TfliteOperator& op, const tfl::Tensor& tensor, int axis,
                          int64_t channels) {
  const auto& by = parametersOf(op, tensor);
  const std::vector<int64_t> zeros = zerosOf(by);
  WeightScales found{{by.scale()->begin(), by.scale()->end()}, zeros.front()};
  const auto count = std::ssize(found.scales);
  if (count != 1 && (count != channels || by.quantized_dimension() != axis))
    op.broken(text("weights of ", channels, " channels have ", count, " scales along axis ",
                   by.quantized_dimension()));
  if (!std::ranges::all_of(found.scales, isScale) || std::ranges::count(zeros, found.zero) != count)
    op.unsupported("weights of such scales or zero points");
  return found;
}

ops::QuantisedResult resultOf(const TfliteOperator& op, tfl::Activation activation,
                              ops::QuantisationRule rule) {
  const tfl::Tensor& tensor = op.declaredOutput(0);
  const auto [scale, zero] = quantisationOf(op, tensor);
  const WholeRange range = rangeOf(dataTypeOf(tensor));
  auto y = ops::QuantisedResult::of(dataTypeOf(tensor), zero);
  y.rule = rule;
  y.least = range.least, y.most = range.most;
  const auto limit = [scale = scale, zero = zero, range](float real) {
    const double steps = std::clamp(std::round(double{real / scale}), -1e6, 1e6);
    return range.clamped(zero + static_cast<int64_t>(steps));
  };
  switch (activation) {
    case tfl::Activation::None:
      break;
    case tfl::Activation::Relu6:
      y.most = limit(6);
      [[fallthrough]];
    case tfl::Activation::Relu:
      y.least = zero;
      break;
    case tfl::Activation::ReluN1To1:
      y.least = limit(-1), y.most = limit(1);
      break;
    default:
      op.unsupported(text("fused activation ", static_cast<int>(activation)));
  }
  return y;
}

int64_t nearestWhole(float steps) {
  const float whole = std::round(steps);
  return static_cast<int64_t>(whole > -1e6F ? std::min(whole, 1e6F) : -1e6F);
}

Value byTable(TfliteOperator& op, Value x, const std::function<int64_t(int64_t)>& fn) {
  const DataType to = dataTypeOf(op.declaredOutput(0));
  const bool isSigned = op.context().typeOf(x).type == DataType::Int8;
  const WholeRange range = rangeOf(to);
  std::array<uint8_t, 256> table;
  for (int i = 0; i < 256; ++i)
    table[static_cast<size_t>(i)] = static_cast<uint8_t>(
        range.clamped(fn(isSigned ? int64_t{static_cast<int8_t>(i)} : int64_t{i})));
  const Value results = op.context().constantOf({to, Shape{256}}, std::as_bytes(std::span(table)));
  return op.emit(std::make_unique<ops::LookUp>(), {x, results});
}

void expectBytes(const TfliteOperator& op) {
  for (int i = 0; i < op.inputs(); ++i)
    if (op.hasInput(i) && elementSize(op.typeOf(i)) != 1)
      op.unsupported(text("quantised ", op.typeOf(i), " here"));
  if (elementSize(dataTypeOf(op.declaredOutput(0))) != 1) op.unsupported("another output type");
}

Value byPairTable(TfliteOperator& op, Axes axes,
                  const std::function<int64_t(int64_t, int64_t)>& fn) {
  const DataType to = dataTypeOf(op.declaredOutput(0));
  const WholeRange a = rangeOf(op.typeOf(0)), b = rangeOf(op.typeOf(1)), y = rangeOf(to);
  std::vector<uint8_t> table;
  for (int64_t left = a.least; left <= a.most; ++left)
    for (int64_t right = b.least; right <= b.most; ++right)
      table.push_back(static_cast<uint8_t>(y.clamped(fn(left, right))));
  op.spend(table.size());
  const Composer c = op.compose();
  const WholeNumbers whole(op);
  const Value results =
      op.context().constantOf({to, Shape{65536}}, std::as_bytes(std::span(table)));
  const Value places =
      whole.plus(whole.plus(whole.times(whole.of(op.in(0, axes)), whole.number(256)),
                            whole.of(op.in(1, axes))),
                 whole.number(-256 * a.least - b.least));
  return c.gather(results, places, 0);
}

Value byWideTable(TfliteOperator& op, Value x, const std::function<int64_t(int64_t)>& fn) {
  return wideLookUp(op, WholeNumbers(op).of(x), fn);
}

Value wideLookUp(TfliteOperator& op, Value x, const std::function<int64_t(int64_t)>& fn) {
  const WholeRange range = rangeOf(DataType::Int16);
  std::vector<int16_t> table;
  for (int64_t q = range.least; q <= range.most; ++q)
    table.push_back(static_cast<int16_t>(range.clamped(fn(q))));
  op.spend(table.size() * sizeof(int16_t));
  const WholeNumbers whole(op);
  const Value results =
      op.context().constantOf({DataType::Int16, Shape{65536}}, std::as_bytes(std::span(table)));
  return op.compose().gather(results, whole.plus(x, whole.number(-range.least)), 0);
}

Value byRealTable(TfliteOperator& op, Value x, const std::function<float(float)>& fn) {
  const ops::Quantisation in = quantisationOf(op, op.declaredInput(0)),
                          out = quantisationOf(op, op.declaredOutput(0));
  const float inverse = 1 / out.scale;
  return byTable(op, x, [&](int64_t q) {
    return nearestWhole(fn(in.scale * static_cast<float>(q - in.zero)) * inverse) + out.zero;
  });
}

Value activated(TfliteOperator& op, Value x, tfl::Activation activation) {
  if (activation == tfl::Activation::None) return x;
  const ops::QuantisedResult y = resultOf(op, activation);
  return byTable(op, x, [&](int64_t q) { return std::clamp(q, y.least, y.most); });
}

Value WholeNumbers::dividedByPower(Value a, int64_t bits) const {
  if (bits == 0) return a;
  const Value half = number(int64_t{1} << (bits - 1));
  return right(plus(plus(a, half), right(a, number(63))), number(bits));
}

Value WholeNumbers::times(Value a, const kernels::FixedFactor& factor) const {
  if (factor.left() > 0)  // in 32 bits, which wrap around
    a = of(c_.cast(left(a, number(factor.left())), DataType::Int32));
  return dividedByPower(highProduct(a, number(factor.multiplier)), factor.right());
}

Value WholeNumbers::clamped(Value a, int64_t least, int64_t most) const {
  return c_(ops::BinaryFn::Min, c_(ops::BinaryFn::Max, a, number(least)), number(most));
}

Value WholeNumbers::stored(Value a, const ops::QuantisedResult& y) const {
  return c_.cast(clamped(plus(a, number(y.zero)), y.least, y.most), type_);
}

}  // namespace minnow::converter
