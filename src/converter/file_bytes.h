// Whole files.
#pragma once

#include <cstddef>
#include <filesystem>
#include <vector>

#include "minnow/status.h"

namespace minnow::converter {

/// What the file holds, to its end; a pipe too. At most 2^31 - 1 bytes, as many as protobuf reads.
/// Errors name the file.
Result<std::vector<std::byte>> fileBytes(const std::filesystem::path& path);

}  // namespace minnow::converter
