// For tests: random small graphs of the operators that convolutional networks are made of, with the
// patterns that passes look for mixed in.
#pragma once

#include "ops/binary.h"
#include "ops/concat.h"
#include "ops/conv.h"
#include "ops/conv_transpose.h"
#include "ops/matmul.h"
#include "ops/pad.h"
#include "ops/pool.h"
#include "ops/reshape.h"
#include "ops/resize.h"
#include "ops/slice.h"
#include "passes/store_points.h"
#include "passes/test_run.h"

namespace minnow::passes {

/// For storePointsWhere(): also where it does not pay.
inline bool always(const WinogradCost&) { return true; }

inline ops::Binary binary(ops::BinaryFn fn) {
  ops::Binary op;
  op.fn = fn;
  return op;
}

inline ops::Conv convOf(int64_t kernel, int64_t stride, int64_t pad, int64_t groups = 1) {
  ops::Conv op;
  op.kernel = {kernel, kernel};
  op.strides = {stride, stride};
  op.dilations = {1, 1};
  op.padsBegin = op.padsEnd = {pad, pad};
  op.groups = groups;
  return op;
}

inline ops::Pool poolOf(ops::PoolFn fn, int64_t kernel, int64_t stride, int64_t pad = 0) {
  ops::Pool op;
  op.fn = fn;
  op.kernel = {kernel, kernel};
  op.strides = {stride, stride};
  op.dilations = {1, 1};
  op.padsBegin = op.padsEnd = {pad, pad};
  return op;
}

/// Grows a graph of feature maps by one random step after another.
class RandomGraph {
 public:
  explicit RandomGraph(unsigned seed, int64_t height = 6, int64_t width = 5) : b_(seed) {
    maps_.push_back(b_.input({1, pick({1, 3, 4}), height, width}));
  }
  ir::Graph build(int steps) {
    for (int i = 0; i < steps; ++i) step();
    for (size_t i = 0; i < maps_.size(); ++i)
      if (i + 1 == maps_.size() || (i > 0 && chance(8))) b_.output(maps_[i]);
    return std::move(b_.graph);
  }

 private:
  using Id = ir::ValueId;
  int64_t pick(std::initializer_list<int64_t> list) {
    return list.begin()[b_.generator()() % list.size()];
  }
  bool chance(unsigned oneIn) { return b_.generator()() % oneIn == 0; }
  const Shape& shape(Id id) const { return b_.graph.values[id].type.shape; }
  /// A recent map, so that chains grow long.
  Id any() {
    const size_t recent = std::min<size_t>(maps_.size(), 3);
    return maps_[maps_.size() - 1 - b_.generator()() % recent];
  }
  void keep(Id id) { maps_.push_back(id); }

  void step() {
    switch (b_.generator()() % 12) {
      case 0:
      case 1:
      case 2:
        return keep(conv(any()));
      case 3:
        return keep(b_.add(unary(pickFn(), 0.1f, 0.9f), {any()}));
      case 4:
        return keep(affine(any()));
      case 5:
        return keep(activation(any()));
      case 6:
        return keep(twoMaps());
      case 7:
        return keep(pool(any()));
      case 8:
        return keep(roundTrip(any()));
      case 9:
        return keep(padded(any()));
      case 10:
        return keep(matMul(any()));
      default:
        return keep(transposedConv(any()));
    }
  }

  ops::UnaryFn pickFn() {
    return static_cast<ops::UnaryFn>(pick(
        {static_cast<int64_t>(ops::UnaryFn::Relu), static_cast<int64_t>(ops::UnaryFn::Sigmoid),
         static_cast<int64_t>(ops::UnaryFn::LeakyRelu), static_cast<int64_t>(ops::UnaryFn::Clip),
         static_cast<int64_t>(ops::UnaryFn::Identity)}));
  }

  Id conv(Id x) {
    const int64_t channels = shape(x)[1];
    const bool depthwise = chance(3);
    const int64_t kernel = pick({1, 3});
    const int64_t out = depthwise ? channels : pick({3, 4, 17});
    const bool large = shape(x)[2] > 10;
    ops::Conv op =
        convOf(kernel, large ? pick({1, 1, 2}) : 1, kernel / 2, depthwise ? channels : 1);
    if (large && kernel == 3 && chance(4)) op.dilations = op.padsBegin = op.padsEnd = {2, 2};
    op.winograd = op.fitsWinograd() && !depthwise && out != 4;
    std::vector<Id> inputs{x,
                           b_.random({out, depthwise ? 1 : channels, kernel, kernel}, -0.5f, 0.5f)};
    if (chance(2)) inputs.push_back(b_.random({out}));
    return b_.add(op, inputs, "Conv");
  }

  Id transposedConv(Id x) {
    if (shape(x)[2] > 16) return shape(x)[2] > 24 ? conv(x) : resized(x);
    ops::ConvTranspose op;
    op.kernel = op.strides = {2, 2};
    op.dilations = {1, 1};
    op.padsBegin = op.padsEnd = op.outputPadding = {0, 0};
    return b_.add(op, {x, b_.random({shape(x)[1], 4, 2, 2}, -0.5f, 0.5f)}, "ConvTranspose");
  }

