// fuse-quantised: DequantizeLinear, an operator and QuantizeLinear become one operator on integers,
// as ONNX Runtime fuses them. What only moves elements moves bytes, a function of one value becomes
// a table of 256 results, an activation a narrower range. What has no integer form stays as it is.
#include <algorithm>
#include <cmath>
#include <numeric>

#include "ops/bytes.h"
#include "ops/cast.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/integer_product.h"
#include "ops/matmul.h"
#include "ops/pad.h"
#include "ops/quantize.h"
#include "ops/quantized.h"
#include "ops/softmax.h"
#include "passes/match.h"
#include "passes/pass.h"
#include "passes/transposed_blocks.h"
#include "sizes/evaluate.h"

namespace minnow::passes {
namespace {

using ir::kNoValue;
using ir::ValueId;
using ops::isByte;

/// Elements of a row-major constant of 8 or 32 bits; empty for anything else.
std::vector<int64_t> constantIntegers(const Rewriter& graph, ValueId id) {
  if (id == kNoValue) return {};
  const ir::Value& value = graph.value(id);
  if (!value.isFixed() || !value.isPlain()) return {};
  const auto widened = [](auto elements) {
    return std::vector<int64_t>(elements.begin(), elements.end());
  };
  if (value.type.type == DataType::Uint8) return widened(value.elements<uint8_t>());
  if (value.type.type == DataType::Int8) return widened(value.elements<int8_t>());
  if (value.type.type == DataType::Int32) return widened(value.elements<int32_t>());
  return {};
}

/// Kernels take what is below 2^-126 for 0, and divide by scales.
bool isScale(float scale) { return std::isnormal(scale) && scale > 0; }

/// Scale and zero point, inputs 1 and 2, of a whole tensor.
std::optional<ops::Quantisation> wholeTensor(const Rewriter& graph, const ir::Node& node) {
  const auto scale = constantFloats(graph, node.inputs[1]);
  if (scale.size() != 1 || !isScale(scale[0])) return std::nullopt;
  if (inputAt(node, 2) == kNoValue) return ops::Quantisation{scale[0], 0};
  const auto zero = constantIntegers(graph, node.inputs[2]);
  if (zero.size() != 1) return std::nullopt;
  return ops::Quantisation{scale[0], zero[0]};
}

/// A tensor of 8 bits and what it stands for.
struct Quantised {
  ValueId bytes;
  DataType type;
  ops::Quantisation by;

  bool isAlike(const Quantised& other) const {
    return type == other.type && by.scale == other.by.scale && by.zero == other.by.zero;
  }
  ops::QuantisedResult result() const { return ops::QuantisedResult::of(type, by.zero); }
};

/// The integers behind a value that DequantizeLinear gives.
std::optional<Quantised> dequantised(const Rewriter& graph, ValueId id) {
  if (!graph.producedBy<ops::DequantizeLinear>(id)) return std::nullopt;
  const ir::Node& node = graph.node(graph.producer(id));
  const auto by = wholeTensor(graph, node);
  const DataType type = graph.value(node.inputs[0]).type.type;
  if (!by || !isByte(type) || graph.value(id).type.type != DataType::Float32) return std::nullopt;
  return Quantised{node.inputs[0], type, *by};
}

/// What QuantizeLinear at a node gives.
std::optional<Quantised> quantisedAt(const Rewriter& graph, int n) {
  const ir::Node& node = graph.node(n);
  const auto* op = node.as<ops::QuantizeLinear>();
  if (!op || op->awayFromZero || node.outputs.empty() || node.outputs[0] == kNoValue ||
      !node.settings.empty())
    return std::nullopt;
  const auto by = wholeTensor(graph, node);
  const DataType type = graph.value(node.outputs[0]).type.type;
  if (!by || !isByte(type) || graph.value(node.inputs[0]).type.type != DataType::Float32)
    return std::nullopt;
  return Quantised{node.outputs[0], type, *by};
}

/// Constant weights as int8 and a zero point that is left.
struct Bytes8 {
  ValueId bytes;
  int64_t zero;
};

/// Constant weights with a scale for all or one for each channel.
struct Weights : Bytes8 {
  std::vector<float> scales;
};

class Fuser {
 public:
  Fuser(ir::Graph& graph, sizes::Budget& budget) : graph_(graph), budget_(budget) {}

  int run() {
    int changes = 0;
    for (int n = 0; n < graph_.nodes(); ++n)
      changes += fuseAt(n) || fuseRequantizeAt(n) || fuseScaleAt(n) || fuseBiasAt(n);
    return changes;
  }

 private:
  // What there is ----------------------------------------------------------------------------------

  /// The node of one output that gives a value for one reader alone, or -1.
  int soleProducer(ValueId id) const {
    const int n = graph_.producer(id);
    return n >= 0 && graph_.readOnce(id) && graph_.onlyReader(n) >= 0 &&
                   graph_.node(n).settings.empty()
               ? n
               : -1;
  }

