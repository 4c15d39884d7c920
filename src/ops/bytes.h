// The types of quantised tensors of 8 bits.
#pragma once

#include "minnow/tensor.h"

namespace minnow::ops {

inline bool isByte(DataType type) { return type == DataType::Uint8 || type == DataType::Int8; }

}  // namespace minnow::ops