  Id resized(Id x) {
    ops::Resize op;
    op.mode = chance(2) ? ops::ResizeMode::Linear : ops::ResizeMode::Nearest;
    op.sizes = {shape(x)[0], shape(x)[1], shape(x)[2] * 3 / 2, shape(x)[3] * 2};
    return b_.add(op, {x}, "Resize");
  }

  /// A constant per channel, spelled in one of the usual shapes.
  Id perChannel(Id x, float low, float high) {
    const int64_t channels = shape(x)[1];
    if (chance(4)) return b_.random({}, low, high);
    return chance(2) ? b_.random({channels, 1, 1}, low, high)
                     : b_.random({1, channels, 1, 1}, low, high);
  }
  Id affine(Id x) {
    using enum ops::BinaryFn;
    const auto fn =
        static_cast<ops::BinaryFn>(pick({static_cast<int64_t>(Add), static_cast<int64_t>(Sub),
                                         static_cast<int64_t>(Mul), static_cast<int64_t>(Div)}));
    const Id c = perChannel(x, 0.5f, 1.5f);
    return chance(2) && fn != Div ? b_.add(binary(fn), {c, x}) : b_.add(binary(fn), {x, c});
  }

  /// Hard swish and swish, in some of their spellings.
  Id activation(Id x) {
    using enum ops::BinaryFn;
    if (chance(2))
      return b_.add(binary(Mul), {x, b_.add(unary(ops::UnaryFn::Sigmoid), {x}, "Sigmoid")}, "Mul");
    const Id clipped = b_.add(unary(ops::UnaryFn::Clip, 0, 6),
                              {b_.add(binary(Add), {x, b_.scalar(3)}, "Add")}, "Clip");
    if (chance(2))
      return b_.add(binary(Div), {b_.add(binary(Mul), {x, clipped}), b_.scalar(6)}, "Div");
    return b_.add(binary(Mul), {x, b_.add(binary(Mul), {clipped, b_.scalar(1.0f / 6)})}, "Mul");
  }

  Id twoMaps() {
    const Id a = any(), c = any();
    if (shape(a) == shape(c)) return b_.add(binary(ops::BinaryFn::Add), {a, c}, "Add");
    if (shape(a)[2] != shape(c)[2] || shape(a)[3] != shape(c)[3] || shape(a)[1] + shape(c)[1] > 40)
      return conv(a);
    ops::Concat op;
    op.axis = 1;
    return b_.add(op, {a, c}, "Concat");
  }

  Id pool(Id x) {
    if (shape(x)[2] < 4 || shape(x)[3] < 4) return conv(x);
    const int64_t stride = shape(x)[2] > 10 ? pick({1, 2}) : 1;
    ops::Pool op = poolOf(chance(2) ? ops::PoolFn::Max : ops::PoolFn::Average, 3, stride, 1);
    op.countIncludePad = chance(2);
    return b_.add(op, {x}, "Pool");
  }

  /// Through the other order of axes and back, with something in between now and then.
  Id roundTrip(Id x) {
    Id y = b_.add(transpose({0, 2, 3, 1}), {x}, "Transpose");
    if (chance(2)) y = b_.add(unary(ops::UnaryFn::Relu), {y}, "Relu");
    return b_.add(transpose({0, 3, 1, 2}), {y}, "Transpose");
  }

  Id padded(Id x) {
    if (shape(x)[2] > 16) return conv(x);
    ops::Pad op;
    op.padsBegin = {0, 0, 1, 0};
    op.padsEnd = {0, 0, 1, 2};
    const Id y = b_.add(op, {x}, "Pad");
    if (chance(3)) {
      ops::Pool average = poolOf(ops::PoolFn::Average, 2, 1);
      average.countIncludePad = chance(2);
      return b_.add(average, {y}, "AveragePool");
    }
    return chance(2) ? y : conv(y);
  }

  /// As a transformer's linear layer: pixels as rows, a product, and back.
  Id matMul(Id x) {
    const Shape before = shape(x);
    ops::Reshape rows, back;
    rows.shape = {before[0], before[1], -1};
    Id y = b_.add(transpose({0, 2, 1}), {b_.add(rows, {x}, "Reshape")}, "Transpose");
    y = b_.add(ops::MatMul(), {y, b_.random({before[1], 4}, -0.5f, 0.5f)}, "MatMul");
    y = b_.add(binary(ops::BinaryFn::Add), {y, b_.random({4})}, "Add");
    back.shape = {before[0], 4, before[2], before[3]};
    return b_.add(back, {b_.add(transpose({0, 2, 1}), {y}, "Transpose")}, "Reshape");
  }

  GraphBuilder b_;
  std::vector<Id> maps_;
};

}  // namespace minnow::passes
