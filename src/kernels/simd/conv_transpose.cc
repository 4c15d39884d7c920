// Transposed convolution as it gathers: output pixels of one phase (column modulo stride) read
// neighbouring input pixels through the same taps, so each phase is an ordinary convolution by the
// microkernel, written with a pixel step of the stride.
#include <algorithm>

#include "kernels/simd/conv.h"
#include "kernels/simd/conv_plan.h"
#include "kernels/simd/epilogue_rows.h"
#include "kernels/simd/panel_run.h"
#include "kernels/simd/scratch.h"
#include "ops/conv_transpose.h"

namespace minnow::kernels::simd {
namespace {

/// One spatial axis.
struct Axis : ops::SlidingWindow {
  /// Whether tap k reaches any input position from output position `out`.
  bool reaches(int64_t out, int64_t k) const {
    return (out + padBegin - k * dilation) % stride == 0;
  }
  /// The input position it reaches; may lie outside the input.
  int64_t input(int64_t out, int64_t k) const { return (out + padBegin - k * dilation) / stride; }
};

struct Plan {
  Image x, y;
  Axis planes, rows, columns;
  PanelShape panels;
  int64_t widenedFloats;
  int64_t inputs;  ///< channels of a group

  Plan(const ops::ConvTranspose& op, const TensorView& in, const TensorView& weights,
       const TensorView& out)
      : x(in),
        y(out),
        columns{op.along(static_cast<int>(op.kernel.size()) - 1, x.width)},
        panels(panelShape(op, weights)),
        widenedFloats(PanelWeights(weights).roomFloats(panels)),
        inputs(x.channels / op.groups) {
    const int last = static_cast<int>(op.kernel.size()) - 1;
    if (last > 0) rows = Axis{op.along(last - 1, x.height)};
    if (last > 1) planes = Axis{op.along(0, x.depth)};
  }
  size_t tapBytes() const {
    return base::alignUp(static_cast<size_t>(planes.kernel * rows.kernel * columns.kernel) *
                         sizeof(TapRun));
  }
  /// Taps, zeros, weights.
  size_t scratchBytes() const {
    return tapBytes() +
           static_cast<size_t>(PanelShape::roundUp(inputs, 16) + widenedFloats) * sizeof(float);
  }
};

class Rows {
 public:
  Rows(const Plan& plan, const float* image, std::byte* scratch)
      : plan_(plan),
        image_(image),
        taps_(reinterpret_cast<TapRun*>(scratch)),
        zeros_(reinterpret_cast<float*>(scratch + plan.tapBytes())) {
    std::fill_n(zeros_, plan.inputs, 0.0f);
  }

  float* widened() const { return zeros_ + PanelShape::roundUp(plan_.inputs, 16); }

  /// Computes a row of an output plane.
  void run(const Panel& panel, const RowIndex& row, float* output) {
    const int64_t stride = plan_.columns.stride;
    for (int64_t phase = 0; phase < std::min(stride, plan_.y.width); ++phase) {
      const int64_t pixels = (plan_.y.width - phase + stride - 1) / stride;
      for (int64_t begin = 0; begin < pixels;) {
        const int64_t end = stretchEnd(phase, begin, pixels);
        const int64_t count = findTaps(row, phase + begin * stride, panel.group);
        panel.run({taps_, count, plan_.inputs}, end - begin,
                  output + (phase + begin * stride) * plan_.y.pixelStride,
                  stride * plan_.y.pixelStride);
        begin = end;
      }
    }
  }

 private:
  /// Pixels of the phase up to which every tap stays on one side of the border.
  int64_t stretchEnd(int64_t phase, int64_t begin, int64_t end) const {
    for (int64_t k = 0; k < plan_.columns.kernel; ++k) {
      if (!plan_.columns.reaches(phase, k)) continue;
      const int64_t shift = plan_.columns.input(phase, k);
      for (int64_t change : {-shift, plan_.x.width - shift})
        if (change > begin) end = std::min(end, change);
    }
    return end;
  }