  /// Weights with `axis` for their channels, `channels` many.
  std::optional<Weights> weightsOf(ValueId id, int axis, int64_t channels) {
    const auto* op = graph_.producedBy<ops::DequantizeLinear>(id);
    if (!op) return std::nullopt;
    const ir::Node& node = graph_.node(graph_.producer(id));
    if (op->spread.blockSize != 0) return std::nullopt;
    return weightsOf(node.inputs[0], node.inputs[1], inputAt(node, 2), axis, channels,
                     op->spread.axis);
  }

  std::optional<Weights> weightsOf(ValueId bytes, ValueId scale, ValueId zero, int axis,
                                   int64_t channels, int64_t scaleAxis) {
    const Shape& shape = graph_.value(bytes).type.shape;
    const auto scales = constantFloats(graph_, scale);
    if (!isByte(graph_.value(bytes).type.type) || scales.empty() ||
        !std::ranges::all_of(scales, isScale))
      return std::nullopt;
    if (scales.size() != 1 && (std::cmp_not_equal(scales.size(), channels) ||
                               (scaleAxis < 0 ? scaleAxis + shape.rank() : scaleAxis) != axis))
      return std::nullopt;
    const auto plain = asInt8(bytes, zero, axis, channels);
    if (!plain) return std::nullopt;
    noteWeights(plain->bytes, scales, plain->zero, axis);
    return Weights{*plain, {scales.begin(), scales.end()}};
  }

  void noteWeights(ValueId id, std::span<const float> scales, int64_t zero, int axis) {
    const auto rest = static_cast<int32_t>(zero);
    graph_.graph().quantise(id, {scales, {&rest, 1}, scales.size() == 1 ? -1 : axis});
  }

  /// The same weights as int8: with a zero point of 0, where all fit, else less 128 if they are uint8.
  std::optional<Bytes8> asInt8(ValueId id, ValueId zero, int axis, int64_t channels) {
    const auto values = constantIntegers(graph_, id);
    const auto zeros = constantIntegers(graph_, zero);
    const ir::Value& value = graph_.value(id);
    if (values.empty() ||
        (zero != kNoValue && zeros.size() != 1 && std::cmp_not_equal(zeros.size(), channels)))
      return std::nullopt;
    if (value.type.type == DataType::Int8 &&
        std::ranges::all_of(zeros, [](int64_t z) { return z == 0; }))
      return Bytes8{id, 0};
    if (const auto less = shifted(id, values, zeros, axis)) return Bytes8{*less, 0};
    if (zeros.size() > 1) return std::nullopt;
    const int64_t middle = value.type.type == DataType::Uint8 ? 128 : 0;
    const int64_t rest = (zeros.empty() ? 0 : zeros[0]) - middle;
    return Bytes8{middle == 0 ? id : *shifted(id, values, {middle}, axis), rest};
  }

  /// Less a number, or one for each channel; nullopt where int8 does not hold all.
  std::optional<ValueId> shifted(ValueId id, const std::vector<int64_t>& values,
                                 const std::vector<int64_t>& zeros, int axis) {
    const ir::Value& value = graph_.value(id);
    int64_t inner = 1;
    for (int i = axis + 1; i < value.type.shape.rank(); ++i) inner *= value.type.shape[i];
    std::vector<int8_t> less(values.size());
    for (size_t i = 0; i < values.size(); ++i) {
      const size_t channel = zeros.size() > 1 ? i / static_cast<size_t>(inner) % zeros.size() : 0;
      const int64_t v = values[i] - (zeros.empty() ? 0 : zeros[channel]);
      if (v < -128 || v > 127) return std::nullopt;
      less[i] = static_cast<int8_t>(v);
    }
    return addConstant(value.name, {DataType::Int8, value.type.shape},
                       std::as_bytes(std::span(less)));
  }

  ValueId addConstant(const ir::Name& name, const TensorType& type,
                      std::span<const std::byte> bytes) {
    return graph_.addValue({.name = name, .type = type, .constant = ir::makeConstant(bytes)});
  }

  /// A bias as int32 whose scale is the sums' own, kNoValue where there is none: one that was
  /// quantised so, or a float one, which ONNX Runtime rounds so. nullopt if it is anything else.
  std::optional<ValueId> biasOf(ValueId id, float xScale, const Weights& weights,
                                int64_t channels) {
    if (id == kNoValue) return kNoValue;
    if (graph_.producedBy<ops::DequantizeLinear>(id))
      return integerBias(id, xScale, weights, channels);
    const auto floats = constantFloats(graph_, id);
    if (std::cmp_not_equal(floats.size(), channels)) return std::nullopt;
    std::vector<int32_t> rounded(floats.size());
    for (size_t c = 0; c < floats.size(); ++c) {
      const float q = std::nearbyint(floats[c] / (xScale * scaleOf(weights, c)));
      if (!(std::abs(q) < 2147483648.0F)) return std::nullopt;
      rounded[c] = static_cast<int32_t>(q);
    }
    return addConstant(graph_.value(id).name, {DataType::Int32, Shape{channels}},
                       std::as_bytes(std::span(rounded)));
  }

