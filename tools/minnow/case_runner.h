// One case in the form of ONNX's backend tests: a folder with model.onnx and test_data_set_*/.
#pragma once

#include <filesystem>
#include <string>

namespace minnow::tool {

struct CaseResult {
  std::string status;  ///< "pass", "fail", "unsupported" or "crash"
  std::string detail;
};

/// Converts the model for each data set's shapes, runs it and compares the outputs; `throughExport`: what
/// exportOnnx() makes of it, converted again.
CaseResult runCase(const std::filesystem::path& folder, bool throughExport = false);

}  // namespace minnow::tool
