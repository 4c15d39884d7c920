// From the command line's settings to the converter's, and from its report to words.
#pragma once

#include "converter/convert.h"
#include "exit.h"
#include "json_output.h"
#include "model.h"

namespace minnow::tool {

/// Reads --value arguments (and files) too; numbers take the type that the model gives the input.
converter::ConvertOptions convertOptions(const std::filesystem::path& onnx,
                                         const ConvertSettings& settings);
/// "images is uint8, (byte - 114) * 0.0186".
std::string inWords(const passes::ByteInput& input);
nlohmann::json toJson(const std::vector<passes::ByteInput>& inputs);
/// A Failure whose message lists all unsupported nodes with their operator, opset and advice.
Failure conversionFailure(const Error& error, const converter::ConvertReport& report);

}  // namespace minnow::tool
