// Operators on quantised tensors of 8 bits, whose scales and zero points are attributes: integers in,
// integers out, nothing between in memory. x stands for (x - zero) * scale. Each keeps the rule of
// the engine that its file was made for, to the bit (docs/quantisation.md).
#pragma once

#include "ops/pool.h"
#include "ops/unary.h"
#include "ops/window.h"

namespace minnow::ops {

/// Whose arithmetic takes a result to 8 bits.
///   OnnxRuntime  float32 products, rounded half to even: what ONNX Runtime's integer kernels do
///   TfliteFixed  TensorFlow Lite's reference: a factor is 31 bits and a shift (FixedFactor of
///                kernels/quantized.h), and rounds twice
///   TfliteReal   the same where it rounds once, half away from zero: FULLY_CONNECTED, averages
enum class QuantisationRule : uint8_t { OnnxRuntime, TfliteFixed, TfliteReal, kCount };

/// What the integers of a tensor stand for.
struct Quantisation {
  float scale = 1;
  int64_t zero = 0;

  template <class V>
  void fields(V& v, const char* scaleName, const char* zeroName) {
    v(scaleName, scale);
    v(zeroName, zero);
  }
};

/// How results become integers of 8 bits, or real numbers where a product says so.
struct QuantisedResult {
  QuantisationRule rule = QuantisationRule::OnnxRuntime;
  int64_t type = static_cast<int64_t>(DataType::Uint8);  ///< uint8 or int8, of a product float32
  int64_t zero = 0;
  /// An activation is a narrower range: Relu from the zero point on.
  int64_t least = 0, most = 255;

  template <class V>
  void fields(V& v) {
    v("rule", rule, static_cast<int>(QuantisationRule::kCount));
    v("type", type);
    v("yZero", zero);
    v("least", least);
    v("most", most);
  }
  DataType dataType() const;
  bool isReal() const { return dataType() == DataType::Float32; }
  bool isTflite() const { return rule != QuantisationRule::OnnxRuntime && !isReal(); }
  /// The whole range of a type.
  static QuantisedResult of(DataType type, int64_t zero);
  static QuantisedResult real() { return {.type = static_cast<int64_t>(DataType::Float32)}; }
  /// Fails unless the zero point and the range lie within the type of 8 bits.
  Result<void> check() const;
};

/// Inputs: x 8 bits [N,C,spatial…], w int8 [O,C/groups,kernel…], optional bias [O], factors [O] or
/// one (float32; of TensorFlow Lite's rules float64), optional zero point of x, one of x's type, in
/// place of `xZero`. sum = Σ (x - xZero) * (w - wZero) in 32 bits, which wrap around; padding counts
/// as xZero. The result is
///   8 bits   the bias int32 is added to the sum first
///     OnnxRuntime  round(clamp(float(sum) * factor, least - yZero, most - yZero)) + yZero
///     TfliteFixed  clamp(FixedFactor(factor).times(sum) + yZero)
///     TfliteReal   clamp(double(sum) * factor, half away from zero, + yZero)
///   float32  y = float(sum) * factor + bias, with two roundings, and the epilogue
struct QuantizedConv final : OperatorBase<QuantizedConv>, WindowAttributes {
  static constexpr OpKind kKind = OpKind::QuantizedConv;
  static constexpr Facts kFacts{
      .layoutRole = LayoutRole::Spatial, .takesWeights = true, .rowsStandAlone = false};
  int64_t groups = 1;
  int64_t xBlock = 1;  ///< divides x's height and width: blocks that the weights' order stands for
  int64_t xZero = 0, wZero = 0;
  QuantisedResult y;
  Epilogue epilogue;  ///< of real results

  template <class V>
  void fields(V& v) {
    WindowAttributes::fields(v);
    v("groups", groups);
    v("xBlock", xBlock);
    v("xZero", xZero);
    v("wZero", wZero);
    y.fields(v);
    epilogue.fields(v);
  }
  Epilogue* fusedActivation() MINNOW_CONVERSION_OVERRIDE { return &epilogue; }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
  std::optional<WeightMatrices> weightMatrices(int index, const Shape& shape,
                                               const Strides& strides) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// Inputs: a 8 bits […,M,K], b int8 [K,N] (with transposeB [N,K]), optional bias [N], factors [N] or
/// one, optional zero point of a. As QuantizedConv, a row of a being a pixel.
struct QuantizedMatMul final : OperatorBase<QuantizedMatMul> {
  static constexpr OpKind kKind = OpKind::QuantizedMatMul;
  static constexpr Facts kFacts{.takesWeights = true};
  bool transposeB = false;
  int64_t xZero = 0, wZero = 0;
  QuantisedResult y;
  Epilogue epilogue;  ///< of real results

