// Attention and RotaryEmbedding (opset 23 on), composed as their function bodies in ONNX are.
#include <algorithm>
#include <cmath>
#include <limits>

#include "converter/onnx/compose.h"

namespace minnow::converter {
namespace {

using ops::BinaryFn;
using ops::UnaryFn;
using Value = ir::ValueId;

constexpr float kMinusInfinity = -std::numeric_limits<float>::infinity();

/// [batch, length, heads * size] as [batch, heads, length, size]; what has four axes stays.
Value headsFirst(NodeContext& node, Value x, const char* heads) {
  const Shape& shape = node.typeOf(x).shape;
  if (shape.rank() == 4) return x;
  if (shape.rank() != 3) node.broken("query, key and value have neither 3 nor 4 axes");
  const int64_t count = node.integer(heads);
  if (count < 1 || shape[2] % count != 0)
    node.broken(std::string(heads) + " does not fit the shape");
  const Composer c(node);
  return c.transpose(c.reshape(x, {0, 0, count, -1}), {0, 2, 1, 3});
}

/// Each head of keys or values as often as queries share it.
Value repeated(NodeContext& node, Value x, int64_t queryHeads) {
  const Shape shape = node.typeOf(x).shape;
  if (shape[1] == queryHeads) return x;
  if (shape[1] < 1 || queryHeads % shape[1] != 0)
    node.broken("the number of query heads is no multiple of the number of key and value heads");
  const Composer c(node);
  const Value apart = c.reshape(x, {shape[0], shape[1], 1, shape[2], shape[3]});
  const int64_t times = queryHeads / shape[1];
  return c.reshape(c.expand(apart, {shape[0], shape[1], times, shape[2], shape[3]}),
                   {shape[0], queryHeads, shape[2], shape[3]});
}

/// What is added to the scores: 0, a float mask, or -infinity where a query may not see a key.
class Bias {
 public:
  Bias(NodeContext& node, DataType type, int64_t queries, int64_t keys)
      : node_(node), c_(node), type_(type), queries_(queries), keys_(keys) {}

  /// kNoValue if nothing is added.
  Value value() {
    addMask();
    addOrder();
    if (node_.hasInput(6)) allow(c_(BinaryFn::Less, c_.range(keys_, {1, 1, 1, keys_}), lengths()));
    if (allowed_ != ir::kNoValue)
      add(c_.choose(allowed_, c_.number(0, type_), c_.number(kMinusInfinity, type_)));
    return sum_;
  }

 private:
  void add(Value term) { sum_ = sum_ == ir::kNoValue ? term : c_(BinaryFn::Add, sum_, term); }
  void allow(Value condition) {
    allowed_ = allowed_ == ir::kNoValue ? condition : c_(BinaryFn::And, allowed_, condition);
  }

  /// Keys in use, by batch: [batch, 1, 1, 1].
  Value lengths() { return c_.reshape(node_.input(6), {-1, 1, 1, 1}); }

  /// From opset 24 on a mask that ends before the keys do hides the rest.
  void addMask() {
    if (!node_.hasInput(3)) return;
    Value mask = node_.input(3);
    const bool isBool = node_.typeOf(mask).type == DataType::Bool;
    if (!isBool) mask = c_.cast(mask, type_);
    Shape shape = node_.typeOf(mask).shape;
    const int last = shape.rank() - 1;
    if (last < 0) node_.broken("the mask has no axes");
    if (shape[last] > keys_) node_.broken("the mask is longer than the keys");
    if (shape[last] < keys_ && node_.opset() >= 24) {
      shape[last] = keys_ - shape[last];
      Value rest =
          c_.expand(c_.number(isBool ? 0 : kMinusInfinity, isBool ? DataType::Bool : type_),
                    Composer::Dims(shape.begin(), shape.end()));
      mask = c_.concat({mask, rest}, last);
    }
    isBool ? allow(mask) : add(mask);
  }

