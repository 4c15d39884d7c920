// Where tests look for real models, and whether they may do without: tests/real_models.py for C++.
#pragma once

#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <vector>

namespace minnow::tool {

inline const std::filesystem::path kRoot = MINNOW_SOURCE_DIR;

/// What the variable says, empty if it is not set.
inline std::string environment(const char* name) {
  const char* value = std::getenv(name);
  return value == nullptr ? "" : value;
}

/// Empty if no such file is on this machine.
inline std::filesystem::path findModel(const std::string& file) {
  namespace fs = std::filesystem;
  std::vector<fs::path> folders{kRoot / ".cache/npm"};
  if (const std::string shared = environment("MINNOW_SHARED"); !shared.empty())
    folders.push_back(fs::path(shared) / "models");
  if (const std::string more = environment("MINNOW_MODELS"); !more.empty())
    folders.emplace_back(more);
  for (const fs::path& folder : folders) {
    if (!fs::is_directory(folder)) continue;
    for (const auto& entry : fs::recursive_directory_iterator(folder))
      if (entry.path().filename() == file) return entry.path();
  }
  return {};
}

/// True if a test fails without it: MINNOW_REQUIRE_MODELS is set, and a registry has the model, or
/// the shared folder should.
inline bool isRequired(const std::string& file) {
  if (environment("MINNOW_REQUIRE_MODELS").empty()) return false;
  if (!environment("MINNOW_SHARED").empty()) return true;
  std::ifstream stream(kRoot / "apps/road/models.toml");
  const std::string table((std::istreambuf_iterator<char>(stream)), {});
  const size_t entry = table.find("onnx = \"" + file + '"');
  if (entry == std::string::npos) return false;
  return table.substr(entry, table.find("[[model]]", entry) - entry).contains("\npackage = ");
}

}  // namespace minnow::tool
