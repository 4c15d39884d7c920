// Float32 arithmetic of two tensors: one loop over rows of the broadcast output, the function
// passed in. Along a row each operand is dense or a single value.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/binary.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/broadcast.h"
#include "kernels/loop_nest.h"
#include "kernels/power.h"
#include "kernels/simd/binary.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/epilogue-inl.h"
#include "kernels/simd/epilogue_rows.h"
#include "kernels/simd/gather.h"
#include "ops/binary.h"

#ifndef MINNOW_SIMD_BINARY_TILE_
#define MINNOW_SIMD_BINARY_TILE_
namespace minnow::kernels::simd {

/// Rows of the output and of what they are computed from; the output is dense along a row.
struct BinaryTile {
  const float* a;
  const float* b;
  float* y;
  int64_t aRow, bRow, yRow;  ///< distance between rows
  bool aRepeats, bRepeats;   ///< one value for a whole row
  int64_t rows, count;
};

}  // namespace minnow::kernels::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

using ops::BinaryFn;

template <BinaryFn fn>
struct Pair;

template <>
struct Pair<BinaryFn::Add> {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return Add(a, b);
  }
};
template <>
struct Pair<BinaryFn::Sub> {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return Sub(a, b);
  }
};
template <>
struct Pair<BinaryFn::Mul> {
  template <class D, class V>
  HWY_INLINE V operator()(D, V a, V b) const {
    return Mul(a, b);
  }
};
template <>
struct Pair<BinaryFn::Div> {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    return exactDivide(d, a, b);
  }
};
template <>
struct Pair<BinaryFn::Min> {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    return selected(d, IfThenElse(Lt(a, b), a, IfThenElse(Eq(a, a), b, a)));
  }
};
template <>
struct Pair<BinaryFn::Max> {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    return selected(d, IfThenElse(Gt(a, b), a, IfThenElse(Eq(a, a), b, a)));
  }
};
template <>
struct Pair<BinaryFn::PRelu> {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    return IfThenElse(Lt(a, Set(d, 0.0f)), Mul(a, b), a);
  }
};

/// The residual sum of most networks.
struct AddThenRelu {
  template <class D, class V>
  HWY_INLINE V operator()(D d, V a, V b) const {
    return evaluate(Function<ops::UnaryFn::Relu>{}, d, Add(a, b));
  }
};

/// kernels/power.h, for an exponent that holds along the row.
HWY_NOINLINE void powerRow(DenseRow a, float exponent, float* y, size_t n) {
  const auto square = [](auto, auto x) HWY_ATTR { return Mul(x, x); };
  const auto cube = [](auto, auto x) HWY_ATTR { return Mul(Mul(x, x), x); };
  if (exponent == 2.0f) return mapRows(n, y, square, a);
  if (exponent == 3.0f) return mapRows(n, y, cube, a);
  if (exponent == 0.5f)
    return mapFunction(Function<ops::UnaryFn::Sqrt>{}, {a.from, y, static_cast<int64_t>(n)});
  if (exponent == -1.0f)
    return mapFunction(Function<ops::UnaryFn::Reciprocal>{}, {a.from, y, static_cast<int64_t>(n)});
  for (size_t i = 0; i < n; ++i) y[i] = power(a.from[i], exponent);
}

void powerTile(const BinaryTile& t) {
  for (int64_t r = 0; r < t.rows; ++r) {
    const float* a = t.a + r * t.aRow;
    const float* b = t.b + r * t.bRow;
    float* y = t.y + r * t.yRow;
    if (t.bRepeats && !t.aRepeats) {
      powerRow({a}, *b, y, static_cast<size_t>(t.count));
      continue;
    }
    for (int64_t i = 0; i < t.count; ++i)
      y[i] = power(a[t.aRepeats ? 0 : i], b[t.bRepeats ? 0 : i]);
  }
}