  std::optional<ValueId> integerBias(ValueId id, float xScale, const Weights& weights,
                                     int64_t channels) {
    const ir::Node& node = graph_.node(graph_.producer(id));
    const ir::Value& value = graph_.value(node.inputs[0]);
    const auto scales = constantFloats(graph_, node.inputs[1]);
    const auto zeros = constantIntegers(graph_, inputAt(node, 2));
    if (value.type != TensorType{DataType::Int32, Shape{channels}} || scales.empty() ||
        std::ranges::any_of(zeros, [](int64_t z) { return z != 0; }))
      return std::nullopt;
    for (size_t c = 0; std::cmp_less(c, channels); ++c)
      if (scales[scales.size() == 1 ? 0 : c] != xScale * scaleOf(weights, c)) return std::nullopt;
    return node.inputs[0];
  }

  /// Whether 32 bits hold every channel's sum, whatever x is. Where a bias leaves no room they would wrap
  /// around, and the operator stays in float32, as it is meant.
  bool sumsFit(const Quantised& x, const Weights& weights, int axis, ValueId bias) const {
    const Shape& shape = graph_.value(weights.bytes).type.shape;
    int64_t outer = 1, inner = 1;
    for (int i = 0; i < shape.rank(); ++i) (i < axis ? outer : inner) *= i == axis ? 1 : shape[i];
    const auto biases = constantIntegers(graph_, bias);
    const ops::QuantisedResult range = x.result();
    const int64_t below = range.least - range.zero, above = range.most - range.zero;
    const auto bytes = graph_.value(weights.bytes).elements<int8_t>();
    for (int64_t c = 0; c < shape[axis]; ++c) {
      int64_t low = biases.empty() ? 0 : biases[static_cast<size_t>(c)], high = low;
      for (int64_t o = 0; o < outer; ++o)
        for (const int8_t byte : bytes.subspan((o * shape[axis] + c) * inner, inner)) {
          const int64_t w = byte - weights.zero;
          low += w * (w > 0 ? below : above), high += w * (w > 0 ? above : below);
        }
      if (low < INT32_MIN || high > INT32_MAX) return false;
    }
    return true;
  }

  static float scaleOf(const Weights& weights, size_t channel) {
    return weights.scales[weights.scales.size() == 1 ? 0 : channel];
  }

  /// (xScale * wScale) / yScale, in this order.
  std::optional<ValueId> factors(float xScale, const Weights& weights, float yScale) {
    std::vector<float> all;
    for (const float scale : weights.scales) all.push_back(xScale * scale / yScale);
    if (!std::ranges::all_of(all, [](float f) { return std::isfinite(f); })) return std::nullopt;
    return graph_.addFloats("~factors", Shape{static_cast<int64_t>(all.size())}, all);
  }

  // Results ----------------------------------------------------------------------------------------

  /// The integer of a real number, as QuantizeLinear gives it.
  static int64_t quantisedNumber(float value, const Quantised& to) {
    const ops::QuantisedResult range = to.result();
    if (std::isnan(value)) return range.least;
    const float q = std::clamp(value / to.by.scale, static_cast<float>(range.least - range.zero),
                               static_cast<float>(range.most - range.zero));
    return static_cast<int64_t>(std::nearbyint(q)) + range.zero;
  }

  /// Narrows the results' range to what an activation leaves; false if it is another function.
  static bool takeActivation(const ops::Unary& op, const Quantised& to, ops::QuantisedResult& y) {
    if (op.fn == ops::UnaryFn::Relu) return y.least = std::max(y.least, y.zero), true;
    if (op.fn != ops::UnaryFn::Clip || !(op.alpha <= op.beta)) return false;
    y.least = std::max(y.least, quantisedNumber(op.alpha, to));
    y.most = std::min(y.most, quantisedNumber(op.beta, to));
    return y.least <= y.most;
  }

  std::vector<TensorType> typesOf(const std::vector<ValueId>& inputs) const {
    std::vector<TensorType> types;
    for (const ValueId id : inputs)
      types.push_back(id == kNoValue ? TensorType{} : graph_.value(id).type);
    return types;
  }

  bool become(int n, std::unique_ptr<ops::Operator> op, std::vector<ValueId> inputs,
              const ir::Name& source) {
    const auto given = op->inferShape(typesOf(inputs));
    if (!given || given->size() != 1 ||
        given->front() != graph_.value(graph_.node(n).outputs[0]).type)
      return false;
    graph_.replace(n, std::move(op), std::move(inputs), source);
    return true;
  }

  // Patterns ---------------------------------------------------------------------------------------