  /// Which keys a query may see by their places: not later ones if causal, and none beyond the
  /// window. Query i is at place i + the number of keys before the first.
  void addOrder() {
    const bool causal = node_.integer("is_causal", 0) != 0;
    const int64_t left = node_.integer("left_window_size", -1);
    const int64_t right = node_.integer("right_window_size", -1);
    if (left < -1 || right < -1) node_.broken("a window's size is less than -1");
    if (!causal && left < 0 && right < 0) return;
    Value place = c_.range(queries_, {queries_, 1});
    if (node_.hasInput(4))
      place = c_(BinaryFn::Add, place, c_.integer(node_.shape(4)[2]));
    else if (node_.hasInput(6))
      place = c_(BinaryFn::Add, place, c_(BinaryFn::Sub, lengths(), c_.integer(queries_)));
    const Value key = c_.range(keys_, {1, keys_});
    const auto notBefore = [&](Value from, int64_t shift, Value until) {
      return c_(BinaryFn::LessOrEqual, from, c_(BinaryFn::Add, until, c_.integer(shift)));
    };
    if (causal) allow(notBefore(key, 0, place));
    if (left >= 0) allow(notBefore(place, left, key));
    if (right >= 0) allow(notBefore(key, right, place));
  }

  NodeContext& node_;
  const Composer c_;
  const DataType type_;
  const int64_t queries_, keys_;
  Value sum_ = ir::kNoValue, allowed_ = ir::kNoValue;
};

/// Rows that may see nothing become 0: their softmax has no meaning.
Value withoutHiddenRows(NodeContext& node, Value weights, Value bias) {
  const Composer c(node);
  const DataType type = node.typeOf(bias).type;
  const Value most = c.reduce(ops::ReduceFn::Max, bias, node.typeOf(bias).shape.rank() - 1);
  const Value hidden = c(BinaryFn::Equal, most, c.number(kMinusInfinity, type));
  return c.choose(hidden, c.number(0, type), weights);
}

Value softmaxIn(NodeContext& node, Value scores) {
  const Composer c(node);
  const DataType type = node.typeOf(scores).type;
  const int64_t given = node.integer("softmax_precision", static_cast<int64_t>(type));
  if (given < 1 || given > 255 || elementSize(static_cast<DataType>(given)) == 0)
    node.unsupported("this softmax_precision");
  return c.cast(c.softmax(c.cast(scores, static_cast<DataType>(given))), type);
}

void checkCaches(const NodeContext& node) {
  if (node.hasInput(4) != node.hasInput(5)) node.broken("past_key and past_value come together");
  if (node.hasInput(6) && node.hasInput(4))
    node.broken("nonpad_kv_seqlen and past_key exclude each other");
}

}  // namespace

void importAttention(NodeContext& node) {
  checkCaches(node);
  needShapes(node);
  const Composer c(node);
  const bool flat = node.rank(0) == 3;
  const Value query = headsFirst(node, node.input(0), "q_num_heads");
  Value key = headsFirst(node, node.input(1), "kv_num_heads");
  Value value = headsFirst(node, node.input(2), "kv_num_heads");
  if (node.hasInput(4)) key = c.concat({node.input(4), key}, 2);
  if (node.hasInput(5)) value = c.concat({node.input(5), value}, 2);
  if (node.wantsOutput(1)) node.setOutput(1, c(UnaryFn::Identity, key));
  if (node.wantsOutput(2)) node.setOutput(2, c(UnaryFn::Identity, value));
  const Shape queries = node.typeOf(query).shape;
  const DataType type = node.typeOf(query).type;
  key = repeated(node, key, queries[1]);
  value = repeated(node, value, queries[1]);
  node.noteShapeDependence();

  const float scale =
      node.number("scale", 1.0f / std::sqrt(static_cast<float>(std::max<int64_t>(queries[3], 1))));
  if (!(scale >= 0)) node.broken("the scale is negative");
  const Value half = c.number(std::sqrt(scale), type);  // the rest of it is in the other factor
  const Value scores = c.product(c(BinaryFn::Mul, query, half),
                                 c(BinaryFn::Mul, c.transpose(key, {0, 1, 3, 2}), half));
  Value capped = scores;
  if (const float cap = node.number("softcap", 0); cap != 0) {
    const Value most = c.number(cap, type);
    capped = c(BinaryFn::Mul, c(UnaryFn::Tanh, c(BinaryFn::Div, scores, most)), most);
  }
  const Value bias = Bias(node, type, queries[2], node.typeOf(key).shape[2]).value();
  const Value biased = bias == ir::kNoValue ? capped : c(BinaryFn::Add, capped, bias);
  Value weights = softmaxIn(node, biased);
  if (bias != ir::kNoValue) weights = withoutHiddenRows(node, weights, bias);

  const Value shown[] = {scores, capped, biased, weights};
  const int64_t mode = node.integer("qk_matmul_output_mode", 0);
  if (mode < 0 || mode > 3) node.broken("qk_matmul_output_mode is none of 0 to 3");
  if (node.wantsOutput(3)) node.setOutput(3, c(UnaryFn::Identity, shown[mode]));
  Value y = c.product(weights, value);
  if (flat) y = c.reshape(c.transpose(y, {0, 2, 1, 3}), {0, 0, -1});
  node.setOutput(0, y);
}

/// Pairs of elements turned by angles whose cosines and sines are given, by position.
void importRotaryEmbedding(NodeContext& node) {
  needShapes(node);
  const Composer c(node);
  const bool flat = node.rank(0) == 3;
  Value x = node.input(0);
  if (flat) {
    const int64_t heads = node.integer("num_heads");
    if (heads < 1 || node.shape(0)[2] % heads != 0) node.broken("num_heads does not fit the shape");
    x = c.reshape(x, {0, 0, heads, -1});
  } else if (node.rank(0) == 4) {
    x = c.transpose(x, {0, 2, 1, 3});
  } else {
    node.broken("the input has neither 3 nor 4 axes");
  }
  const Shape shape = node.typeOf(x).shape;  // batch, length, heads, size
  const int64_t given = node.integer("rotary_embedding_dim", 0);
  const int64_t turned = given == 0 ? shape[3] : given;
  if (turned < 2 || turned % 2 != 0 || turned > shape[3])
    node.broken("rotary_embedding_dim is odd, or larger than a head");
  const auto angles = [&](int i) {
    const Value cache = node.input(i);
    const Value rows = node.hasInput(3) ? c.gather(cache, node.input(3), 0) : cache;
    if (node.typeOf(rows).shape.rank() != 3 || node.typeOf(rows).shape[2] != turned / 2)
      node.broken("the caches do not fit the part that is turned");
    const Shape extents = node.typeOf(rows).shape;
    return c.reshape(rows, {extents[0], extents[1], 1, extents[2]});
  };
  const Value cosines = angles(1), sines = angles(2);
  const bool interleaved = node.integer("interleaved", 0) != 0;
  const Value a = interleaved ? c.slice(x, 3, 0, turned, 2) : c.slice(x, 3, 0, turned / 2);
  const Value b = interleaved ? c.slice(x, 3, 1, turned, 2) : c.slice(x, 3, turned / 2, turned);
  Value real = c(BinaryFn::Sub, c(BinaryFn::Mul, cosines, a), c(BinaryFn::Mul, sines, b));
  Value imaginary = c(BinaryFn::Add, c(BinaryFn::Mul, sines, a), c(BinaryFn::Mul, cosines, b));
  node.noteShapeDependence();
  Value y = ir::kNoValue;
  if (interleaved) {
    real = c.reshape(real, {shape[0], shape[1], shape[2], turned / 2, 1});
    imaginary = c.reshape(imaginary, {shape[0], shape[1], shape[2], turned / 2, 1});
    y = c.reshape(c.concat({real, imaginary}, 4), {shape[0], shape[1], shape[2], turned});
  } else {
    y = c.concat({real, imaginary}, 3);
  }
  if (turned < shape[3]) y = c.concat({y, c.slice(x, 3, turned, shape[3])}, 3);
  node.setOutput(0, flat ? c.reshape(y, {0, 0, -1}) : c.transpose(y, {0, 2, 1, 3}));
}

}  // namespace minnow::converter