  int64_t findTaps(const RowIndex& row, int64_t column, int64_t group) {
    int64_t count = 0;
    for (int64_t k = 0; k < plan_.planes.kernel * plan_.rows.kernel; ++k) {
      const int64_t kz = k / plan_.rows.kernel, ky = k % plan_.rows.kernel;
      if (!plan_.planes.reaches(row.plane, kz) || !plan_.rows.reaches(row.row, ky)) continue;
      const float* in = inputRow(plan_.planes.input(row.plane, kz), plan_.rows.input(row.row, ky));
      for (int64_t kx = 0; kx < plan_.columns.kernel; ++kx) {
        if (!plan_.columns.reaches(column, kx)) continue;
        TapRun tap = tapAt(in, plan_.columns.input(column, kx), group);
        tap.depth = (k * plan_.columns.kernel + kx) * plan_.inputs;
        taps_[count++] = tap;
      }
    }
    return count;
  }

  /// Pixel 0 of an input row; null on padding.
  const float* inputRow(int64_t z, int64_t y) const {
    const Image& in = plan_.x;
    if (z < 0 || z >= in.depth || y < 0 || y >= in.height) return nullptr;
    return image_ + z * in.planeStride + y * in.rowStride;
  }

  TapRun tapAt(const float* row, int64_t x, int64_t group) const {
    const Image& in = plan_.x;
    if (!row || x < 0 || x >= in.width) return {zeros_, 0};
    return {row + x * in.pixelStride + group * plan_.inputs, in.pixelStride};
  }

  const Plan& plan_;
  const float* image_;
  TapRun* taps_;
  float* zeros_;
};

}  // namespace

bool acceptsConvTranspose(const ops::Operator& op, std::span<const TensorView> inputs,
                          std::span<const TensorView> outputs) {
  const auto& conv = static_cast<const ops::ConvTranspose&>(op);
  if (!isInPanels(inputs[1]) || outputs[0].elements() == 0) return false;
  return Image(inputs[0]).channelsAdjacent() && Image(outputs[0]).channelsAdjacent() &&
         !panelShape(conv, inputs[1]).depthwise;
}

size_t convTransposeWorkspace(const ops::Operator& op, std::span<const TensorView> inputs,
                              std::span<const TensorView> outputs, const CallShape& call) {
  const Plan plan(static_cast<const ops::ConvTranspose&>(op), inputs[0], inputs[1], outputs[0]);
  return scratchWorkspace(plan.scratchBytes(), call.threads);
}

Result<void> runConvTranspose(const ops::Operator& op, const KernelArgs& args) {
  const auto& conv = static_cast<const ops::ConvTranspose&>(op);
  const Plan plan(conv, args.inputs[0], args.inputs[1], args.outputs[0]);
  // The pixels of a phase are apart, and may have one channel each: a function of several
  // instructions is applied to whole rows.
  const auto after = TileEpilogue(conv.epilogue).after;
  const PanelOutputs outputs(plan.panels, PanelWeights(args.inputs[1]),
                             args.inputs.size() > 2 ? args.inputs[2] : TensorView{},
                             after ? ops::Epilogue{} : conv.epilogue);
  const int64_t panels = plan.panels.groups * panelsOf(plan.panels);
  constexpr int64_t kRows = 4;
  const OutputRows asked = args.rows.within(plan.y.height);
  const int64_t blocks = (asked.end - asked.begin + kRows - 1) / kRows;
  forEachItem(
      *args.team, plan.y.batch * plan.y.depth * blocks, args.workspace, plan.scratchBytes(),
      [&](int64_t item, std::byte* scratch) {
        const int64_t image = item / blocks / plan.y.depth;
        const int64_t plane = item / blocks % plan.y.depth;
        const int64_t first = asked.begin + item % blocks * kRows;
        const int64_t end = std::min(first + kRows, asked.end);
        Rows rows(plan, args.inputs[0].as<const float>() + image * plan.x.batchStride, scratch);
        float* y =
            args.outputs[0].as<float>() + image * plan.y.batchStride + plane * plan.y.planeStride;
        outputs.forEachPanel(0, panels, rows.widened(), [&](const Panel& panel) {
          for (int64_t row = first; row < end; ++row)
            rows.run(panel, {plane, row}, y + row * plan.y.rowStride);
        });
        for (int64_t row = first; after && row < end; ++row)
          applyEpilogueRows(*after, y + row * plan.y.rowStride, plan.y.width, plan.y.pixelStride,
                            plan.y.channels);
      });
  return {};
}

}  // namespace minnow::kernels::simd