  bool fuseAt(int n) {
    const auto to = quantisedAt(graph_, n);
    if (!to) return false;
    ops::QuantisedResult y = to->result();
    ValueId result = graph_.node(n).inputs[0];
    int source = soleProducer(result);
    if (source >= 0) {
      const auto* activation = graph_.node(source).as<ops::Unary>();
      const ValueId before = activation ? graph_.node(source).inputs[0] : kNoValue;
      if (activation && soleProducer(before) >= 0 && !dequantised(graph_, before) &&
          takeActivation(*activation, *to, y))
        source = soleProducer(before);
    }
    if (source >= 0)
      if (fuseConv(n, source, *to, y) || fuseTransposed(n, source, *to, y) ||
          fuseProduct(n, source, *to, y) || fuseBinary(n, source, *to, y) ||
          fusePool(n, source, *to, y))
        return true;
    return fuseSoftmax(n, *to) || fusePad(n, *to) || fuseMove(n, *to) || fuseTable(n);
  }

  bool fuseConv(int n, int source, const Quantised& to, const ops::QuantisedResult& y) {
    const ir::Node& node = graph_.node(source);
    const auto* conv = node.as<ops::Conv>();
    if (!conv || conv->winograd || conv->epilogue.fn != ops::UnaryFn::Identity) return false;
    const auto x = dequantised(graph_, node.inputs[0]);
    if (!x) return false;
    const int64_t channels = graph_.value(node.inputs[1]).type.shape[0];
    const auto weights = weightsOf(node.inputs[1], 0, channels);
    if (!weights) return false;
    const auto bias = biasOf(inputAt(node, 2), x->by.scale, *weights, channels);
    const auto scaled = factors(x->by.scale, *weights, to.by.scale);
    if (!bias || !scaled || !sumsFit(*x, *weights, 0, *bias)) return false;
    auto op = std::make_unique<ops::QuantizedConv>();
    static_cast<ops::WindowAttributes&>(*op) = *conv;
    op->groups = conv->groups, op->xZero = x->by.zero, op->wZero = weights->zero, op->y = y;
    return become(n, std::move(op), {x->bytes, weights->bytes, *bias, *scaled}, node.source);
  }

  /// As a convolution of blocks, which take the place of x's own DequantizeLinear.
  bool fuseTransposed(int n, int source, const Quantised& to, const ops::QuantisedResult& y) {
    const ir::Node& node = graph_.node(source);
    const auto* op = node.as<ops::ConvTranspose>();
    if (!op || op->epilogue.fn != ops::UnaryFn::Identity) return false;
    const auto x = dequantised(graph_, node.inputs[0]);
    const auto blocks = transposedBlocks(*op, graph_.value(node.inputs[0]).type.shape);
    if (!x || !blocks || op->strides[0] != op->strides[1] || soleProducer(node.inputs[0]) < 0)
      return false;
    const int64_t channels = graph_.value(node.inputs[1]).type.shape[1];
    const auto weights = weightsOf(node.inputs[1], 1, channels);
    if (!weights) return false;
    const auto bias = biasOf(inputAt(node, 2), x->by.scale, *weights, channels);
    const auto scaled = factors(x->by.scale, *weights, to.by.scale);
    if (!bias || !scaled || !(*bias == kNoValue || graph_.value(*bias).isFixed()) ||
        !sumsFit(*x, *weights, 1, *bias))
      return false;
    auto conv = std::make_unique<ops::QuantizedConv>();
    static_cast<ops::WindowAttributes&>(*conv) = blocks->window;
    conv->xZero = x->by.zero, conv->wZero = weights->zero, conv->y = y;
    const int64_t times = blocks->outputs();
    const std::vector<ValueId> inputs{
        x->bytes, blockWeights(*blocks, *weights), repeated(*bias, times),
        weights->scales.size() > 1 ? repeated(*scaled, times) : *scaled};
    const auto given = conv->inferShape(typesOf(inputs));
    const auto laid = given ? blocks->spread.inferShape(std::span(given->data(), 1)) : given;
    const auto left = laid ? blocks->cut.inferShape(std::span(laid->data(), 1)) : laid;
    if (!left || left->front() != graph_.value(to.bytes).type) return false;
    const ir::Name name = node.source;
    const ValueId sums = node.inputs[0], spread = node.outputs[0];
    graph_.becomeAnother(sums, given->front()), graph_.becomeAnother(spread, laid->front());
    graph_.replace(graph_.producer(sums), std::move(conv), inputs, name);
    graph_.replace(source, blocks->spread.clone(), {sums}, "");
    graph_.replace(n, blocks->cut.clone(), {spread}, "");
    return true;
  }

  ValueId blockWeights(const TransposedBlocks& blocks, const Weights& weights) {
    const ir::Value& value = graph_.value(weights.bytes);
    const Shape& from = value.type.shape;
    const auto all =
        blocks.weights(value.elements<int8_t>(), from, static_cast<int8_t>(weights.zero));
    const Shape shape{from[1] * blocks.outputs(), from[0], blocks.window.kernel[0],
                      blocks.window.kernel[1]};
    const ValueId blocked =
        addConstant(value.name, {DataType::Int8, shape}, std::as_bytes(std::span(all)));
    std::vector<float> scales;
    for (int64_t i = 0; i < (weights.scales.size() == 1 ? 1 : blocks.outputs()); ++i)
      scales.insert(scales.end(), weights.scales.begin(), weights.scales.end());
    noteWeights(blocked, scales, weights.zero, 0);
    return blocked;
  }

