// Numbers as people read them.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "minnow/runtime.h"

namespace minnow::tool {

/// "1.25 MB" (10^6 bytes), "320 bytes".
std::string bytesInWords(size_t bytes);
/// "12.3 M", "4.1 G", "812".
std::string countInWords(double count);
/// "float32 1x3x320x320"
std::string typeInWords(const TensorInfo& info);
/// "(x - 128) * 0.0078125 by ONNX Runtime's rules", "32 scales, 0.0012 to 0.043, along axis 0 …"; "" of none.
std::string inWords(const Quantisation& quantisation);
const char* ruleName(Quantisation::Rule rule);
/// Static and dynamic bytes: what a runtime with this session alone takes at its peak.
size_t predictedPeak(const MemoryReport& memory);
/// "weights 11.00 MB, arenas 6.02 MB, metadata 310.2 kB, model buffers 48.1 kB" and a line's end.
std::string categoriesInWords(const MemoryReport& memory);
/// The candidate that a misspelt word was probably meant to be; empty where none is near.
std::string nearest(std::string_view word, const std::vector<std::string>& candidates);
/// Dynamic bytes by their lower bound; 1 where there are none.
double planRatio(const MemoryReport& memory);

}  // namespace minnow::tool
