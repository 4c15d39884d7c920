// Numbers as people read them.
#pragma once

#include <string>

#include "minnow/runtime.h"

namespace minnow::tool {

/// "1.25 MB" (10^6 bytes), "320 bytes".
std::string bytesInWords(size_t bytes);
/// "12.3 M", "4.1 G", "812".
std::string countInWords(double count);
/// "float32 1x3x320x320"
std::string typeInWords(const TensorInfo& info);
/// Bytes that a session of the model needs beyond the file's pages, and those too: what
/// MemoryReport's categories add up to.
size_t predictedPeak(const MemoryReport& memory);

}  // namespace minnow::tool
