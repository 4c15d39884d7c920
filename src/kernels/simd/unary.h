// Float32 elementwise functions on vectors.
#pragma once

#include "kernels/kernel.h"
#include "ops/unary.h"

namespace minnow::kernels::simd {

/// Rows of floats, `step` floats apart, and where their functions go; `from` and `to` are the same
/// or do not overlap.
struct FloatRows {
  const float* from;
  float* to;
  int64_t length;
  int64_t count = 1;
  int64_t step = 0;
};

/// Each element becomes fn of it.
using MapFloats = void (*)(const ops::Epilogue& fn, const FloatRows& rows);
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
