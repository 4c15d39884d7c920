// Matrix products: rows of a are the microkernel's pixels. A right side that is not packed yet is
// packed block by block into scratch, so that products of large matrices need little memory.
#include "kernels/simd/matmul.h"

#include <algorithm>
#include <utility>

#include "kernels/matrix.h"
#include "kernels/pack.h"
#include "kernels/simd/convert_rows.h"
#include "kernels/simd/panel_run.h"
#include "kernels/simd/scratch.h"
#include "ops/matmul.h"

namespace minnow::kernels::simd {
namespace {

constexpr int64_t kBlockFloats = 40 * 1024;   // of a, that stay in the second cache
constexpr int64_t kPackedFloats = 64 * 1024;  // of b, packed at a time

/// What is computed how: a pure function of shapes and strides. The microkernel multiplies rows of
/// the left side, whose elements should be adjacent, by panels of 16 columns of the right side.
/// A side that does not lie like that is copied: the left one block by block (stageLeft), the right
/// one into panels (packRight), and an output whose columns are not adjacent is written from a
/// tile (scatter). None of it changes the order of accumulation, which runs over k alone.
struct MatMulPlan {
  Matrices left, right, out;
  Shape batch;
  int64_t m = 1, n = 1, k = 1;
  bool stageLeft = false;      ///< rows of a are copied: their elements are not adjacent
  bool packRight = false;      ///< b is packed on the way
  bool scatter = false;        ///< the output's columns are not adjacent
  bool swapped = false;        ///< left is input 1 and right input 0, all transposed
  int64_t rowsPerBlock = 1;    ///< rows of a for which all panels are computed in turn
  int64_t panelsPerBlock = 1;  ///< panels packed at a time; all of them when b is packed
  PanelShape panels;           ///< of one matrix
  bool byHalves = false;       ///< a lone row times a b of float16
  int64_t widenedFloats = 0;   ///< of a b that is stored as float16, else

  MatMulPlan(const ops::MatMul& op, std::span<const TensorView> inputs, const TensorView& y)
      : left(inputs[0], op.transposeA, /*row=*/true),
        right(inputs[1], op.transposeB, /*row=*/false),
        out(outputMatrices(y, inputs[0].shape.rank() > 1, inputs[1].shape.rank() > 1)) {
    const auto extents =
        ops::matMulExtents(inputs[0].shape, inputs[1].shape, op.transposeA, op.transposeB);
    m = extents->m, n = extents->n, k = extents->k;
    batch = extents->batch;
    packRight = inputs[1].packing == Packing::None;
    const bool biased = inputs.size() > 2 && inputs[2];
    if (packRight && !biased && movedWhenSwapped() < movedAsItIs()) swapSides();
    mergeRows();
    panels = {1, n, k};
    byHalves = m == 1 && inputs[1].packing == Packing::F16x16;
    widenedFloats = byHalves ? 0 : PanelWeights(inputs[1]).roomFloats(panels);
    stageLeft = k > 1 && left.columnStride != 1;
    scatter = n > 1 && out.columnStride != 1;
    rowsPerBlock = std::min(m, std::max<int64_t>(56, kBlockFloats / std::max<int64_t>(1, k)));
    const int64_t blocks = (m + rowsPerBlock - 1) / rowsPerBlock;
    rowsPerBlock = (m + blocks - 1) / blocks;
    panelsPerBlock = panelsOf(panels);
    if (packRight)
      panelsPerBlock = std::min(panelsPerBlock,
                                std::max<int64_t>(2, kPackedFloats / (kPanel * (k + 1)) / 2 * 2));
  }

  /// Scratch: rows of a, then the outputs of a pair of panels, then panels, packed or widened; in floats.
  int64_t stagedFloats() const { return stageLeft ? PanelShape::roundUp(rowsPerBlock * k, 16) : 0; }
  int64_t scatteredFloats() const { return scatter ? rowsPerBlock * 2 * kPanel : 0; }
  size_t scratchBytes() const {
    const int64_t packed = packRight ? panelsPerBlock * kPanel * k : widenedFloats;
    return static_cast<size_t>(stagedFloats() + scatteredFloats() + packed) * sizeof(float);
  }

