// Formatting shared by the verbs.
#include "words.h"

#include <fmt/format.h>

namespace minnow::tool {

std::string bytesInWords(size_t bytes) {
  if (bytes < 1000) return fmt::format("{} bytes", bytes);
  if (bytes < 1000000) return fmt::format("{:.1f} kB", static_cast<double>(bytes) / 1e3);
  return fmt::format("{:.2f} MB", static_cast<double>(bytes) / 1e6);
}

std::string countInWords(double count) {
  if (count < 1e4) return fmt::format("{:.0f}", count);
  if (count < 1e9) return fmt::format("{:.1f} M", count / 1e6);
  return fmt::format("{:.2f} G", count / 1e9);
}

std::string typeInWords(const TensorInfo& info) {
  return fmt::format("{} {}", dataTypeName(info.type), info.shape.toString());
}

size_t predictedPeak(const MemoryReport& memory) {
  return memory.staticBytes + memory.dynamicBytes;
}

std::string categoriesInWords(const MemoryReport& memory) {
  return fmt::format("weights {}, arenas {}, metadata {}, model buffers {}\n",
                     bytesInWords(memory.staticBytes), bytesInWords(memory.dynamicBytes),
                     bytesInWords(memory.metadataBytes), bytesInWords(memory.modelBytes));
}

double planRatio(const MemoryReport& memory) {
  if (memory.lowerBoundBytes == 0) return 1;
  return static_cast<double>(memory.dynamicBytes) / static_cast<double>(memory.lowerBoundBytes);
}

}  // namespace minnow::tool
