// Writing a graph as a .minnow file (header.h). The same graph gives the same bytes.
#pragma once

#include <cstddef>
#include <filesystem>
#include <span>
#include <vector>

#include "ir/graph.h"
#include "minnow/status.h"

namespace minnow::format {

/// The file's bytes. Constants with equal bytes are stored once.
Result<std::vector<std::byte>> write(const ir::Graph& graph);

/// Writes beside `path` and renames, so that `path` is either the whole new file or what it was. On
/// failure (a full disk, no permission) nothing is left behind.
Result<void> writeFile(const std::filesystem::path& path, std::span<const std::byte> bytes);

}  // namespace minnow::format
