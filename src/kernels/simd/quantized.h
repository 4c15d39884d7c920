// Operators on quantised tensors: convolutions and products by tiles of bytes, and the rest by rows.
#pragma once

#include "kernels/kernel.h"

namespace minnow::kernels::simd {

#define MINNOW_QUANTIZED_KERNEL(name)                                          \
  bool accepts##name(const ops::Operator&, std::span<const TensorView> inputs, \
                     std::span<const TensorView> outputs);                     \
  Result<void> run##name(const ops::Operator&, const KernelArgs&);
#define MINNOW_QUANTIZED_SCRATCH(name)                                             \
  MINNOW_QUANTIZED_KERNEL(name)                                                    \
  size_t name##Workspace(const ops::Operator&, std::span<const TensorView> inputs, \
                         std::span<const TensorView> outputs, const CallShape& call);

MINNOW_QUANTIZED_SCRATCH(QuantizedConv)
/// 3x3, where AVX2 has to do.
MINNOW_QUANTIZED_SCRATCH(QuantizedWinograd)
MINNOW_QUANTIZED_SCRATCH(QuantizedDepthwise)
MINNOW_QUANTIZED_SCRATCH(QuantizedMatMul)
MINNOW_QUANTIZED_KERNEL(QuantizedBinary)
MINNOW_QUANTIZED_SCRATCH(QuantizedGlobalPool)
/// TensorFlow Lite's averages, of the whole image too: sums are divided as they are.
MINNOW_QUANTIZED_SCRATCH(QuantizedWindows)
MINNOW_QUANTIZED_KERNEL(LookUp)
/// A maximum of bytes.
MINNOW_QUANTIZED_KERNEL(BytePool)
/// The nearest pixels of bytes, or four mixed.
MINNOW_QUANTIZED_KERNEL(ByteResize)

#undef MINNOW_QUANTIZED_KERNEL
#undef MINNOW_QUANTIZED_SCRATCH

}  // namespace minnow::kernels::simd
