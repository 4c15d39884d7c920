// Depthwise convolutions of bytes on ARM, from copies of the rows that an output row reads.
#pragma once

#include "kernels/simd/quantized_parts.h"

namespace minnow::kernels::simd {

/// Rows [first, end) of an output plane, and where images begin.
struct SliceRows {
  const uint8_t* x;
  uint8_t blank;  ///< the byte of x that stands for nothing
  uint8_t* y;
  int64_t ySize;  ///< of an element
  int64_t plane, first, end;
};

/// Scratch of a thread.
size_t sliceBytes(const ConvShape& shape);
void convolveSlices(const ConvShape& shape, const DepthwiseChannels& channels,
                    const SliceRows& rows, std::byte* scratch);

}  // namespace minnow::kernels::simd