 private:
  // Floats that are moved besides the product itself, those moved one by one counting more: packing
  // one side, copying rows of the other whose depth is not contiguous, scattering the output.
  // An example: a is 1000x64, b is 64x8, all row-major. As it is, b is packed in runs of adjacent
  // columns, 8*64 = 512 floats, and nothing else moves. Swapped, a would be packed element by
  // element (4*64000), b's columns copied (4*512) and the output scattered (4*8000). With b given
  // as 8x64 and transposeB, packing it counts 4*512, still far less.
  static constexpr double kOneByOne = 4;
  static double movedFloats(int64_t packed, bool packsInRuns, int64_t copied, bool needsNoCopy,
                            int64_t scattered, bool needsNoScatter) {
    return static_cast<double>(packed) * (packsInRuns ? 1 : kOneByOne) +
           (needsNoCopy ? 0 : kOneByOne * static_cast<double>(copied)) +
           (needsNoScatter ? 0 : kOneByOne * static_cast<double>(scattered));
  }
  double movedAsItIs() const {
    return movedFloats(n * k, right.columnStride == 1, m * k, left.columnStride == 1, m * n,
                       out.columnStride == 1);
  }
  double movedWhenSwapped() const {
    return movedFloats(m * k, left.rowStride == 1, n * k, right.rowStride == 1, m * n,
                       out.rowStride == 1);
  }
  /// Computes the transposed product y' = b' a' instead: left and right change places, rows become
  /// columns. An element of y is still the sum over k of the same products in the same order, and
  /// a product of two floats does not depend on which comes first, so the bits stay.
  void swapSides() {
    std::swap(left, right);
    for (Matrices* matrices : {&left, &right, &out})
      std::swap(matrices->rowStride, matrices->columnStride);
    std::swap(m, n);
    swapped = true;
  }
  /// A batch of matrices that all meet the same b is one tall matrix, if its rows are evenly
  /// spaced: [8, 49, 64] x [64, 32] becomes 392x64 x 64x32. Axes are merged from the innermost
  /// outwards as long as the next matrix begins where a further row would (batch stride = m * row
  /// stride, in a and in y). With m = 1 there is no such condition, because the batch axis itself
  /// becomes the rows.
  void mergeRows() {
    if (right.batch.elements() != 1) return;
    while (batch.rank() > 0 && batch.rank() == left.batch.rank() &&
           batch.rank() == out.batch.rank()) {
      const int last = batch.rank() - 1;
      const int64_t count = batch[last];
      if (left.batch[last] != count) return;
      if (count > 1 && m > 1 &&
          (left.batchStrides[last] != m * left.rowStride ||
           out.batchStrides[last] != m * out.rowStride))
        return;
      if (m == 1) {
        left.rowStride = left.batchStrides[last];
        out.rowStride = out.batchStrides[last];
      }
      m *= count;
      for (Shape* shape : {&batch, &left.batch, &out.batch})
        *shape = Shape(shape->dims().first(static_cast<size_t>(last)));
    }
  }
};

/// The product, cut into items: (matrix of the batch, range of rows, block of panels).
struct Cut {
  int64_t matrices, rows, rowRanges, panels, panelBlocks;

  Cut(const MatMulPlan& plan, int threads) {
    const int64_t multiplyAdds = plan.batch.elements() * plan.m * plan.n * plan.k;
    const bool shared = threads > 1 && multiplyAdds >= kMultiplyAddsWorthSharing;
    const int64_t wanted = shared ? 3 * threads : 1;
    const int64_t all = panelsOf(plan.panels);
    matrices = plan.batch.elements();
    panels = plan.panelsPerBlock;
    rows = plan.packRight ? plan.m : plan.rowsPerBlock;
    const auto items = [&] {
      rowRanges = (plan.m + rows - 1) / rows;
      panelBlocks = (all + panels - 1) / panels;
      return matrices * rowRanges * panelBlocks;
    };
    while (items() < wanted && rows > 56) rows = (rows + 1) / 2;
    while (items() < wanted && panels > 2) panels = (panels / 2 + 1) / 2 * 2;
    if (shared && panels < all && panels % 2 == 0)
      panels = 2 * base::evenHeight((all + 1) / 2, threads, panels / 2);
    items();
  }
};

struct Work {
  const ops::MatMul& op;
  const MatMulPlan& plan;
  const KernelArgs& args;
  Cut cut;

  void run(int64_t item, std::byte* scratch) const {
    const int64_t block = item % cut.panelBlocks;
    const int64_t range = item / cut.panelBlocks % cut.rowRanges;
    const auto batch = batchIndex(item / cut.panelBlocks / cut.rowRanges);
    float* staged = reinterpret_cast<float*>(scratch);
    const int64_t firstPanel = block * cut.panels;
    float* scattered = staged + plan.stagedFloats();
    float* panels = scattered + plan.scatteredFloats();
    if (plan.byHalves) return runByHalves(batch, firstPanel, staged, scattered);
    const PanelOutputs outputs =
        plan.packRight ? packedHere(batch, firstPanel, panels) : packedBefore(batch);
    const int64_t shift = plan.packRight ? firstPanel : 0;
    const float* a = left(batch);
    float* y = out(batch, shift * kPanel);
    const int64_t end = std::min(plan.m, (range + 1) * cut.rows);
    for (int64_t row = range * cut.rows; row < end; row += plan.rowsPerBlock) {
      const int64_t rows = std::min(plan.rowsPerBlock, end - row);
      const TapRun tap = rowsOf(a, row, rows, staged);
      outputs.forEachPanel(
          firstPanel - shift, firstPanel - shift + cut.panels, panels, [&](const Panel& panel) {
            multiply(panel, {&tap, 1, plan.k}, rows, y + row * plan.out.rowStride, scattered);
          });
    }
  }

 private:
  using Index = std::array<int64_t, kMaxRank>;

