// Movement operators by fast copies, and Resize.
#include "backend/cpu/kernel_table.h"
#include "kernels/movement.h"
#include "kernels/simd/quantized.h"
#include "kernels/simd/resize.h"
#include "kernels/simd/strided_copy.h"

namespace minnow::backend::cpu {
namespace {

/// A movement operator's copies, done fast.
template <kernels::MoveFn Move>
Result<void> moved(const ops::Operator& op, const kernels::KernelArgs& args) {
  return Move(op, args, kernels::simd::copyStrided);
}

bool always(const ops::Operator&, std::span<const TensorView>, std::span<const TensorView>) {
  return true;
}

}  // namespace

std::span<const KernelRow> movementRows() {
  using namespace kernels;
  using ops::OpKind;
  static constexpr LinkedRows kRows({
      {OpKind::Reshape, "reshape-copy", always, nullptr, moved<moveReshape>},
      {OpKind::Flatten, "flatten-copy", always, nullptr, moved<moveReshape>},
      {OpKind::Squeeze, "squeeze-copy", always, nullptr, moved<moveReshape>},
      {OpKind::Unsqueeze, "unsqueeze-copy", always, nullptr, moved<moveReshape>},
      {OpKind::Transpose, "transpose-copy", always, nullptr, moved<moveTranspose>},
      {OpKind::Relayout, "relayout-copy", always, nullptr, moved<moveRelayout>},
      {OpKind::Slice, "slice-copy", always, nullptr, moved<moveSlice>},
      {OpKind::Concat, "concat-copy", always, nullptr, moved<moveConcat>},
      {OpKind::Split, "split-copy", always, nullptr, moved<moveSplit>},
      {OpKind::Pad, "pad-copy", always, nullptr, moved<movePad>},
      {OpKind::Expand, "expand-copy", always, nullptr, moved<moveExpand>},
      {OpKind::Tile, "tile-copy", always, nullptr, moved<moveTile>},
      {OpKind::Gather, "gather-copy", always, nullptr, moved<moveGather>},
      {OpKind::DepthToSpace, "depth-to-space-copy", always, nullptr, moved<moveDepthToSpace>},
      {OpKind::SpaceToDepth, "space-to-depth-copy", always, nullptr, moved<moveSpaceToDepth>},
      {OpKind::ReverseSequence, "reverse-copy", always, nullptr, moved<moveReverseSequence>},
      {OpKind::Resize, "resize-rows", simd::acceptsResize, resizeTableBytes, simd::runResize},
      {OpKind::Resize, "resize-bytes", simd::acceptsByteResize, resizeTableBytes,
       simd::runByteResize},
  });
  return kRows;
}

}  // namespace minnow::backend::cpu
