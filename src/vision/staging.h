// A second, temporary place for a frame that lies in the tensor's memory: the tensor is larger than
// the frame, and what will be overwritten anyway can hold a copy that is easier to convert.
#pragma once

#include "vision/conversion.h"

namespace minnow::vision {

enum class Staging {
  Spread,   ///< 4:2:0, each row of chroma behind the first of its two rows of luma
  Upright,  ///< the crop, turned, interleaved in the model's channels
};

/// Bytes of the copy; 0 where there is none of this kind.
intptr_t stagedBytes(const Conversion& conversion, Staging staging);
/// The same conversion from a copy whose bytes begin at an address. Nothing is copied yet.
Conversion stagedAt(const Conversion& conversion, Staging staging, intptr_t begin);
/// Makes the copy that `staged` reads.
void stage(const Conversion& from, const Conversion& staged);

/// The same conversion with the frame at addresses so much larger.
Conversion movedBy(const Conversion& conversion, intptr_t bytes);
/// From a frame's first to its last byte, all planes.
ByteRange hullOf(const ImageView& frame);

}  // namespace minnow::vision
