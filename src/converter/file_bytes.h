// Files and parts of them. Streams would hide a failed allocation.
#pragma once

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <span>
#include <vector>

#include "minnow/status.h"

namespace minnow::converter {

/// What the file holds, to its end; a pipe too. At most 2^31 - 1 bytes, as many as protobuf reads.
/// Errors name the file.
Result<std::vector<std::byte>> fileBytes(const std::filesystem::path& path);

/// Fills `bytes` from the file, beginning at `offset`. BadModel if it ends before.
Result<void> readAt(const std::filesystem::path& path, uint64_t offset, std::span<std::byte> bytes);

}  // namespace minnow::converter