  const float* left(const Index& batch) const {
    return args.inputs[plan.swapped ? 1 : 0].as<const float>() +
           plan.left.offset(batch, plan.batch.rank());
  }
  float* out(const Index& batch, int64_t column) const {
    return args.outputs[0].as<float>() + plan.out.offset(batch, plan.batch.rank()) +
           column * plan.out.columnStride;
  }

  /// Sums, some at a time; then these are panels of depth 1, which times 1 takes their bias and epilogue.
  void runByHalves(const Index& batch, int64_t firstPanel, float* staged, float* scattered) const {
    constexpr int64_t kMost = 1024;
    static constexpr float kOne = 1;
    const TapRun x = rowsOf(left(batch), 0, 1, staged), one{&kOne, 0};
    const int64_t end = std::min(plan.n, (firstPanel + cut.panels) * kPanel);
    const uint16_t* b = weightsOf(batch).halves();
    alignas(64) float sums[kMost];
    for (int64_t n = firstPanel * kPanel; n < end; n += kMost) {
      const int64_t columns = std::min(kMost, end - n);
      multiplyHalves({b + plan.panels.offset(0, n, 0), plan.k, columns, x.input, sums});
      PanelOutputs({1, columns, 1}, PanelWeights(sums), biasFrom(n), op.epilogue)
          .forEachPanel(0, kMost / kPanel, nullptr, [&](const Panel& panel) {
            multiply(panel, {&one, 1, 1}, 1, out(batch, n), scattered);
          });
    }
  }

  Index batchIndex(int64_t number) const {
    Index index{};
    for (int axis = plan.batch.rank() - 1; axis >= 0; --axis) {
      index[axis] = number % plan.batch[axis];
      number /= plan.batch[axis];
    }
    return index;
  }

  void multiply(const Panel& panel, const Reduction& reduction, int64_t rows, float* y,
                float* tile) const {
    if (!plan.scatter) return panel.run(reduction, rows, y, plan.out.rowStride);
    panel.run(reduction, rows, tile - panel.firstOutput, 2 * kPanel);
    y += panel.firstOutput * plan.out.columnStride;
    for (int64_t column = 0; column < panel.tile.outputs; ++column)
      for (int64_t row = 0; row < rows; ++row)
        y[row * plan.out.rowStride + column * plan.out.columnStride] =
            tile[row * 2 * kPanel + column];
  }

  TapRun rowsOf(const float* a, int64_t row, int64_t rows, float* staged) const {
    a += row * plan.left.rowStride;
    if (!plan.stageLeft) return {a, plan.left.rowStride};
    for (int64_t k = 0; k < plan.k; ++k)
      for (int64_t r = 0; r < rows; ++r)
        staged[r * plan.k + k] = a[r * plan.left.rowStride + k * plan.left.columnStride];
    return {staged, plan.k};
  }

  PanelWeights weightsOf(const Index& batch) const {
    const int64_t matrix = plan.right.number(batch, plan.batch.rank());
    return PanelWeights(args.inputs[1]).from(matrix * plan.panels.groupElements());
  }

  PanelOutputs packedBefore(const Index& batch) const {
    return PanelOutputs(plan.panels, weightsOf(batch), biasFrom(0), op.epilogue);
  }

  PanelOutputs packedHere(const Index& batch, int64_t firstPanel, float* packed) const {
    const int64_t first = firstPanel * kPanel;
    const int64_t columns = std::min(plan.n - first, cut.panels * kPanel);
    const float* from = args.inputs[plan.swapped ? 0 : 1].as<const float>() +
                        plan.right.offset(batch, plan.batch.rank()) +
                        first * plan.right.columnStride;
    const PanelShape shape{1, columns, plan.k};
    packMatrix(shape, from, plan.right.columnStride, plan.right.rowStride, packed);
    return PanelOutputs(shape, PanelWeights(packed), biasFrom(first), op.epilogue);
  }

  TensorView biasFrom(int64_t first) const {
    if (args.inputs.size() < 3 || !args.inputs[2]) return {};
    TensorView bias = args.inputs[2];
    bias.data = bias.as<float>() + first * bias.strides[0];
    return bias;
  }
};

}  // namespace

bool acceptsMatMul(const ops::Operator&, std::span<const TensorView> inputs,
                   std::span<const TensorView> outputs) {
  return inputs[0].type == DataType::Float32 && outputs[0].elements() > 0;
}

size_t matMulWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                       std::span<const TensorView> outputs, const CallShape& call) {
  const MatMulPlan plan(static_cast<const ops::MatMul&>(op), inputs, outputs[0]);
  return scratchWorkspace(plan.scratchBytes(), call.threads);
}

Result<void> runMatMul(const ops::Operator& op, const KernelArgs& args) {
  const auto& matMul = static_cast<const ops::MatMul&>(op);
  const MatMulPlan plan(matMul, args.inputs, args.outputs[0]);
  const Work work{matMul, plan, args, Cut(plan, args.team->threads())};
  forEachItem(*args.team, work.cut.matrices * work.cut.rowRanges * work.cut.panelBlocks,
              args.workspace, plan.scratchBytes(),
              [&](int64_t item, std::byte* scratch) { work.run(item, scratch); });
  return {};
}

}  // namespace minnow::kernels::simd
