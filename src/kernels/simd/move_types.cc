// Where and Cast, row by row.
#include "kernels/simd/move_types.h"

#include "kernels/broadcast.h"
#include "kernels/element_types.h"
#include "kernels/loop_nest.h"
#include "kernels/simd/convert_rows.h"
#include "kernels/simd/gather.h"

namespace minnow::kernels::simd {
namespace {

/// y[i] = c[i] ? a[i] : b[i] along a row, with the usual steps known to the compiler.
template <class T>
void chooseRow(const uint8_t* c, const T* a, const T* b, T* y, const LoopTile<4>& t) {
  const auto [ys, cs, as, bs] = t.step;
  if (ys == 1 && cs == 1 && as == 1 && bs == 1) {
    for (int64_t i = 0; i < t.count; ++i) y[i] = c[i] ? a[i] : b[i];
  } else if (ys == 1 && cs == 1 && as == 1 && bs == 0) {
    const T other = *b;
    for (int64_t i = 0; i < t.count; ++i) y[i] = c[i] ? a[i] : other;
  } else {
    for (int64_t i = 0; i < t.count; ++i) y[i * ys] = c[i * cs] ? a[i * as] : b[i * bs];
  }
}

template <class T>
void chooseAll(const KernelArgs& args) {
  const TensorView& y = args.outputs[0];
  const TensorView* in = args.inputs.data();
  const LoopNest<4> nest(
      y.shape, {y.strides, broadcastStrides(in[0], y.shape), broadcastStrides(in[1], y.shape),
                broadcastStrides(in[2], y.shape)});
  nest.run(*args.team, [&](const LoopTile<4>& t) {
    for (int64_t r = 0; r < t.rows; ++r)
      chooseRow(in[0].as<const uint8_t>() + t.offset[1] + r * t.rowStride[1],
                in[1].as<const T>() + t.offset[2] + r * t.rowStride[2],
                in[2].as<const T>() + t.offset[3] + r * t.rowStride[3],
                y.as<T>() + t.offset[0] + r * t.rowStride[0], t);
  });
}

/// Converts a row. One function a pair of types; the loops around it are written once for all
/// pairs.
using ConvertRowFn = void (*)(const std::byte* from, int64_t fromStep, std::byte* to,
                              int64_t toStep, int64_t count);

template <class From, class To>
void convertRow(const std::byte* fromBytes, int64_t fromStep, std::byte* toBytes, int64_t toStep,
                int64_t count) {
  const auto* from = reinterpret_cast<const From*>(fromBytes);
  auto* to = reinterpret_cast<To*>(toBytes);
  if (fromStep == 1 && toStep == 1)
    for (int64_t i = 0; i < count; ++i) to[i] = convert<To>(from[i]);
  else
    for (int64_t i = 0; i < count; ++i) to[i * toStep] = convert<To>(from[i * fromStep]);
}

/// Of a pair of which `type` is one, the other being Known.
template <class Known>
ConvertRowFn conversionTo(DataType type) {
  ConvertRowFn chosen = nullptr;
  visitType(type, [&](auto tag) { chosen = convertRow<Known, typename decltype(tag)::Type>; });
  return chosen;
}
template <class Known>
ConvertRowFn conversionFrom(DataType type) {
  ConvertRowFn chosen = nullptr;
  visitType(type, [&](auto tag) { chosen = convertRow<typename decltype(tag)::Type, Known>; });
  return chosen;
}

bool isInteger(DataType type) {
  return type != DataType::Float16 && type != DataType::Float32 && type != DataType::Float64;
}

/// A conversion in one or two steps. With float32 on one side there is a loop for each pair;
/// integers go through int64, which keeps them modulo 2^64: a loop for each pair would be 72 more.
struct Conversion {
  ConvertRowFn first, second = nullptr;
  DenseConversion dense;

  Conversion(DataType from, DataType to) : dense(denseConversion(from, to)) {
    if (from == DataType::Float32) {
      first = conversionTo<float>(to);
    } else if (to == DataType::Float32) {
      first = conversionFrom<float>(from);
    } else {
      first = conversionFrom<int64_t>(from);
      second = conversionTo<int64_t>(to);
    }
  }
  void run(const std::byte* from, int64_t fromStep, int64_t fromSize, std::byte* to, int64_t toStep,
           int64_t toSize, int64_t count) const {
    if (dense && fromStep == 1 && toStep == 1) return dense(from, to, count);
    if (!second) return first(from, fromStep, to, toStep, count);
    inPieces(count, [&](int64_t i, int64_t n) {
      int64_t piece[kPiece];
      auto* between = reinterpret_cast<std::byte*>(piece);
      first(from + i * fromStep * fromSize, fromStep, between, 1, n);
      second(between, 1, to + i * toStep * toSize, toStep, n);
    });
  }
};

}  // namespace

bool acceptsWhere(const ops::Operator&, std::span<const TensorView>, std::span<const TensorView>) {
  return true;
}

Result<void> runWhere(const ops::Operator&, const KernelArgs& args) {
  switch (elementSize(args.outputs[0].type)) {
    case 1:
      chooseAll<uint8_t>(args);
      break;
    case 2:
      chooseAll<uint16_t>(args);
      break;
    case 4:
      chooseAll<uint32_t>(args);
      break;
    default:
      chooseAll<uint64_t>(args);
  }
  return {};
}

bool acceptsCast(const ops::Operator&, std::span<const TensorView> inputs,
                 std::span<const TensorView> outputs) {
  const DataType from = inputs[0].type, to = outputs[0].type;
  return from == DataType::Float32 || to == DataType::Float32 || (isInteger(from) && isInteger(to));
}

Result<void> runCast(const ops::Operator&, const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const Conversion conversion(x.type, y.type);
  const auto fromSize = static_cast<int64_t>(elementSize(x.type));
  const auto toSize = static_cast<int64_t>(elementSize(y.type));
  const LoopNest<2> nest(y.shape, {y.strides, x.strides});
  nest.run(*args.team, [&](const LoopTile<2>& t) {
    for (int64_t r = 0; r < t.rows; ++r)
      conversion.run(x.as<const std::byte>() + (t.offset[1] + r * t.rowStride[1]) * fromSize,
                     t.step[1], fromSize,
                     y.as<std::byte>() + (t.offset[0] + r * t.rowStride[0]) * toSize, t.step[0],
                     toSize, t.count);
  });
  return {};
}

}  // namespace minnow::kernels::simd
