// Float32 elementwise functions on vectors.
#pragma once

#include "kernels/kernel.h"
#include "ops/unary.h"

namespace minnow::kernels::simd {

/// to[i] = fn(from[i]) for n floats; `from` and `to` are the same or do not overlap.
using MapFloats = void (*)(const ops::Epilogue& fn, const float* from, float* to, size_t n);
/// The one for the instruction set in use.
MapFloats mapFloatsHere();

/// True for functions of kernels/elementary.inc whose input and output share a contiguous axis.
bool acceptsUnary(const ops::Operator& op, std::span<const TensorView> inputs,
                  std::span<const TensorView> outputs);
Result<void> runUnary(const ops::Operator& op, const KernelArgs& args);

/// Sines and their kin of float32, whatever the strides.
bool acceptsTrigonometry(const ops::Operator& op, std::span<const TensorView> inputs,
                         std::span<const TensorView> outputs);
Result<void> runTrigonometry(const ops::Operator& op, const KernelArgs& args);

}  // namespace minnow::kernels::simd
