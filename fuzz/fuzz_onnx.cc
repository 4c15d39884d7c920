// Any bytes as an ONNX model: converting must give a file or an error, and so must writing that as ONNX.
#include <algorithm>
#include <cstdint>
#include <span>

#include "base/aligned.h"
#include "converter/convert.h"
#include "converter/onnx_export.h"

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  minnow::converter::ConvertReport report;
  minnow::converter::ConvertOptions options;
  options.budget = {.nodes = 2000, .bytes = 1 << 24, .multiplyAdds = 1 << 24};
  const auto model = minnow::converter::convertBuffer(std::as_bytes(std::span(data, size)),
                                                      "/nonexistent", options, report);
  if (!model) return 0;
  const auto aligned = minnow::base::alignedBytes(model->size());
  if (!aligned) return 0;
  std::ranges::copy(*model, aligned.get());
  (void)minnow::converter::exportOnnx(std::span(aligned.get(), model->size()), "fuzz");
  return 0;
}
