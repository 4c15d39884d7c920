// Packing weights.
#include "kernels/pack.h"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <vector>

#include "base/half.h"
#include "kernels/byte_packing.h"

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

/// One output a group: channels side by side.
void packDepthwise(const PanelShape& shape, const float* from, const ops::WeightMatrices& weights,
                   float* out) {
  const int64_t padded = shape.stepElements(0);
  for (int64_t step = 0; step < shape.depth; ++step)
    for (int64_t group = 0; group < padded; ++group)
      *out++ = group < shape.groups ? from[weights.offset(group, 0) + weights.offset(step)] : 0.0f;
}

void packF32x16(const float* elements, const ops::WeightMatrices& weights, float* out) {
  const PanelShape shape = panelShape(weights);
  if (shape.depthwise) return packDepthwise(shape, elements, weights, out);
  const int outputs = weights.groupAxes;
  const bool isMatrix = weights.shape.rank() == outputs + 2;
  for (int64_t group = 0; group < shape.groups; ++group, out += shape.groupElements()) {
    const float* from = elements + weights.offset(group, 0);
    const auto at = [&](int64_t output, int64_t step) {
      return from[weights.offset(0, output) + weights.offset(step)];
    };
    if (isMatrix)
      packMatrix(shape, from, weights.strides[outputs], weights.strides[outputs + 1], out);
    else
      packGroup(shape, at, out);
  }
}

void packI8x16(const int8_t* elements, const ops::WeightMatrices& weights,
               std::span<std::byte> out) {
  const BytePanels panels(weights);
  std::ranges::fill(out, std::byte{0});
  for (int64_t group = 0; group < panels.groups; ++group)
    for (int64_t output = 0; output < panels.outputs; ++output) {
      int32_t sum = 0;
      for (int64_t step = 0; step < panels.depth; ++step) {
        const int8_t weight = elements[weights.offset(group, output) + weights.offset(step)];
        out[static_cast<size_t>(panels.offset(group, output, step))] =
            static_cast<std::byte>(weight);
        sum += weight;
      }
      std::memcpy(out.data() + panels.channel(group, output) * 4, &sum, sizeof sum);
    }
}

}  // namespace

bool zerosAddNothing(std::span<const float> weights, std::span<const float> bias) {
  const auto isNegativeZero = [](float b) {
    return std::signbit(b) && std::abs(b) < std::numeric_limits<float>::min();
  };
  return std::ranges::all_of(weights, [](float w) { return std::isfinite(w); }) &&
         std::ranges::none_of(bias, isNegativeZero);
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

Packing packingFor(DataType type) {
  if (type == DataType::Int8) return Packing::I8x16;
  return type == DataType::Float32 ? Packing::F32x16 : Packing::None;
}

DataType packedType(Packing packing) {
  switch (packing) {
    case Packing::None:
      break;
    case Packing::F32x16:
    case Packing::F16x16:
      return DataType::Float32;
    case Packing::I8x16:
      return DataType::Int8;
  }
  return DataType::Undefined;
}

uint64_t packedBytes(Packing packing, const ops::WeightMatrices& weights) {
  switch (packing) {
    case Packing::None:
      break;
    case Packing::F32x16:
      return panelShape(weights).bytes();
    case Packing::F16x16:
      return panelShape(weights).elements() * sizeof(uint16_t);
    case Packing::I8x16:
      return BytePanels(weights).bytes();
  }
  return 0;
}

void pack(Packing packing, const void* elements, const ops::WeightMatrices& weights,
          std::span<std::byte> out) {
  switch (packing) {
    case Packing::None:
      break;
    case Packing::F32x16:
      return packF32x16(static_cast<const float*>(elements), weights,
                        reinterpret_cast<float*>(out.data()));
    case Packing::F16x16: {
      std::vector<float> panels(panelShape(weights).elements());
      packF32x16(static_cast<const float*>(elements), weights, panels.data());
      return halve(panels, reinterpret_cast<uint16_t*>(out.data()));
    }
    case Packing::I8x16:
      return packI8x16(static_cast<const int8_t*>(elements), weights, out);
  }
}

void halve(std::span<const float> panels, uint16_t* out) {
  std::ranges::transform(panels, out, base::halfFromFloat);
}
void widen(std::span<const uint16_t> panels, float* out) {
  std::ranges::transform(panels, out, base::floatFromHalf);
}

}  // namespace minnow::kernels
