// Reading a .minnow file (header.h). Everything the file says is checked; weights are used where
// they lie.
#pragma once

#include <cstddef>
#include <memory>
#include <span>
#include <string_view>

#include "ir/graph.h"
#include "minnow/status.h"

namespace minnow::format {

/// The graph of a file in memory. Its constants lie in `file`, which must be 64-byte aligned and
/// outlive the graph; or give an `owner` (a mapping), and every constant keeps it alive. Errors
/// begin with `sourceName`. Weights are not touched.
Result<ir::Graph> read(std::span<const std::byte> file, std::string_view sourceName,
                       std::shared_ptr<const void> owner = nullptr);

/// Reads all weights and compares their checksum.
Result<void> verifyWeights(std::span<const std::byte> file, std::string_view sourceName);

}  // namespace minnow::format