  template <class V>
  void fields(V& v) {
    v("transposeB", transposeB);
    v("xZero", xZero);
    v("wZero", wZero);
    y.fields(v);
    epilogue.fields(v);
  }
  Epilogue* fusedActivation() MINNOW_CONVERSION_OVERRIDE { return &epilogue; }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  int64_t multiplyAdds(std::span<const TensorType> inputs,
                       std::span<const TensorType> outputs) const override;
  std::optional<WeightMatrices> weightMatrices(int index, const Shape& shape,
                                               const Strides& strides) const override;
};

enum class QuantizedFn : uint8_t { Add, Mul, Sub, PRelu, kCount };

/// a and b of 8 bits, broadcast. OnnxRuntime, r being the scales' quotients in float32:
///   Add  k = yZero - fma(ra, aZero, rb * bZero); y = round(fma(a, ra, fma(b, rb, k)))
///   Mul  r = a.scale * b.scale / yScale; y = round(float((a - aZero) * (b - bZero)) * r + yZero)
///   Sub, PRelu, which it computes in float32: y = round(fn(p, q) / yScale) + yZero of the real
///        numbers p = (a - aZero) * a.scale and q; fn as of Binary
/// all clamped to the result's range. TfliteFixed, F(x, r) being FixedFactor(r).times(x):
///   Add  M = 2 * max of both scales; y = F(F((a - aZero) << 20, a.scale / M) + the same of b,
///        M / (2^20 * yScale)) + yZero, clamped; quotients in double. Sub takes the difference.
///   Mul  y = F((a - aZero) * (b - bZero), r) + yZero, clamped; r as above
///   PRelu  as Mul where a < aZero, else F(a - aZero, a.scale / yScale)
struct QuantizedBinary final : OperatorBase<QuantizedBinary> {
  static constexpr OpKind kKind = OpKind::QuantizedBinary;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow};
  QuantizedFn fn = QuantizedFn::Add;
  Quantisation a, b;
  float yScale = 1;
  QuantisedResult y;

  template <class V>
  void fields(V& v) {
    v("fn", fn, static_cast<int>(QuantizedFn::kCount));
    a.fields(v, "aScale", "aZero");
    b.fields(v, "bScale", "bZero");
    v("yScale", yScale);
    y.fields(v);
  }
  std::string name() const override;
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool mayRunInPlace(int) const override { return true; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// Average pooling of 8 bits. OnnxRuntime:
///   global    factor = x.scale / (yScale * N) over N elements, and as QuantizedConv
///   windowed  v = Σ x.scale * (x - x.zero) in float32, row-major from 0, divided by the taps that
///             count; y = round(v / yScale + yZero), clamped
/// TfliteReal: y = round half away(Σ x / taps that count), clamped, without scales and zero points.
/// TfliteFixed, global: y = F(Σ x - N * x.zero, x.scale / yScale / N) + yZero, clamped, the factor cut
/// as FixedFactor::dividedBy() does.
struct QuantizedPool final : OperatorBase<QuantizedPool> {
  static constexpr OpKind kKind = OpKind::QuantizedPool;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Spatial, .rowsStandAlone = false};
  Pool pool;  ///< its windows; an average
  Quantisation x;
  float yScale = 1;
  QuantisedResult y;

  QuantizedPool() { pool.fn = PoolFn::Average; }
  template <class V>
  void fields(V& v) {
    pool.fields(v);
    x.fields(v, "xScale", "xZero");
    v("yScale", yScale);
    y.fields(v);
  }
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  int64_t elementsVisited(std::span<const TensorType> inputs,
                          std::span<const TensorType> outputs) const override;
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

/// Any function of 8 bits. Inputs: x of 8 bits, its table of 256 results (uint8, int8 or float32).
/// y = table[x], of an int8 x table[x + 256] where x is negative: the byte counts.
struct LookUp final : OperatorBase<LookUp> {
  static constexpr OpKind kKind = OpKind::LookUp;
  static constexpr Facts kFacts{.layoutRole = LayoutRole::Follow};

  template <class V>
  void fields(V&) {}
  Result<TensorTypes> inferShape(std::span<const TensorType> inputs) const override;
  std::optional<DataAxes> dataAxes(const DataInputs& in) const override;
  bool mayRunInPlace(int index) const override { return index == 0; }
  std::optional<Rows> rowsRead(int index, const Rows& output, std::span<const TensorType> inputs,
                               std::span<const TensorType> outputs) const override;
};

}  // namespace minnow::ops
