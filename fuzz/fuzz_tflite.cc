// Any bytes as a TensorFlow Lite model: converting must give a file or an error. Bytes without the format's mark get it.
#include <algorithm>
#include <array>
#include <cstdint>
#include <span>
#include <vector>

#include "converter/convert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> file(data, data + size);
  constexpr std::array<uint8_t, 4> kMark{'T', 'F', 'L', '3'};
  if (size >= 8) std::ranges::copy(kMark, file.begin() + 4);
  minnow::converter::ConvertReport report;
  minnow::converter::ConvertOptions options;
  options.budget = {.nodes = 2000, .bytes = 1 << 24, .multiplyAdds = 1 << 24};
  (void)minnow::converter::convertBuffer(std::as_bytes(std::span(file)), "/nonexistent", options,
                                         report);
  return 0;
}