  /// A row of numbers of 32 bits so many times, one after another.
  ValueId repeated(ValueId row, int64_t times) {
    if (row == kNoValue) return row;
    const ir::Value& value = graph_.value(row);
    const auto from = value.constant->bytes;
    std::vector<std::byte> all;
    for (int64_t i = 0; i < times; ++i) all.insert(all.end(), from.begin(), from.end());
    return addConstant(value.name, {value.type.type, Shape{value.type.shape.elements() * times}},
                       all);
  }

  /// A product, with a bias of its own or added to it.
  bool fuseProduct(int n, int source, const Quantised& to, const ops::QuantisedResult& y) {
    const ir::Node& last = graph_.node(source);
    if (const auto* sum = last.as<ops::Binary>(); sum && sum->fn == ops::BinaryFn::Add)
      for (const size_t i : {0, 1})
        if (const int product = soleProducer(last.inputs[i]);
            product >= 0 && graph_.node(product).as<ops::MatMul>() &&
            inputAt(graph_.node(product), 2) == kNoValue)
          return fuseProductOf(n, product, last.inputs[1 - i], to, y);
    return fuseProductOf(n, source, inputAt(last, 2), to, y);
  }

  bool fuseProductOf(int n, int source, ValueId added, const Quantised& to,
                     const ops::QuantisedResult& y) {
    const ir::Node& node = graph_.node(source);
    const auto* product = node.as<ops::MatMul>();
    if (!product || product->transposeA || product->epilogue.fn != ops::UnaryFn::Identity)
      return false;
    const auto x = dequantised(graph_, node.inputs[0]);
    const Shape& b = graph_.value(node.inputs[1]).type.shape;
    if (!x || b.rank() != 2) return false;
    const int axis = product->transposeB ? 0 : 1;
    const auto weights = weightsOf(node.inputs[1], axis, b[axis]);
    if (!weights) return false;
    const auto bias = biasOf(added, x->by.scale, *weights, b[axis]);
    const auto scaled = factors(x->by.scale, *weights, to.by.scale);
    if (!bias || !scaled || !sumsFit(*x, *weights, axis, *bias)) return false;
    auto op = std::make_unique<ops::QuantizedMatMul>();
    op->transposeB = product->transposeB, op->xZero = x->by.zero, op->wZero = weights->zero;
    op->y = y;
    return become(n, std::move(op), {x->bytes, weights->bytes, *bias, *scaled}, node.source);
  }

  static std::optional<ops::QuantizedFn> pairFunction(ops::BinaryFn fn) {
    switch (fn) {
      case ops::BinaryFn::Add:
        return ops::QuantizedFn::Add;
      case ops::BinaryFn::Mul:
        return ops::QuantizedFn::Mul;
      case ops::BinaryFn::Sub:
        return ops::QuantizedFn::Sub;
      case ops::BinaryFn::PRelu:
        return ops::QuantizedFn::PRelu;
      default:
        return std::nullopt;
    }
  }

  bool fuseBinary(int n, int source, const Quantised& to, const ops::QuantisedResult& y) {
    const ir::Node& node = graph_.node(source);
    const auto* binary = node.as<ops::Binary>();
    const auto fn = binary ? pairFunction(binary->fn) : std::nullopt;
    if (!fn || binary->epilogue.fn != ops::UnaryFn::Identity) return false;
    const auto a = dequantised(graph_, node.inputs[0]), b = dequantised(graph_, node.inputs[1]);
    if (!a || !b) return false;
    auto op = std::make_unique<ops::QuantizedBinary>();
    op->fn = *fn;
    op->a = a->by, op->b = b->by, op->yScale = to.by.scale, op->y = y;
    return joinFunctions(n, *op, a->bytes, b->bytes) ||
           become(n, std::move(op), {a->bytes, b->bytes}, node.source);
  }

  /// x and a function of x: one function.
  bool joinFunctions(int n, const ops::Operator& op, ValueId a, ValueId b) {
    for (const bool isSecond : {false, true}) {
      const ValueId x = isSecond ? a : b, of = isSecond ? b : a;
      if (!graph_.producedBy<ops::LookUp>(of)) continue;
      const ir::Node& table = graph_.node(graph_.producer(of));
      if (table.inputs[0] != x) continue;
      const ValueId all = allBytes(graph_.value(x).type.type);
      const ValueId results = table.inputs[1];
      const auto joined =
          evaluated(op, isSecond ? std::vector{all, results} : std::vector{results, all});
      return joined && becomeTable(n, x, *joined);
    }
    return false;
  }

