// A tensor's values as 32 hexadecimal digits, the same on every machine.
#pragma once

#include <string>

#include "minnow/tensor.h"

namespace minnow::analysis {

/// XXH3-128 (xxHash 0.8) over the elements in row-major order of the model's own axes,
/// little-endian, without gaps; in Python: xxhash.xxh3_128_hexdigest(numpy.ascontiguousarray(x)).
/// Every NaN counts as the quiet NaN without sign and payload, because processors differ in which
/// one arithmetic makes. Type and shape are not part of it.
std::string hashOf(const TensorView& view);

}  // namespace minnow::analysis
