// Planning reductions: pure arithmetic on shapes and strides.
#include "kernels/fold_plan.h"

namespace minnow::kernels {

void FoldAxes::add(int64_t extent, int64_t inStride, int64_t outStride) {
  if (extent == 1) return;
  if (rank > 0 && in[rank - 1] == inStride * extent && out[rank - 1] == outStride * extent) {
    extents[rank - 1] *= extent;
  } else {
    extents[rank++] = extent;
  }
  in[rank - 1] = inStride;
  out[rank - 1] = outStride;
}

void FoldAxes::remove(int axis) {
  for (int i = axis; i + 1 < rank; ++i) {
    extents[i] = extents[i + 1];
    in[i] = in[i + 1];
    out[i] = out[i + 1];
  }
  --rank;
}

FoldPlan foldPlan(const TensorDesc& x, const Strides& out, uint32_t mask) {
  FoldPlan plan;
  const int rank = x.shape.rank();
  for (int axis = 0; axis < rank; ++axis) {
    if (x.shape[axis] == 0) return plan;
    FoldAxes& part = mask >> axis & 1 ? plan.reduced : plan.outer;
    part.add(x.shape[axis], x.strides[axis], out[axis]);
  }
  plan.count = plan.reduced.count();
  plan.striped = rank > 0 && (mask >> (rank - 1) & 1);
  const FoldAxes& reduced = plan.reduced;
  plan.along =
      reduced.rank == 0 || (reduced.rank == 1 && reduced.in[0] == 1 && reduced.out[0] <= 1);
  if (plan.along) return plan.possible = true, plan;
  for (int axis = 0; axis < plan.outer.rank; ++axis) {
    if (plan.outer.in[axis] != 1) continue;
    plan.lanes = plan.outer.extents[axis];
    plan.laneOut = plan.outer.out[axis];
    plan.outer.remove(axis);
    plan.possible = true;
    break;
  }
  return plan;
}

}  // namespace minnow::kernels
