// Any bytes as an ONNX model: converting must give a file or an error.
#include <cstdint>
#include <span>

#include "converter/convert.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  minnow::converter::ConvertReport report;
  (void)minnow::converter::convertBuffer(std::as_bytes(std::span(data, size)), "/nonexistent", {},
                                         report);
  return 0;
}
