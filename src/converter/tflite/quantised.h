// Operators on quantised tensors of TensorFlow Lite, by the rules of its reference kernels, to the bit. Scales, zero
// points and activations become attributes of our operators on bytes (ops/quantized.h); functions of one value become
// tables; what is rare is put together of operators on whole numbers.
#pragma once

#include <array>
#include <functional>

#include "converter/tflite/operator.h"
#include "kernels/quantized.h"

namespace minnow::converter {

/// Least and greatest number of int8, uint8 or int16.
struct WholeRange {
  int64_t least, most;
  int64_t clamped(int64_t v) const { return std::clamp(v, least, most); }
};
WholeRange rangeOf(DataType type);

/// What the integers of a tensor stand for, one scale for all of it; an error where they stand for nothing, or each
/// channel has its own.
ops::Quantisation quantisationOf(const TfliteOperator& op, const tfl::Tensor& tensor);
/// True of equal scales and zero points.
bool isAlike(const TfliteOperator& op, const tfl::Tensor& a, const tfl::Tensor& b);

/// Scales of weights, one or one for each of `channels` along `axis`, and the zero point that they share.
struct WeightScales {
  std::vector<float> scales;
  int64_t zero = 0;
};
WeightScales weightScales(const TfliteOperator& op, const tfl::Tensor& tensor, int axis,
                          int64_t channels);

/// How output 0 takes results, an activation's limits included.
ops::QuantisedResult resultOf(const TfliteOperator& op, tfl::Activation activation,
                              ops::QuantisationRule rule = ops::QuantisationRule::TfliteFixed);

/// The nearest whole number, half away from zero, within a million; of no number the least.
int64_t nearestWhole(float steps);

/// y = table[x] of bytes: fn(stored x) is what is stored, before it is clamped to the type of output 0.
ir::ValueId byTable(TfliteOperator& op, ir::ValueId x, const std::function<int64_t(int64_t)>& fn);
/// y = table[x] by a function of real numbers in float32.
ir::ValueId byRealTable(TfliteOperator& op, ir::ValueId x, const std::function<float(float)>& fn);
/// Any function of two bytes: a table of 65536.
ir::ValueId byPairTable(TfliteOperator& op, Axes axes,
                        const std::function<int64_t(int64_t, int64_t)>& fn);
/// y = table[x] of int16.
ir::ValueId byWideTable(TfliteOperator& op, ir::ValueId x,
                        const std::function<int64_t(int64_t)>& fn);
/// What LiteRT makes of a function of int16: 512 stretches of its range, in each a line whose ends make up for what it
/// misses in the middle. Where the function bends within a stretch it is far off, and so is this.
class InterpolatedTable {
 public:
  struct DoubleScale {
    double scale;
    int64_t zero;
  };
  InterpolatedTable(const ops::Quantisation& x, const ops::Quantisation& y,
                    const std::function<float(float)>& fn);
  /// Of SOFTMAX, whose tables LiteRT makes in double.
  InterpolatedTable(DoubleScale x, double yScale, const std::function<double(double)>& fn);
  int64_t operator()(int64_t q) const;

 private:
  std::array<int16_t, 513> points_;
};
/// The same of int64 within 16 bits, as int16.
ir::ValueId wideLookUp(TfliteOperator& op, ir::ValueId x,
                       const std::function<int64_t(int64_t)>& fn);
/// e^x, rounded once.
float expInFloat(float x);

/// Inputs and output 0 of 8 bits.
void expectBytes(const TfliteOperator& op);

/// Of 16 bits.
void importWideSigmoid(TfliteOperator& op);
void importWidePool(TfliteOperator& op);
/// What RSQRT stores of x less its zero point.
int64_t quantisedRsqrt(int64_t v, const kernels::FixedFactor& factor, int64_t zero);

/// Cuts what is stored to an activation's limits.
ir::ValueId activated(TfliteOperator& op, ir::ValueId x, tfl::Activation activation);

/// Whole numbers of 64 bits, and the steps that TensorFlow Lite takes with them.
class WholeNumbers {
 public:
  using Value = ir::ValueId;

  explicit WholeNumbers(TfliteOperator& op)
      : c_(op.compose()), type_(dataTypeOf(op.declaredOutput(0))) {}

  Value of(Value x) const { return c_.cast(x, DataType::Int64); }
  Value number(int64_t v) const { return c_.integer(v); }
  Value plus(Value a, Value b) const { return c_(ops::BinaryFn::Add, a, b); }
  Value minus(Value a, Value b) const { return c_(ops::BinaryFn::Sub, a, b); }
  Value times(Value a, Value b) const { return c_(ops::BinaryFn::Mul, a, b); }
  Value left(Value a, Value bits) const { return c_(ops::BinaryFn::ShiftLeft, a, bits); }
  Value right(Value a, Value bits) const { return c_(ops::BinaryFn::ShiftRight, a, bits); }
  /// (a * b + 2^30) >> 31.
  Value highProduct(Value a, Value b) const {
    return right(plus(times(a, b), number(int64_t{1} << 30)), number(31));
  }
  /// a / 2^bits, half away from zero.
  Value dividedByPower(Value a, int64_t bits) const;
  /// FixedFactor::times().
  Value times(Value a, const kernels::FixedFactor& factor) const;
  Value clamped(Value a, int64_t least, int64_t most) const;
  /// As output 0 of an operator stores it.
  Value stored(Value a, const ops::QuantisedResult& y) const;

 private:
  Composer c_;
  DataType type_;
};

}  // namespace minnow::converter
