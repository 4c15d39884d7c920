// Stands in for onnx_with_converter.cc in builds without the converter.
#include "culprit.h"
#include "exit.h"
#include "model.h"
#include "transformed.h"
#include "verbs.h"

namespace minnow::tool {

void addOnnxVerbs(CLI::App&) {}

bool hasConverter() { return false; }

namespace {

Failure noConverter(const std::filesystem::path& onnx) {
  return {Exit::Unsupported, onnx.string() +
                                 ": this build has no converter (MINNOW_CONVERTER=OFF); "
                                 "convert it elsewhere and use the .minnow file"};
}

}  // namespace

std::vector<std::byte> convertInMemory(const std::filesystem::path& onnx, const ConvertSettings&) {
  throw noConverter(onnx);
}

Transformed transformedIn(std::span<const std::byte>) { return {}; }

InputNames inputNamesOfOnnx(const std::filesystem::path& onnx) { throw noConverter(onnx); }

std::vector<std::string> externalFilesOfOnnx(const std::filesystem::path&) { return {}; }

void writeCulprit(const std::filesystem::path& folder, std::span<const std::byte>,
                  const analysis::Report&) {
  throw noConverter(folder);
}

}  // namespace minnow::tool