  bool fusePool(int n, int source, const Quantised& to, const ops::QuantisedResult& y) {
    const ir::Node& node = graph_.node(source);
    const auto* pool = node.as<ops::Pool>();
    if (!pool || pool->fn != ops::PoolFn::Average || (pool->ceilMode && pool->countIncludePad) ||
        std::ranges::any_of(pool->dilations, [](int64_t d) { return d != 1; }))
      return false;
    const auto x = dequantised(graph_, node.inputs[0]);
    if (!x || x->type != to.type) return false;
    auto op = std::make_unique<ops::QuantizedPool>();
    op->pool = *pool, op->x = x->by, op->yScale = to.by.scale, op->y = y;
    return become(n, std::move(op), {x->bytes}, node.source);
  }

  /// ONNX Runtime's takes 1 / scale for a whole number, and another type than x's it computes in float32.
  bool fuseSoftmax(int n, const Quantised& to) {
    const int source = soleProducer(graph_.node(n).inputs[0]);
    if (source < 0 || !graph_.node(source).as<ops::Softmax>()) return false;
    const ir::Node& node = graph_.node(source);
    const auto x = dequantised(graph_, node.inputs[0]);
    return x && x->type == to.type &&
           become(n, node.op->clone(),
                  {x->bytes, scalar(x->by.scale), zeroOf(to), scalar(to.by.scale)}, node.source);
  }

  // What moves elements ----------------------------------------------------------------------------

  /// A constant of one element that may be quantised; 0 where there is none.
  std::optional<float> numberOf(ValueId id) const {
    if (id == kNoValue) return 0.0F;
    if (const auto number = scalarConstant(graph_, id)) return static_cast<float>(*number);
    const auto from = dequantised(graph_, id);
    const auto integers = from ? constantIntegers(graph_, from->bytes) : std::vector<int64_t>{};
    if (integers.size() != 1) return std::nullopt;
    return static_cast<float>(integers[0] - from->by.zero) * from->by.scale;
  }

  /// With a constant, which becomes a byte.
  bool fusePad(int n, const Quantised& to) {
    const int source = soleProducer(graph_.node(n).inputs[0]);
    const auto* pad = source < 0 ? nullptr : graph_.node(source).as<ops::Pad>();
    if (!pad || pad->mode != ops::PadMode::Constant) return false;
    const ir::Node& node = graph_.node(source);
    const auto number = numberOf(inputAt(node, 1));
    if (!number) return false;
    std::vector<Conversion> tables;
    const ValueId bytes = bytesAs(node.inputs[0], to, &tables);
    if (bytes == kNoValue) return false;
    for (const Conversion& table : tables) convert(table, to.type);
    const auto byte = static_cast<std::byte>(quantisedNumber(*number, to));
    return become(n, node.op->clone(), {bytes, addConstant("~pad", {to.type, {}}, {&byte, 1})},
                  node.source);
  }

  bool fuseMove(int n, const Quantised& to) {
    const int source = graph_.producer(graph_.node(n).inputs[0]);
    if (source < 0 || soleProducer(graph_.node(n).inputs[0]) != source) return false;
    const ir::Node& node = graph_.node(source);
    if (node.as<ops::DequantizeLinear>() || node.inputs.empty() || !node.op->choosesElements(0))
      return false;
    std::vector<ValueId> inputs = node.inputs;
    std::vector<Conversion> tables;  // made when all inputs are known to be bytes then
    for (size_t i = 0; i < inputs.size(); ++i)
      if (inputs[i] != kNoValue && node.op->choosesElements(static_cast<int>(i))) {
        inputs[i] = bytesAs(inputs[i], to, node.as<ops::Concat>() ? &tables : nullptr);
        if (inputs[i] == kNoValue) return false;
      }
    for (const Conversion& table : tables) convert(table, to.type);
    return become(n, node.op->clone(), inputs, node.source);
  }

  /// A DequantizeLinear whose result may be bytes of another scale, by a table.
  struct Conversion {
    int source;
    ValueId bytes, table;
  };
  void convert(const Conversion& to, DataType type) {
    const ValueId result = graph_.node(to.source).outputs[0];
    graph_.becomeAnother(result, {type, graph_.value(result).type.shape});
    graph_.replace(to.source, std::make_unique<ops::LookUp>(), {to.bytes, to.table},
                   "QuantizeLinear");
  }

  /// The integers behind a value, as `to` has them; those of another scale where there are tables, one
  /// of which is added. kNoValue if there are none.
  ValueId bytesAs(ValueId id, const Quantised& to, std::vector<Conversion>* tables) {
    const auto from = dequantised(graph_, id);
    if (!from) return kNoValue;
    if (from->isAlike(to)) return from->bytes;
    const int source = graph_.producer(id);
    if (!tables || !graph_.readOnce(id)) return kNoValue;
    const auto real = evaluated(*graph_.node(source).op, withFirst(source, allBytes(from->type)));
    const auto table =
        real ? evaluated(quantizer(to), {*real, scalar(to.by.scale), zeroOf(to)}) : real;
    if (!table) return kNoValue;
    tables->push_back({source, from->bytes, *table});
    return id;
  }

