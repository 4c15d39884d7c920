// An epilogue over what a microkernel has just stored, for functions too large to be compiled into
// each tile.
#pragma once

#include <cstdint>

#include "ops/unary.h"

namespace minnow::kernels::simd {

/// Applies the function to `channels` floats of each of `pixels` pixels, `step` floats apart.
void applyEpilogueRows(const ops::Epilogue& epilogue, float* output, int64_t pixels, int64_t step,
                       int64_t channels);

}  // namespace minnow::kernels::simd
