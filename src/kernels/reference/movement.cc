// Movement operators, element by element.
#include "kernels/movement.h"

namespace minnow::kernels::reference {
namespace {
void plainCopy(const TensorView& from, const TensorView& to, base::Team&) { copyTensor(from, to); }
}  // namespace

#define MINNOW_MOVED_BY(kind, move)                                         \
  Result<void> run##kind(const ops::Operator& op, const KernelArgs& args) { \
    return move(op, args, plainCopy);                                       \
  }
MINNOW_MOVED_BY(Reshape, moveReshape)
MINNOW_MOVED_BY(Flatten, moveReshape)
MINNOW_MOVED_BY(Squeeze, moveReshape)
MINNOW_MOVED_BY(Unsqueeze, moveReshape)
MINNOW_MOVED_BY(Transpose, moveTranspose)
MINNOW_MOVED_BY(Relayout, moveRelayout)
MINNOW_MOVED_BY(Slice, moveSlice)
MINNOW_MOVED_BY(Concat, moveConcat)
MINNOW_MOVED_BY(Split, moveSplit)
MINNOW_MOVED_BY(Pad, movePad)
MINNOW_MOVED_BY(Expand, moveExpand)
MINNOW_MOVED_BY(Tile, moveTile)
MINNOW_MOVED_BY(Gather, moveGather)
MINNOW_MOVED_BY(DepthToSpace, moveDepthToSpace)
MINNOW_MOVED_BY(SpaceToDepth, moveSpaceToDepth)
MINNOW_MOVED_BY(ReverseSequence, moveReverseSequence)
#undef MINNOW_MOVED_BY

}  // namespace minnow::kernels::reference
