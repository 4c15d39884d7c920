// A loop for each function and type over adjacent elements; what lies apart, or is one value for a
// row, is brought together a piece at a time.
// A CPU with SVE runs NEON's copy (docs/design.md).
#define HWY_BROKEN_TARGETS HWY_SVE
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/pairs.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/broadcast.h"
#include "kernels/loop_nest.h"
#include "kernels/pair_functions.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/gather.h"
#include "kernels/simd/pairs.h"

#ifndef MINNOW_SIMD_PAIRS_FN_
#define MINNOW_SIMD_PAIRS_FN_
namespace minnow::kernels::simd {

/// y[i] = fn(a[i], b[i]) of n elements of a type.
using PairsFn = void (*)(const void* a, const void* b, void* y, int64_t n);

}  // namespace minnow::kernels::simd
#endif

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

template <BinaryFn fn, class T>
void computeRow(const void* a, const void* b, void* y, int64_t n) {
  const auto *from = static_cast<const T*>(a), *other = static_cast<const T*>(b);
  auto* to = static_cast<T*>(y);
  for (int64_t i = 0; i < n; ++i) to[i] = applyTo(fn, from[i], other[i]);
}

template <BinaryFn fn, class T>
void compareRow(const void* a, const void* b, void* y, int64_t n) {
  const auto *from = static_cast<const T*>(a), *other = static_cast<const T*>(b);
  auto* to = static_cast<Boolean*>(y);
  for (int64_t i = 0; i < n; ++i)
    to[i] = Boolean(compare(fn, comparable(from[i]), comparable(other[i])));
}

/// Sums and products of elements as `Wrapping`, everything else as T: what wraps around is the same
/// of signed and unsigned integers.
template <class T, class Wrapping>
PairsFn arithmetic(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::Add:
      return computeRow<BinaryFn::Add, Wrapping>;
    case BinaryFn::Sub:
      return computeRow<BinaryFn::Sub, Wrapping>;
    case BinaryFn::Mul:
      return computeRow<BinaryFn::Mul, Wrapping>;
    case BinaryFn::Div:
      return computeRow<BinaryFn::Div, T>;
    case BinaryFn::Min:
      return computeRow<BinaryFn::Min, T>;
    case BinaryFn::Max:
      return computeRow<BinaryFn::Max, T>;
    case BinaryFn::PRelu:
      return computeRow<BinaryFn::PRelu, T>;
    case BinaryFn::Mod:
      return computeRow<BinaryFn::Mod, T>;
    case BinaryFn::Fmod:
      return computeRow<BinaryFn::Fmod, T>;
    default:
      return nullptr;
  }
}

template <class T>
PairsFn integers(BinaryFn fn) {
  using U = std::make_unsigned_t<T>;
  switch (fn) {
    case BinaryFn::BitwiseAnd:
      return computeRow<BinaryFn::BitwiseAnd, U>;
    case BinaryFn::BitwiseOr:
      return computeRow<BinaryFn::BitwiseOr, U>;
    case BinaryFn::BitwiseXor:
      return computeRow<BinaryFn::BitwiseXor, U>;
    case BinaryFn::ShiftLeft:
      return computeRow<BinaryFn::ShiftLeft, T>;
    case BinaryFn::ShiftRight:
      return computeRow<BinaryFn::ShiftRight, T>;
    default:
      return arithmetic<T, U>(fn);
  }
}

PairsFn booleans(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::And:
      return computeRow<BinaryFn::And, Boolean>;
    case BinaryFn::Or:
      return computeRow<BinaryFn::Or, Boolean>;
    case BinaryFn::Xor:
      return computeRow<BinaryFn::Xor, Boolean>;
    default:
      return nullptr;
  }
}

/// Equal, Less and LessOrEqual: the others are these with operands exchanged.
template <class T>
PairsFn comparisons(BinaryFn fn) {
  switch (fn) {
    case BinaryFn::Equal:
      return compareRow<BinaryFn::Equal, T>;
    case BinaryFn::Less:
      return compareRow<BinaryFn::Less, T>;
    default:
      return compareRow<BinaryFn::LessOrEqual, T>;
  }
}