  static ops::QuantizeLinear quantizer(const Quantised& to) {
    ops::QuantizeLinear op;
    op.type = static_cast<int64_t>(to.type);
    return op;
  }
  ValueId scalar(float value) { return graph_.addFloats("~scale", {}, {&value, 1}); }
  ValueId zeroOf(const Quantised& to) {
    const auto byte = static_cast<std::byte>(to.by.zero);
    return addConstant("~zero", {to.type, {}}, {&byte, 1});
  }

  // Functions of one value -------------------------------------------------------------------------

  /// Every value of a type, in the order of its bytes.
  ValueId allBytes(DataType type) {
    std::vector<uint8_t> bytes(256);
    std::iota(bytes.begin(), bytes.end(), uint8_t{0});
    return addConstant("~bytes", {type, Shape{256}}, std::as_bytes(std::span(bytes)));
  }

  std::vector<ValueId> withFirst(int n, ValueId first) const {
    std::vector<ValueId> inputs = graph_.node(n).inputs;
    inputs[0] = first;
    return inputs;
  }

  std::optional<ValueId> evaluated(const ops::Operator& op, const std::vector<ValueId>& inputs) {
    const auto results = sizes::evaluate(graph_.graph(), op, inputs, budget_);
    if (!results || results->size() != 1) return std::nullopt;
    return graph_.addValue(
        {.name = "~table", .type = (*results)[0].type, .constant = (*results)[0].constant});
  }

  bool becomeTable(int n, ValueId x, ValueId table) {
    return become(n, std::make_unique<ops::LookUp>(), {x, table}, graph_.node(n).source);
  }

  /// QuantizeLinear of functions of one DequantizeLinear, each of one operand and for one reader.
  bool fuseTable(int n) {
    std::vector<int> chain{n};
    ValueId from = graph_.node(n).inputs[0];
    for (; !dequantised(graph_, from); from = graph_.node(chain.back()).inputs[0]) {
      const int source = soleProducer(from);
      if (source < 0 || !graph_.node(source).as<ops::Unary>()) return false;
      chain.push_back(source);
    }
    const Quantised x = *dequantised(graph_, from);
    if (chain.size() == 1 && x.isAlike(*quantisedAt(graph_, n))) return graph_.forward(n, x.bytes);
    chain.push_back(graph_.producer(from));
    std::optional<ValueId> table = allBytes(x.type);
    for (auto at = chain.rbegin(); at != chain.rend() && table; ++at)
      table = evaluated(*graph_.node(*at).op, withFirst(*at, *table));
    return table && becomeTable(n, x.bytes, *table);
  }

  // QLinearConv and QLinearMatMul ------------------------------------------------------------------

  bool fuseRequantizeAt(int n) {
    const ir::Node& node = graph_.node(n);
    if (!node.as<ops::Requantize>() || node.outputs.empty()) return false;
    const auto xScale = constantFloats(graph_, node.inputs[1]),
               yScale = constantFloats(graph_, node.inputs[3]);
    const auto yZero = constantIntegers(graph_, inputAt(node, 4));
    const int source = soleProducer(node.inputs[0]);
    if (source < 0 || xScale.size() != 1 || yScale.size() != 1 || yZero.size() > 1 ||
        (inputAt(node, 4) != kNoValue && yZero.empty()) || !isScale(xScale[0]) ||
        !isScale(yScale[0]))
      return false;
    const DataType type = graph_.value(node.outputs[0]).type.type;
    const Quantised to{node.outputs[0], type, {yScale[0], yZero.empty() ? 0 : yZero[0]}};
    return fuseIntegerConv(n, source, xScale[0], to) ||
           fuseIntegerProduct(n, source, xScale[0], to);
  }

  /// The zero point of the left side; nullopt if it is not one constant.
  std::optional<int64_t> leftZero(const ir::Node& node) const {
    if (inputAt(node, 2) == kNoValue) return 0;
    const auto zeros = constantIntegers(graph_, node.inputs[2]);
    return zeros.size() == 1 ? std::optional(zeros[0]) : std::nullopt;
  }

  bool fuseIntegerConv(int n, int source, float xScale, const Quantised& to) {
    const ir::Node& node = graph_.node(source);
    const auto* conv = node.as<ops::ConvInteger>();
    const auto zero = leftZero(node);
    if (!conv || !zero) return false;
    const int64_t channels = graph_.value(node.inputs[1]).type.shape[0];
    const auto weights =
        weightsOf(node.inputs[1], graph_.node(n).inputs[2], inputAt(node, 3), 0, channels, 0);
    const auto scaled = weights ? factors(xScale, *weights, to.by.scale) : std::nullopt;
    if (!scaled) return false;
    auto op = std::make_unique<ops::QuantizedConv>();
    static_cast<ops::WindowAttributes&>(*op) = *conv;
    op->groups = conv->groups, op->xZero = *zero, op->wZero = weights->zero, op->y = to.result();
    return become(n, std::move(op), {node.inputs[0], weights->bytes, inputAt(node, 4), *scaled},
                  node.source);
  }

