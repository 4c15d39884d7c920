// TensorFlow Lite files.
#pragma once

#include <span>

#include "converter/convert.h"
#include "converter/tensor_file.h"

namespace minnow::converter {

/// True for bytes that say they are a TensorFlow Lite model.
bool isTflite(std::span<const std::byte> file);

/// The graph of a TensorFlow Lite file; takes what it spends off `budget`. Throws only what the standard library does.
Result<ir::Graph> importTflite(std::span<const std::byte> file, const ConvertOptions& options,
                               ConvertReport& report, sizes::Budget& budget);

/// What such a file says of its inputs and outputs.
Result<ModelSignature> tfliteSignature(std::span<const std::byte> file);

}  // namespace minnow::converter
