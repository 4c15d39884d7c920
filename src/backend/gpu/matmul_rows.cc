// Matrix products.
#include <algorithm>

#include "backend/gpu/axes.h"
#include "backend/gpu/rows.h"
#include "base/fail.h"
#include "kernels/matrix.h"
#include "kernels/packing.h"
#include "ops/matmul.h"

namespace minnow::backend::gpu {
namespace {

using kernels::Matrices;

/// As kernels/matmul.cl has it.
struct MatMulGeometry {
  int32_t items, blocks, panels, rows, columns, depth;
  int32_t rank, extent[8], a[8], b[8], y[8];
  int32_t aRow, aColumn, bRow, bColumn, yRow, yColumn, bias;
  float alpha, beta;
};

/// Null where the right side is not constant, or a vector.
std::optional<ops::WeightMatrices> weightsOf(const Work& work) {
  const TensorView& b = work.inputs[1];
  if (b.data == nullptr) return std::nullopt;
  return work.op.weightMatrices(1, b.shape, b.strides);
}

Result<void> supportsMatMul(const Work& work, const Device& device) {
  const auto& op = static_cast<const ops::MatMul&>(work.op);
  const auto extents =
      ops::matMulExtents(work.inputs[0].shape, work.inputs[1].shape, op.transposeA, op.transposeB);
  if (auto ok = checkTurns(device.pixels() * extents->k, device); !ok) return ok;
  if (storesHalves(work) && work.inputs[1].data != nullptr)
    if (auto ok = checkDigits(numbersOf(work, 1)); !ok) return ok;
  if (work.inputs[1].packing == Packing::None || weightsOf(work)) return {};
  return fail(ErrorCode::Unsupported, "packed vectors are not computed here");
}

/// `matrix`: elements of one right side in panels, 0 where it is not packed.
void enterBatch(const Shape& batch, const Matrices& a, const Matrices& b, const Matrices& y,
                int64_t matrix, MatMulGeometry& g) {
  g.rank = batch.rank();
  const auto enter = [&](const Matrices& side, int32_t(&strides)[8]) {
    const int missing = g.rank - side.batch.rank();
    for (int axis = 0; axis < side.batch.rank(); ++axis)
      if (side.batch[axis] != 1)
        strides[axis + missing] = static_cast<int32_t>(side.batchStrides[axis]);
  };
  Matrices panels = b;
  for (int axis = b.batch.rank() - 1; axis >= 0 && matrix > 0; --axis) {
    panels.batchStrides[axis] = matrix;
    matrix *= b.batch[axis];
  }
  enter(a, g.a), enter(panels, g.b), enter(y, g.y);
  for (int axis = 0; axis < g.rank; ++axis) g.extent[axis] = static_cast<int32_t>(batch[axis]);
}

/// A right side as it lies where neighbouring columns do beside each other.
TensorView byRows(const TensorView& b, bool transposed) {
  TensorView rows = b;
  rows.strides = plainStrides(b.shape);
  const auto last = static_cast<size_t>(b.shape.rank()) - 1;
  if (transposed) rows.strides[last] = b.shape[b.shape.rank() - 2], rows.strides[last - 1] = 1;
  return rows;
}

/// True if columns that a run computes lie apart: each vector of them would be put together from as many
/// places, for every block of rows anew, so that they are copied before.
bool areApart(const Work& work, const Device& device) {
  const auto& op = static_cast<const ops::MatMul&>(work.op);
  const TensorView& b = work.inputs[1];
  if (b.data != nullptr || b.shape.rank() < 2 || storesHalves(work)) return false;
  const auto extents =
      ops::matMulExtents(work.inputs[0].shape, b.shape, op.transposeA, op.transposeB);
  return Matrices(b, op.transposeB, false).columnStride != 1 && extents->n >= device.lanes() &&
         extents->m > device.pixels() && isWritten({"copy", "crossed", ""}, device);
}

/// y^T = b^T a^T: a's rows are vectors of columns then, and products and sums are the same, to the bit.
void turn(MatMulGeometry& g) {
  std::swap(g.rows, g.columns);
  std::swap(g.a, g.b);
  std::swap(g.aRow, g.bColumn), std::swap(g.aColumn, g.bRow);
  std::swap(g.yRow, g.yColumn);
}

/// True if that spares the copy of a right side: the left one's rows lie beside each other, as channels do.
bool isBetterTurned(const MatMulGeometry& g, int lanes) {
  return g.bias < 0 && g.aRow == 1 && g.rows >= lanes;
}

/// All but the work-items.
MatMulGeometry geometryOf(const Work& work, const TensorView& b, int64_t matrix) {
  const auto& op = static_cast<const ops::MatMul&>(work.op);
  const TensorView& a = work.inputs[0];
  const auto extents = *ops::matMulExtents(a.shape, b.shape, op.transposeA, op.transposeB);
  const Matrices left(a, op.transposeA, true), right(b, op.transposeB, false);
  const Matrices out =
      kernels::outputMatrices(work.outputs[0], a.shape.rank() > 1, b.shape.rank() > 1);
  MatMulGeometry g{};
  g.rows = static_cast<int32_t>(extents.m), g.columns = static_cast<int32_t>(extents.n);
  g.depth = static_cast<int32_t>(extents.k);
  enterBatch(extents.batch, left, right, out, matrix, g);
  g.aRow = static_cast<int32_t>(left.rowStride),
  g.aColumn = static_cast<int32_t>(left.columnStride);
  g.bRow = static_cast<int32_t>(right.rowStride);
  g.bColumn = static_cast<int32_t>(right.columnStride);
  g.yRow = static_cast<int32_t>(out.rowStride), g.yColumn = static_cast<int32_t>(out.columnStride);
  const bool hasBias = work.inputs.size() > 2 && work.inputs[2];
  g.bias = hasBias ? static_cast<int32_t>(work.inputs[2].strides[0]) : -1;
  g.alpha = op.epilogue.alpha, g.beta = op.epilogue.beta;
  return g;
}

/// Blocks of rows and of panels, and the work-items; the kernel for them.
KernelName settle(MatMulGeometry& g, bool packed, const Device& device, ops::UnaryFn epilogue) {
  const int pixels = g.rows == 1 ? 1 : device.pixels();  // of a vector one row is all
  const int all = (g.columns + device.lanes() - 1) / device.lanes();
  const int loose = g.bColumn == 1 ? std::min(all, device.panels()) : 1;  // three were slower
  const int panels = packed ? panelsOf(all, pixels, device) : loose;
  g.panels = (all + panels - 1) / panels;
  g.blocks = (g.rows + pixels - 1) / pixels;
  g.items = g.blocks * g.panels;
  for (int axis = 0; axis < g.rank; ++axis) g.items *= g.extent[axis];
  return {"matmul", "matmul",
          text(epilogueOption(epilogue), " -D PIXELS=", pixels, " -D PANELS=", panels,
               " -D PACKED=", packed ? 1 : 0)};
}

Result<void> prepareMatMul(const Work& work, Device& device, Launches& launches) {
  const auto& op = static_cast<const ops::MatMul&>(work.op);
  const auto matrices = weightsOf(work);
  const int64_t matrix = matrices ? kernels::panelShape(*matrices).groupElements() : 0;
  TensorView right = work.inputs[1];
  MatMulGeometry g = geometryOf(work, right, matrix);
  auto a = launches.operand(work, 0);
  if (!a) return passOn(a);
  auto b = matrices ? packedWeights(op, right, launches) : launches.operand(work, 1);
  if (!b) return passOn(b);
  if (areApart(work, device) && isBetterTurned(g, device.lanes())) {
    turn(g);
    std::swap(a, b);
  } else if (areApart(work, device)) {
    right = byRows(right, op.transposeB);
    const Operand rows{Operand::In::Workspace};
    launches.setWorkspace(right.bytes());
    if (auto ok = addCopy(launches, device, *b, work.inputs[1], rows, right); !ok) return ok;
    g = geometryOf(work, right, matrix);
    b = rows;
  }
  const auto bias = g.bias < 0 ? a : launches.operand(work, 2);
  if (!bias) return passOn(bias);
  const KernelName name = settle(g, matrices.has_value(), device, op.epilogue.fn);
  return launches.add(name, {*a, *b, *bias, {Operand::In::Outputs}}, g);
}

}  // namespace

std::span<const Row> matMulRows() {
  static constexpr Row kRows[] = {
      {ops::OpKind::MatMul, "matmul", "matmul", supportsMatMul, prepareMatMul}};
  return kRows;
}

}  // namespace minnow::backend::gpu
