// Where tests look for real models: beside the project, among the demo's, in $MINNOW_MODELS.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <string>
#include <vector>

namespace minnow::tool {

inline const std::filesystem::path kRoot = MINNOW_SOURCE_DIR;

/// Empty if no such file is on this machine.
inline std::filesystem::path findModel(const std::string& file) {
  namespace fs = std::filesystem;
  std::vector<fs::path> folders{kRoot / "../shared/models", kRoot / ".cache/npm"};
  if (const char* more = std::getenv("MINNOW_MODELS")) folders.emplace_back(more);
  for (const fs::path& folder : folders) {
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.path().filename() == file) return entry.path();
  }
  return {};
}

}  // namespace minnow::tool
