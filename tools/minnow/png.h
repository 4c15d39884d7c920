// Small pictures inside pages: PNG without compression, so that no library is needed.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

namespace minnow::tool {

using Colour = std::array<uint8_t, 3>;

/// Indices into a palette of at most 256 colours, row by row; the first colour is transparent.
std::vector<uint8_t> encodePng(uint32_t width, uint32_t height, std::span<const uint8_t> indices,
                               std::span<const Colour> palette);

/// "data:image/png;base64,…"
std::string pngAddress(std::span<const uint8_t> png);

}  // namespace minnow::tool
