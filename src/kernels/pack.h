// Packed forms of weights: what each is for, how large, and making it. One minnow::Packing is an
// enumerator, a case of each function here, and one of kernels/reference/weights.h, which reads it.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

#include "kernels/packing.h"
#include "minnow/tensor.h"
#include "ops/operator.h"

namespace minnow::kernels {

/// The packed form in which kernels want weights of a type; None if they take them as they are.
Packing packingFor(DataType type);
/// The type of elements that are packed so; Undefined for None and for numbers that are no Packing.
DataType packedType(Packing packing);
/// Bytes of weights that are packed so.
uint64_t packedBytes(Packing packing, const ops::WeightMatrices& weights);
/// Packs weights whose first element is at `elements`; `out` has packedBytes(). Padding becomes 0.
void pack(Packing packing, const void* elements, const ops::WeightMatrices& weights,
          std::span<std::byte> out);

/// Elements of F32x16 as those of F16x16, rounded once to the nearest, and back, which is exact.
void halve(std::span<const float> panels, uint16_t* out);
void widen(std::span<const uint16_t> panels, float* out);

/// True if products of the weights with zeros change no bit of sums to which the bias is added: all
/// weights are finite, and no bias is -0, nor a negative denormal, which kernels take for -0.
bool zerosAddNothing(std::span<const float> weights, std::span<const float> bias);

/// One matrix to F32x16, for what is packed while a frame runs.
void packMatrix(const PanelShape& shape, const float* from, int64_t acrossOutputs,
                int64_t acrossDepth, float* out);

}  // namespace minnow::kernels
