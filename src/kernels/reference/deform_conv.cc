// Deformable convolution, one output element at a time.
#include "ops/deform_conv.h"

#include <cmath>

#include "kernels/elementwise.h"
#include "kernels/kernel.h"

namespace minnow::kernels::reference {
namespace {

using Index = std::array<int64_t, kMaxRank>;

/// Where a tap reads: four neighbours and their weights; neighbours outside have weight 0.
struct Sample {
  int64_t offset[4] = {};
  float weight[4] = {};
};

Sample sampleAt(const TensorView& x, float row, float column) {
  Sample sample;
  const int64_t height = x.shape[2], width = x.shape[3];
  // The negation also refuses NaN.
  if (!(row > -1.0f && column > -1.0f && row < static_cast<float>(height) &&
        column < static_cast<float>(width)))
    return sample;
  const float top = std::floor(row), left = std::floor(column);
  const float dy = row - top, dx = column - left;
  for (int i = 0; i < 4; ++i) {
    const int64_t r = static_cast<int64_t>(top) + i / 2, c = static_cast<int64_t>(left) + i % 2;
    if (r < 0 || c < 0 || r >= height || c >= width) continue;
    sample.offset[i] = r * x.strides[2] + c * x.strides[3];
    sample.weight[i] = (i / 2 ? dy : 1.0f - dy) * (i % 2 ? dx : 1.0f - dx);
  }
  return sample;
}

float read(const float* plane, const Sample& sample) {
  float value = 0;
  for (int i = 0; i < 4; ++i) value = std::fma(plane[sample.offset[i]], sample.weight[i], value);
  return value;
}

struct Deformed {
  const ops::DeformConv& op;
  const KernelArgs& args;

  float at(size_t input, int64_t n, int64_t channel, const Index& out) const {
    const TensorView& view = args.inputs[input];
    return view.as<const float>()[n * view.strides[0] + channel * view.strides[1] +
                                  out[2] * view.strides[2] + out[3] * view.strides[3]];
  }

  /// The position that offset group and tap read for an output element, and the mask there.
  Sample sample(const Index& out, int64_t offsetGroup, int64_t tap, float& mask) const {
    const Shape& w = args.inputs[1].shape;
    const int64_t flat = offsetGroup * w[2] * w[3] + tap;
    const int64_t row = out[2] * op.strides[0] - op.padsBegin[0] + tap / w[3] * op.dilations[0];
    const int64_t column = out[3] * op.strides[1] - op.padsBegin[1] + tap % w[3] * op.dilations[1];
    mask = args.inputs.size() > 4 && args.inputs[4] ? at(4, out[0], flat, out) : 1.0f;
    return sampleAt(args.inputs[0], static_cast<float>(row) + at(2, out[0], 2 * flat, out),
                    static_cast<float>(column) + at(2, out[0], 2 * flat + 1, out));
  }

  float element(const Index& out, float sum) const {
    const TensorView& x = args.inputs[0];
    const TensorView& w = args.inputs[1];
    const int64_t inputs = w.shape[1], group = out[1] / (w.shape[0] / op.groups);
    const int64_t perOffsetGroup = x.shape[1] / op.offsetGroups;
    for (int64_t tap = 0; tap < w.shape[2] * w.shape[3]; ++tap) {
      Sample where;
      float mask = 1;
      for (int64_t c = 0; c < inputs; ++c) {
        const int64_t channel = group * inputs + c;
        if (c == 0 || channel % perOffsetGroup == 0)
          where = sample(out, channel / perOffsetGroup, tap, mask);
        const float* plane = x.as<const float>() + out[0] * x.strides[0] + channel * x.strides[1];
        const float weight =
            w.as<const float>()[out[1] * w.strides[0] + c * w.strides[1] +
                                tap / w.shape[3] * w.strides[2] + tap % w.shape[3] * w.strides[3]];
        sum = std::fma(read(plane, where) * mask, weight, sum);
      }
    }
    return sum;
  }
};

}  // namespace

Result<void> runDeformConv(const ops::Operator& op, const KernelArgs& args) {
  const Deformed deformed{static_cast<const ops::DeformConv&>(op), args};
  const TensorView& y = args.outputs[0];
  const TensorView* bias = args.inputs.size() > 3 && args.inputs[3] ? &args.inputs[3] : nullptr;
  forEachIndex(y.shape, [&](const Index& out) {
    const float from = bias ? bias->as<const float>()[out[1] * bias->strides[0]] : 0.0f;
    y.as<float>()[offsetOf(out, y.strides, 4)] = deformed.element(out, from);
  });
  return {};
}

}  // namespace minnow::kernels::reference