  bool fuseIntegerProduct(int n, int source, float xScale, const Quantised& to) {
    const ir::Node& node = graph_.node(source);
    const auto zero = leftZero(node);
    if (!node.as<ops::MatMulInteger>() || !zero) return false;
    const Shape& b = graph_.value(node.inputs[1]).type.shape;
    if (b.rank() != 2) return false;
    const auto weights =
        weightsOf(node.inputs[1], graph_.node(n).inputs[2], inputAt(node, 3), 1, b[1], 1);
    const auto scaled = weights ? factors(xScale, *weights, to.by.scale) : std::nullopt;
    if (!scaled) return false;
    auto op = std::make_unique<ops::QuantizedMatMul>();
    op->xZero = *zero, op->wZero = weights->zero, op->y = to.result();
    return become(n, std::move(op), {node.inputs[0], weights->bytes, kNoValue, *scaled},
                  node.source);
  }

  // Dynamic quantisation ---------------------------------------------------------------------------

  /// An integer product, as a number, times a scale: what quantize_dynamic makes of a convolution.
  bool fuseScaleAt(int n) {
    const ir::Node& node = graph_.node(n);
    if (node.outputs.empty() || !binaryOf(graph_, node.outputs[0], ops::BinaryFn::Mul))
      return false;
    for (const size_t i : {0, 1}) {
      const int cast = soleProducer(node.inputs[i]);
      if (cast < 0 || !graph_.node(cast).as<ops::Cast>()) continue;
      const int source = soleProducer(graph_.node(cast).inputs[0]);
      const ValueId scale = node.inputs[1 - i];
      if (source >= 0 && (scaleConv(n, source, scale) || scaleProduct(n, source, scale)))
        return true;
    }
    return false;
  }

  bool scaleConv(int n, int source, ValueId scale) {
    const ir::Node& node = graph_.node(source);
    const auto* conv = node.as<ops::ConvInteger>();
    if (!conv || inputAt(node, 4) != kNoValue || graph_.value(scale).type.shape.elements() != 1)
      return false;
    auto op = std::make_unique<ops::QuantizedConv>();
    static_cast<ops::WindowAttributes&>(*op) = *conv;
    op->groups = conv->groups;
    return becomeScaled(n, std::move(op), node, scale, 0);
  }

  bool scaleProduct(int n, int source, ValueId scale) {
    const ir::Node& node = graph_.node(source);
    if (!node.as<ops::MatMulInteger>() || graph_.value(node.inputs[1]).type.shape.rank() != 2)
      return false;
    return becomeScaled(n, std::make_unique<ops::QuantizedMatMul>(), node, scale, 1);
  }

  /// Channels of the weights lie along `axis`. The zero point of x may be found in the run.
  template <class Product>
  bool becomeScaled(int n, std::unique_ptr<Product> op, const ir::Node& node, ValueId scale,
                    int axis) {
    const auto weights = asInt8(node.inputs[1], inputAt(node, 3), axis,
                                graph_.value(node.inputs[1]).type.shape[axis]);
    if (!weights || !node.settings.empty()) return false;
    const auto zero = leftZero(node);
    op->xZero = zero.value_or(0), op->wZero = weights->zero, op->y = ops::QuantisedResult::real();
    std::vector<ValueId> inputs{node.inputs[0], weights->bytes, kNoValue, scale};
    if (!zero) inputs.push_back(node.inputs[2]);
    return become(n, std::move(op), inputs, node.source);
  }

  /// A constant that is added to the real results of a product by channel.
  bool fuseBiasAt(int n) {
    const ir::Node& node = graph_.node(n);
    if (node.outputs.empty() || !binaryOf(graph_, node.outputs[0], ops::BinaryFn::Add))
      return false;
    for (const size_t i : {0, 1})
      if (const int source = soleProducer(node.inputs[i]);
          source >= 0 && (addBias<ops::QuantizedConv>(n, source, node.inputs[1 - i], 1) ||
                          addBias<ops::QuantizedMatMul>(n, source, node.inputs[1 - i], -1)))
        return true;
    return false;
  }

  /// Channels of the result lie along `axis`, -1 for the last one.
  template <class Product>
  bool addBias(int n, int source, ValueId added, int axis) {
    const ir::Node& node = graph_.node(source);
    const auto* op = node.as<Product>();
    if (!op || !op->y.isReal() || node.inputs[2] != kNoValue) return false;
    const Shape& shape = graph_.value(node.outputs[0]).type.shape;
    const int at = axis < 0 ? shape.rank() - 1 : axis;
    const auto bias = axisConstant(graph_, added, shape, at);
    if (!bias) return false;
    const std::vector<float> floats(bias->begin(), bias->end());
    std::vector<ValueId> inputs = node.inputs;
    inputs[2] = graph_.addFloats(graph_.value(added).name, Shape{shape[at]}, floats);
    return become(n, op->clone(), inputs, node.source);
  }

  Rewriter graph_;
  sizes::Budget& budget_;
};

}  // namespace

Result<int> fuseQuantised(ir::Graph& graph, sizes::Budget& budget) {
  return Fuser(graph, budget).run();
}

}  // namespace minnow::passes
