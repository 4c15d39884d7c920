// Settings in, sentences out.
#include "convert_report.h"

#include <fmt/format.h>

#include <algorithm>

#include "analysis/npy.h"
#include "arguments.h"
#include "converter/tensor_file.h"

namespace minnow::tool {
namespace {

/// As many axes as the model gives the input: a scalar, a list, or a list with axes of one around
/// it.
Shape shapeOfList(int64_t count, int rank) {
  if (rank == 0 && count == 1) return {};
  Shape shape = Shape::ofRank(std::max(rank, 1));
  shape[shape.rank() - 1] = count;
  return shape;
}

std::vector<std::string> namesOf(const converter::ModelSignature& signature) {
  std::vector<std::string> names;
  for (const auto& input : signature.inputs) names.push_back(input.name);
  return names;
}

HostTensor tensorOfNumbers(const std::string& text, const std::string& name,
                           const converter::ModelSignature& signature) {
  const auto numbers = parseNumbers(text, "--value");
  const auto entry = std::find_if(signature.inputs.begin(), signature.inputs.end(),
                                  [&](const auto& input) { return input.name == name; });
  if (entry == signature.inputs.end()) throw noSuchInput("--value", name, namesOf(signature));
  const Shape shape = shapeOfList(static_cast<int64_t>(numbers.size()), entry->rank);
  HostTensor tensor = HostTensor::ofType({entry->type, shape});
  for (size_t i = 0; i < numbers.size(); ++i)
    setElement(tensor, static_cast<int64_t>(i), numbers[i]);
  return tensor;
}

}  // namespace

std::string inWords(const passes::ByteInput& input) {
  return fmt::format("{} is {}, (byte - {}) * {}", input.name, dataTypeName(input.type), input.zero,
                     input.scale);
}

nlohmann::json toJson(const std::vector<passes::ByteInput>& inputs) {
  nlohmann::json all = nlohmann::json::array();
  for (const passes::ByteInput& input : inputs)
    all.push_back({{"name", input.name},
                   {"type", dataTypeName(input.type)},
                   {"scale", input.scale},
                   {"zero_point", input.zero}});
  return all;
}

converter::ConvertOptions convertOptions(const std::filesystem::path& onnx,
                                         const ConvertSettings& settings) {
  converter::ConvertOptions options;
  options.shapes = settings.shapes;
  options.disabledPasses = settings.disabledPasses;
  options.progress = settings.progress;
  if (settings.forSpeed) options.optimise = converter::ConvertOptions::Optimise::Speed;
  options.byteInputs = settings.byteInputs;
  if (settings.inHalves) options.weights = converter::ConvertOptions::Weights::Float16;
  for (const auto& [name, text] : byName(settings.bounds, "--bound")) {
    const std::vector<double> numbers = parseNumbers(text, "--bound");
    if (numbers.size() != 1 || !(numbers[0] >= 0 && numbers[0] <= INT32_MAX))
      throw Failure(Exit::Usage, "--bound: expected NAME=NUMBER, from 0 to 2147483647");
    options.bounds[name] = static_cast<int64_t>(numbers[0]);
  }
  if (settings.values.empty()) return options;
  const auto signature = need(converter::readSignature(onnx));
  for (const auto& [name, text] : byName(settings.values, "--value")) {
    HostTensor value = text.ends_with(".npy") ? need(analysis::readNpy(text))
                                              : tensorOfNumbers(text, name, signature);
    options.fixedInputs[name] = {value.type, std::move(value.bytes)};
  }
  return options;
}

Failure conversionFailure(const Error& error, const converter::ConvertReport& report) {
  if (report.unsupported.empty()) return Failure(error);
  std::string message = error.message + ":";
  const char* word = report.format == "opset" ? "opset" : "version";
  for (const auto& node : report.unsupported)
    message +=
        fmt::format("\n  {} ({}, {} {}): {}", node.node, node.op, word, node.opset, node.reason);
  return {Exit::Unsupported, message};
}

}  // namespace minnow::tool
