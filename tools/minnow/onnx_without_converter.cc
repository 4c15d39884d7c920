// Stands in for onnx_with_converter.cc in builds without the converter.
#include "exit.h"
#include "model.h"
#include "verbs.h"

namespace minnow::tool {

void addOnnxVerbs(CLI::App&) {}

std::vector<std::byte> convertInMemory(const std::filesystem::path& onnx, const ConvertSettings&) {
  throw Failure(Exit::Unsupported, onnx.string() +
                                       ": this build has no converter (MINNOW_CONVERTER=OFF); "
                                       "convert it elsewhere and use the .minnow file");
}

}  // namespace minnow::tool
