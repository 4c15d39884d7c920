// The converter's part of the command line, in builds that have one.
#include <fmt/format.h>

#include "convert_report.h"
#include "converter/convert.h"
#include "converter/tensor_file.h"
#include "exit.h"
#include "model.h"
#include "transformed.h"
#include "verbs.h"

namespace minnow::tool {

void addOnnxVerbs(CLI::App& app) {
  addConvert(app);
  addExport(app);
  addQuantize(app);
  addConformance(app);
}

bool hasConverter() { return true; }

std::vector<std::byte> convertInMemory(const std::filesystem::path& onnx,
                                       const ConvertSettings& settings) {
  converter::ConvertReport report;
  auto bytes = converter::convertFile(onnx, convertOptions(onnx, settings), report);
  for (const std::string& warning : report.warnings)
    fmt::print(stderr, "minnow: {}: {}\n", onnx.string(), warning);
  if (!bytes) throw conversionFailure(bytes.error(), report);
  return std::move(*bytes);
}

Transformed transformedIn(std::span<const std::byte> model) {
  const auto found = need(converter::storedPoints(model, "model"));
  return {found.layers, found.bytes, found.savings};
}

InputNames inputNamesOfOnnx(const std::filesystem::path& onnx) {
  InputNames names;
  for (const auto& input : need(converter::readSignature(onnx)).inputs) {
    names.inputs.push_back(input.name);
    names.axes.insert(names.axes.end(), input.axes.begin(), input.axes.end());
  }
  return names;
}

std::vector<std::string> externalFilesOfOnnx(const std::filesystem::path& onnx) {
  std::vector<std::string> names;
  if (const auto files = converter::readExternalFiles(onnx))
    for (const auto& file : *files) names.push_back(file.string());
  return names;
}

}  // namespace minnow::tool
