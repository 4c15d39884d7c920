// Float32 elementwise functions: one loop over rows, the function passed in.
#undef HWY_TARGET_INCLUDE
#define HWY_TARGET_INCLUDE "kernels/simd/unary.cc"
#include <hwy/foreach_target.h>
#include <hwy/highway.h>

#include "kernels/loop_nest.h"
#include "kernels/simd/dispatch.h"
#include "kernels/simd/epilogue-inl.h"
#include "kernels/simd/gather.h"
#include "kernels/simd/unary.h"
#include "ops/unary.h"

HWY_BEFORE_NAMESPACE();
namespace minnow::kernels::simd::HWY_NAMESPACE {

void mapFloats(const ops::Epilogue& fn, const FloatRows& rows) {
  visitFunction(fn, [&](auto function) HWY_ATTR { mapFunction(function, rows); });
}

}  // namespace minnow::kernels::simd::HWY_NAMESPACE
HWY_AFTER_NAMESPACE();

#if HWY_ONCE
namespace minnow::kernels::simd {
namespace {}  // namespace

MapFloats mapFloatsHere() { return MINNOW_DISPATCH(mapFloats); }

bool acceptsUnary(const ops::Operator& op, std::span<const TensorView> inputs,
                  std::span<const TensorView>) {
  const auto& unary = static_cast<const ops::Unary&>(op);
  return unary.fn < ops::UnaryFn::kEpilogueCount && inputs[0].type == DataType::Float32;
}

Result<void> runUnary(const ops::Operator& op, const KernelArgs& args) {
  const auto& unary = static_cast<const ops::Unary&>(op);
  const ops::Epilogue fn{unary.fn, unary.alpha, unary.beta};
  const TensorView& x = args.inputs[0];
  const TensorView& y = args.outputs[0];
  const MapFloats map = mapFloatsHere();
  const LoopNest<2> nest(y.shape, {y.strides, x.strides});
  nest.run(*args.team, [&](const LoopTile<2>& tile) {
    for (int64_t r = 0; r < tile.rows; ++r) {
      const float* from = x.as<const float>() + tile.offset[1] + r * tile.rowStride[1];
      float* to = y.as<float>() + tile.offset[0] + r * tile.rowStride[0];
      if (tile.step[0] == 1 && tile.step[1] == 1) {
        map(fn, {from, to, tile.count});
        continue;
      }
      inPieces(tile.count, [&](int64_t i, int64_t n) {
        float piece[kPiece];
        gather(from + i * tile.step[1], tile.step[1], n, piece);
        map(fn, {piece, piece, n});
        scatter(piece, n, to + i * tile.step[0], tile.step[0]);
      });
    }
  });
  return {};
}

}  // namespace minnow::kernels::simd
#endif  // HWY_ONCE