/// Null if there is none.
PairsFn choosePairs(BinaryFn fn, DataType type) {
  PairsFn chosen = nullptr;
  visitType(type, [&](auto tag) {
    using T = decltype(tag)::Type;
    if constexpr (sizeof(T) == 2)  // rare
      return;
    else if (fn >= BinaryFn::kFirstComparison)
      chosen = comparisons<T>(fn);
    else if constexpr (std::is_same_v<T, Boolean>)
      chosen = booleans(fn);
    else if constexpr (std::is_integral_v<T>)
      chosen = integers<T>(fn);
    else if constexpr (std::is_same_v<T, double>)
      chosen = arithmetic<T, T>(fn);
    else if (fn == BinaryFn::Mod)
      chosen = computeRow<BinaryFn::Mod, float>;
    else if (fn == BinaryFn::Fmod)
      chosen = computeRow<BinaryFn::Fmod, float>;
  });
  return chosen;
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {

/// Elements of one operand along a row.
struct Line {
  std::byte* at;
  int64_t size, step;

  std::byte* element(int64_t i) const { return at + i * step * size; }
  Line row(int64_t r, int64_t stride) const { return {at + r * stride * size, size, step}; }
};

/// fn(tag) for an unsigned integer of that many bytes.
template <class F>
void visitSize(int64_t size, F&& fn) {
  if (size == 1) return fn(uint8_t{});
  if (size == 2) return fn(uint16_t{});
  if (size == 4) return fn(uint32_t{});
  fn(uint64_t{});
}

/// n elements from i on, adjacent: where they lie, or in `piece`.
const void* adjacent(const Line& line, int64_t i, int64_t n, std::byte* piece) {
  if (line.step == 1) return line.element(i);
  visitSize(line.size, [&](auto tag) {
    using U = decltype(tag);
    gather(reinterpret_cast<const U*>(line.element(i)), line.step, n, reinterpret_cast<U*>(piece));
  });
  return piece;
}

void runLine(PairsFn fn, const Line& a, const Line& b, const Line& y, int64_t count) {
  if (a.step == 1 && b.step == 1 && y.step == 1) return fn(a.at, b.at, y.at, count);
  inPieces(count, [&](int64_t i, int64_t n) {
    alignas(64) std::byte pieces[3][kPiece * sizeof(uint64_t)];
    const void* left = adjacent(a, i, n, pieces[0]);
    const void* right = adjacent(b, i, n, pieces[1]);
    if (y.step == 1) return fn(left, right, y.element(i), n);
    fn(left, right, pieces[2], n);
    visitSize(y.size, [&](auto tag) {
      using U = decltype(tag);
      scatter(reinterpret_cast<const U*>(pieces[2]), n, reinterpret_cast<U*>(y.element(i)), y.step);
    });
  });
}

/// Greater is Less with its operands exchanged.
bool isExchanged(BinaryFn fn) { return fn == BinaryFn::Greater || fn == BinaryFn::GreaterOrEqual; }
PairsFn pairsOf(BinaryFn fn, DataType type) {
  if (fn == BinaryFn::Greater) fn = BinaryFn::Less;
  if (fn == BinaryFn::GreaterOrEqual) fn = BinaryFn::LessOrEqual;
  return MINNOW_DISPATCH(choosePairs)(fn, type);
}

Line lineOf(const TensorView& view, int64_t offset, int64_t step) {
  const auto size = static_cast<int64_t>(elementSize(view.type));
  return {view.as<std::byte>() + offset * size, size, step};
}

}  // namespace

bool acceptsPairs(const ops::Operator& op, std::span<const TensorView> inputs,
                  std::span<const TensorView>) {
  const auto& binary = static_cast<const ops::Binary&>(op);
  return inputs[0].type == inputs[1].type && binary.epilogue.fn == ops::UnaryFn::Identity &&
         pairsOf(binary.fn, inputs[0].type) != nullptr;
}

Result<void> runPairs(const ops::Operator& op, const KernelArgs& args) {
  const BinaryFn function = static_cast<const ops::Binary&>(op).fn;
  const int first = isExchanged(function);
  const TensorView &a = args.inputs[first], &b = args.inputs[1 - first], &y = args.outputs[0];
  const PairsFn fn = pairsOf(function, a.type);
  const LoopNest<3> nest(y.shape,
                         {y.strides, broadcastStrides(a, y.shape), broadcastStrides(b, y.shape)});
  nest.run(*args.team, [&](const LoopTile<3>& t) {
    const Line left = lineOf(a, t.offset[1], t.step[1]), right = lineOf(b, t.offset[2], t.step[2]);
    const Line to = lineOf(y, t.offset[0], t.step[0]);
    for (int64_t r = 0; r < t.rows; ++r)
      runLine(fn, left.row(r, t.rowStride[1]), right.row(r, t.rowStride[2]),
              to.row(r, t.rowStride[0]), t.count);
  });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
