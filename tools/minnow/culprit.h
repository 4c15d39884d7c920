// The operator that a replay found to err, as a case of its own: a folder in the form of ONNX's backend
// tests, which `minnow conformance` and other engines' test drivers run.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>

#include "analysis/report.h"

namespace minnow::tool {

/// Writes FOLDER/model.onnx, the culprit alone, and FOLDER/test_data_set_0 with the inputs that it had and
/// the reference's outputs. `model` is the .minnow file's bytes. Failure if it has no ONNX form, or ran
/// with other shapes than those of the file.
void writeCulprit(const std::filesystem::path& folder, std::span<const std::byte> model,
                  const analysis::Report& report);

}  // namespace minnow::tool
