// Any bytes as a picture of the format whose decoder is MINNOW_FUZZED_DECODER: a picture of the size
// that its header promised, in memory that is no larger, or an error.
#include <array>
#include <cstdint>
#include <vector>

#include "vision/codecs.h"

namespace {

using namespace minnow;
using namespace minnow::vision;

class Nothing : public PixelMemory {
 public:
  Result<uint8_t*> take(const PictureInfo& /*info*/) override { return nullptr; }
};

/// As many bytes as are asked for, so that the address sanitizer sees one more.
class Exactly : public PixelMemory {
 public:
  Result<uint8_t*> take(const PictureInfo& info) override {
    pixels.resize(info.decodedBytes);
    pixels.shrink_to_fit();
    return pixels.data();
  }
  std::vector<uint8_t> pixels;
};

uint32_t bigEndian(const uint8_t* bytes) {
  return uint32_t{bytes[0]} << 24 | bytes[1] << 16 | bytes[2] << 8 | bytes[3];
}

/// CRC-32 by tables of half bytes: bit by bit would be most of a run's time.
uint32_t crcOf(std::span<const uint8_t> bytes) {
  static const auto kTable = [] {
    std::array<uint32_t, 16> table{};
    for (uint32_t i = 0; i < 16; ++i) {
      table[i] = i;
      for (int bit = 0; bit < 4; ++bit) table[i] = table[i] >> 1 ^ (table[i] & 1 ? 0xedb88320 : 0);
    }
    return table;
  }();
  uint32_t crc = 0xffffffff;
  for (uint8_t byte : bytes) {
    crc = crc >> 4 ^ kTable[(crc ^ byte) & 15];
    crc = crc >> 4 ^ kTable[(crc ^ byte >> 4) & 15];
  }
  return ~crc;
}

/// PNG's chunks get checksums that are right, else hardly anything gets past them.
void sealChunks(std::vector<uint8_t>& png) {
  for (size_t at = 8; at + 12 <= png.size();) {
    const size_t length = bigEndian(&png[at]), end = at + 8 + length;
    if (length > png.size() - at - 12) return;
    const uint32_t crc = crcOf(std::span(png).subspan(at + 4, length + 4));
    for (size_t i = 0; i < 4; ++i) png[end + i] = static_cast<uint8_t>(crc >> (24 - 8 * i));
    at = end + 4;
  }
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const uint8_t* data, size_t size) {
  std::vector<uint8_t> bytes(data, data + size);
  if (size > 8 && bytes[0] == 0x89) sealChunks(bytes);
  const PictureFile file{std::as_bytes(std::span(bytes)), "fuzz", {.maxPixels = 1 << 14}};
  Nothing nothing;
  Exactly memory;
  const auto info = MINNOW_FUZZED_DECODER(file, nothing);
  const auto decoded = MINNOW_FUZZED_DECODER(file, memory);
  if (!decoded) return 0;
  const bool same = info && info->width == decoded->width && info->height == decoded->height &&
                    info->decodedBytes == decoded->decodedBytes;
  if (!same || memory.pixels.size() != decoded->decodedBytes) __builtin_trap();
  return 0;
}