template <class F>
HWY_NOINLINE void mapTile(const BinaryTile& t, F fn) {
  const auto n = static_cast<size_t>(t.count);
  for (int64_t r = 0; r < t.rows; ++r) {
    const float* a = t.a + r * t.aRow;
    const float* b = t.b + r * t.bRow;
    float* y = t.y + r * t.yRow;
    if (t.bRepeats)
      mapRows(n, y, fn, DenseRow{a}, RepeatedRow{*b});
    else if (t.aRepeats)
      mapRows(n, y, fn, RepeatedRow{*a}, DenseRow{b});
    else
      mapRows(n, y, fn, DenseRow{a}, DenseRow{b});
  }
}

void mapFunction(BinaryFn fn, const BinaryTile& tile) {
  switch (fn) {
    case BinaryFn::Add:
      return mapTile(tile, Pair<BinaryFn::Add>{});
    case BinaryFn::Sub:
      return mapTile(tile, Pair<BinaryFn::Sub>{});
    case BinaryFn::Mul:
      return mapTile(tile, Pair<BinaryFn::Mul>{});
    case BinaryFn::Div:
      return mapTile(tile, Pair<BinaryFn::Div>{});
    case BinaryFn::Min:
      return mapTile(tile, Pair<BinaryFn::Min>{});
    case BinaryFn::Max:
      return mapTile(tile, Pair<BinaryFn::Max>{});
    case BinaryFn::PRelu:
      return mapTile(tile, Pair<BinaryFn::PRelu>{});
    default:
      return powerTile(tile);
  }
}

/// A whole tile; not both operands repeat unless a row has one element.
void mapPairs(const ops::Binary& op, const BinaryTile& tile) {
  if (op.fn == BinaryFn::Add && op.epilogue.fn == ops::UnaryFn::Relu)
    return mapTile(tile, AddThenRelu{});
  mapFunction(op.fn, tile);
  if (op.epilogue.fn == ops::UnaryFn::Identity) return;
  applyEpilogueRows(op.epilogue, tile.y, tile.rows, tile.yRow, tile.count);
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

using MapPairs = void (*)(const ops::Binary&, const BinaryTile&);

/// Elements that lie apart: gathered, computed and scattered a piece at a time.
void mapGathered(MapPairs map, const ops::Binary& op, const BinaryTile& t,
                 const std::array<int64_t, 3>& step) {
  for (int64_t r = 0; r < t.rows; ++r)
    inPieces(t.count, [&](int64_t i, int64_t n) {
      float a[kPiece], b[kPiece], y[kPiece];
      gather(t.a + r * t.aRow + i * step[1], step[1], n, a);
      gather(t.b + r * t.bRow + i * step[2], step[2], n, b);
      map(op, {a, b, y, 0, 0, 0, false, false, 1, n});
      scatter(y, n, t.y + r * t.yRow + i * step[0], step[0]);
    });
}

}  // namespace

bool acceptsBinary(const ops::Operator& op, std::span<const TensorView> inputs,
                   std::span<const TensorView>) {
  const auto& binary = static_cast<const ops::Binary&>(op);
  return binary.fn <= ops::BinaryFn::Pow && inputs[0].type == DataType::Float32 &&
         inputs[1].type == DataType::Float32;
}

Result<void> runBinary(const ops::Operator& op, const KernelArgs& args) {
  const auto& binary = static_cast<const ops::Binary&>(op);
  const TensorView& y = args.outputs[0];
  const LoopNest<3> nest(y.shape, {y.strides, broadcastStrides(args.inputs[0], y.shape),
                                   broadcastStrides(args.inputs[1], y.shape)});
  const auto map = MINNOW_DISPATCH(mapPairs);
  nest.run(*args.team, [&](const LoopTile<3>& t) {
    const BinaryTile tile{args.inputs[0].as<const float>() + t.offset[1],
                          args.inputs[1].as<const float>() + t.offset[2],
                          y.as<float>() + t.offset[0],
                          t.rowStride[1],
                          t.rowStride[2],
                          t.rowStride[0],
                          t.step[1] == 0,
                          t.step[2] == 0,
                          t.rows,
                          t.count};
    const bool dense = t.step[0] == 1 && t.step[1] <= 1 && t.step[2] <= 1 &&
                       t.step[1] + t.step[2] > 0 && t.step[1] >= 0 && t.step[2] >= 0;
    if (dense)
      map(binary, tile);
    else
      mapGathered(map, binary, tile, t.step);
  });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
