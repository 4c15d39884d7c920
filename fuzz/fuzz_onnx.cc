// Any bytes as an ONNX model: converting must give a file or an error.
#include <cstdint>
#include <span>

#include "converter/convert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  minnow::converter::ConvertReport report;
  minnow::converter::ConvertOptions options;
  options.budget = {.nodes = 2000, .bytes = 1 << 24, .multiplyAdds = 1 << 24};
  (void)minnow::converter::convertBuffer(std::as_bytes(std::span(data, size)), "/nonexistent",
                                         options, report);
  return 0;
}
