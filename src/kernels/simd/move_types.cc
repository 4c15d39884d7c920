// Where and Cast, row by row.
#include "kernels/simd/move_types.h"

#include "kernels/element_types.h"
#include "kernels/loop_nest.h"

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
      y.shape, {y.strides, stridesAsBroadcast(in[0], y.shape), stridesAsBroadcast(in[1], y.shape),
                stridesAsBroadcast(in[2], y.shape)});
  nest.run(*args.pool, [&](const LoopTile<4>& t) {
    for (int64_t r = 0; r < t.rows; ++r)
      chooseRow(in[0].as<const uint8_t>() + t.offset[1] + r * t.rowStride[1],
                in[1].as<const T>() + t.offset[2] + r * t.rowStride[2],
                in[2].as<const T>() + t.offset[3] + r * t.rowStride[3],
                y.as<T>() + t.offset[0] + r * t.rowStride[0], t);
  });
}

template <class From, class To>
void convertAll(const KernelArgs& args) {
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const LoopNest<2> nest(y.shape, {y.strides, x.strides});
  nest.run(*args.pool, [&](const LoopTile<2>& t) {
    for (int64_t r = 0; r < t.rows; ++r) {
      const From* from = x.as<const From>() + t.offset[1] + r * t.rowStride[1];
      To* to = y.as<To>() + t.offset[0] + r * t.rowStride[0];
      if (t.step[0] == 1 && t.step[1] == 1)
        for (int64_t i = 0; i < t.count; ++i) to[i] = convert<To>(from[i]);
      else
        for (int64_t i = 0; i < t.count; ++i) to[i * t.step[0]] = convert<To>(from[i * t.step[1]]);
    }
  });
}

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

bool acceptsCast(const ops::Operator&, std::span<const TensorView>, std::span<const TensorView>) {
  return true;
}

Result<void> runCast(const ops::Operator&, const KernelArgs& args) {
  visitType(args.inputs[0].type, [&](auto from) {
    visitType(args.outputs[0].type, [&](auto to) {
      convertAll<typename decltype(from)::Type, typename decltype(to)::Type>(args);
    });
  });
  return {};
}

}  // namespace minnow::kernels::simd
