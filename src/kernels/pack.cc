// Packing weights into panels.
#include "kernels/pack.h"

#include <algorithm>
#include <cstring>

namespace minnow::kernels {
namespace {

/// Writes one group: at(output, step) says the weight. Walks in the order of the packed form.
template <class At>
void packGroup(const PanelShape& shape, const At& at, float* out) {
  for (int64_t first = 0; first < shape.outputs; first += kPanel) {
    const int64_t width = shape.width(first);
    const int64_t used = std::min(width, shape.outputs - first);
    for (int64_t step = 0; step < shape.depth; ++step) {
      for (int64_t lane = 0; lane < used; ++lane) *out++ = at(first + lane, step);
      for (int64_t lane = used; lane < width; ++lane) *out++ = 0.0f;
    }
  }
}

/// A full panel of a matrix whose rows of outputs are contiguous, or whose columns are: a copy, or
/// a transposition in blocks of a cache line. Products of two feature maps pack while they run.
void packFullPanel(const float* from, int64_t acrossOutputs, int64_t acrossDepth, int64_t depth,
                   float* out) {
  if (acrossOutputs == 1) {
    for (int64_t step = 0; step < depth; ++step)
      std::memcpy(out + step * kPanel, from + step * acrossDepth, kPanel * sizeof(float));
    return;
  }
  constexpr int64_t kBlock = 16;
  int64_t step = 0;
  for (; step + kBlock <= depth; step += kBlock)
    for (int64_t lane = 0; lane < kPanel; ++lane) {
      const float* line = from + lane * acrossOutputs + step * acrossDepth;
      for (int64_t i = 0; i < kBlock; ++i) out[(step + i) * kPanel + lane] = line[i * acrossDepth];
    }
  for (; step < depth; ++step)
    for (int64_t lane = 0; lane < kPanel; ++lane)
      out[step * kPanel + lane] = from[lane * acrossOutputs + step * acrossDepth];
}

void packMatrix(const PanelShape& shape, const float* from, int64_t acrossOutputs,
                int64_t acrossDepth, float* out) {
  const int64_t full = shape.outputs / kPanel * kPanel;
  for (int64_t first = 0; first < full; first += kPanel)
    packFullPanel(from + first * acrossOutputs, acrossOutputs, acrossDepth, shape.depth,
                  out + first * shape.depth);
  PanelShape rest = shape;
  rest.outputs -= full;
  from += full * acrossOutputs;
  const auto at = [&](int64_t output, int64_t step) {
    return from[output * acrossOutputs + step * acrossDepth];
  };
  packGroup(rest, at, out + full * shape.depth);
}

/// Element offset of tap number `tap` (row-major over the kernel's axes).
int64_t tapOffset(const TensorView& weights, int64_t tap) {
  int64_t offset = 0;
  for (int axis = weights.shape.rank() - 1; axis >= 2; --axis) {
    offset += tap % weights.shape[axis] * weights.strides[axis];
    tap /= weights.shape[axis];
  }
  return offset;
}

/// One input and one output channel a group; axis 0 counts groups.
void packDepthwise(const TensorView& weights, const PanelShape& shape, std::span<float> out) {
  const float* data = weights.as<const float>();
  const int64_t padded = PanelShape::roundUp(shape.groups, kPanel);
  for (int64_t tap = 0; tap < shape.depth; ++tap)
    for (int64_t c = 0; c < padded; ++c)
      out[tap * padded + c] =
          c < shape.groups ? data[c * weights.strides[0] + tapOffset(weights, tap)] : 0.0f;
}

}  // namespace

PanelShape convPanels(const Shape& weights, int64_t groups) {
  int64_t taps = 1;
  for (int axis = 2; axis < weights.rank(); ++axis) taps *= weights[axis];
  const int64_t outputs = weights[0] / groups;
  return {groups, outputs, taps * weights[1], weights[1] == 1 && outputs == 1};
}

PanelShape convTransposePanels(const Shape& weights, int64_t groups) {
  int64_t taps = 1;
  for (int axis = 2; axis < weights.rank(); ++axis) taps *= weights[axis];
  const int64_t inputs = weights[0] / groups;
  return {groups, weights[1], taps * inputs, weights[1] == 1 && inputs == 1};
}

PanelShape matMulPanels(const Shape& b, bool transposed) {
  int64_t batch = 1;
  for (int axis = 0; axis < b.rank() - 2; ++axis) batch *= b[axis];
  const int64_t rows = b[b.rank() - 2], columns = b[b.rank() - 1];
  return {batch, transposed ? rows : columns, transposed ? columns : rows};
}

void packConv(const TensorView& weights, int64_t groups, std::span<float> out) {
  const PanelShape shape = convPanels(weights.shape, groups);
  if (shape.depthwise) return packDepthwise(weights, shape, out);
  const float* data = weights.as<const float>();
  const int64_t inputs = weights.shape[1];
  for (int64_t group = 0; group < groups; ++group) {
    const float* from = data + group * shape.outputs * weights.strides[0];
    const auto at = [&](int64_t output, int64_t step) {
      return from[output * weights.strides[0] + step % inputs * weights.strides[1] +
                  tapOffset(weights, step / inputs)];
    };
    packGroup(shape, at, out.data() + group * shape.groupFloats());
  }
}

void packConvTranspose(const TensorView& weights, int64_t groups, std::span<float> out) {
  const PanelShape shape = convTransposePanels(weights.shape, groups);
  if (shape.depthwise) return packDepthwise(weights, shape, out);
  const int64_t inputs = weights.shape[0] / groups;
  for (int64_t group = 0; group < groups; ++group) {
    const float* from = weights.as<const float>() + group * inputs * weights.strides[0];
    const auto at = [&](int64_t output, int64_t step) {
      return from[step % inputs * weights.strides[0] + output * weights.strides[1] +
                  tapOffset(weights, step / inputs)];
    };
    packGroup(shape, at, out.data() + group * shape.groupFloats());
  }
}

void packMatMul(const TensorView& b, bool transposed, std::span<float> out) {
  const PanelShape shape = matMulPanels(b.shape, transposed);
  const int rank = b.shape.rank();
  const int64_t acrossOutputs = b.strides[transposed ? rank - 2 : rank - 1];
  const int64_t acrossDepth = b.strides[transposed ? rank - 1 : rank - 2];
  for (int64_t group = 0; group < shape.groups; ++group) {
    int64_t offset = 0, index = group;
    for (int axis = rank - 3; axis >= 0; --axis) {
      offset += index % b.shape[axis] * b.strides[axis];
      index /= b.shape[axis];
    }
    const float* from = b.as<const float>() + offset;
    packMatrix(shape, from, acrossOutputs, acrossDepth, out.data() + group * shape.groupFloats());
  }
}

}  // namespace minnow::kernels
