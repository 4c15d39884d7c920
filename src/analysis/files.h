// Whole files in, whole files out: a file is written beside its place and renamed, so that none is
// ever half there.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "minnow/status.h"

namespace minnow::analysis {

Result<std::vector<std::byte>> readFile(const std::filesystem::path& path);
/// On error nothing is left behind and an older file of that name stays as it was. What is no
/// regular file (a device, a pipe) is written directly.
Result<void> writeFile(const std::filesystem::path& path, std::span<const std::byte> bytes);
Result<void> writeFile(const std::filesystem::path& path, std::string_view text);
/// Characters outside A-Za-z0-9._- become '_'.
std::string sanitisedName(std::string_view name);

}  // namespace minnow::analysis
