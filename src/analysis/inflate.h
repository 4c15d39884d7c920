// Deflated bytes, where the build has zlib.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace minnow::analysis {

/// False in a build without zlib, where nothing can be inflated.
bool canInflate();
/// Exactly `size` bytes from a raw deflate stream; nothing if it is damaged or holds another
/// number. Memory grows with what comes out, not with `size`.
std::optional<std::vector<std::byte>> inflated(std::span<const std::byte> stream, uint64_t size);

}  // namespace minnow::analysis
