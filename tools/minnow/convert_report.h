// From the command line's settings to the converter's, and from its report to words.
#pragma once

#include "converter/convert.h"
#include "exit.h"
#include "model.h"

namespace minnow::tool {

/// Reads --value arguments (and files) too; numbers take the type that the model gives the input.
converter::ConvertOptions convertOptions(const std::filesystem::path& onnx,
                                         const ConvertSettings& settings);
/// A Failure whose message lists all unsupported nodes with their operator, opset and advice.
Failure conversionFailure(const Error& error, const converter::ConvertReport& report);

}  // namespace minnow::tool
