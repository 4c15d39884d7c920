#include "analysis/zip.h"

namespace minnow::analysis::zip {
namespace {

constexpr size_t kAtOnce = 8;
using Tables = std::array<std::array<uint32_t, 256>, kAtOnce>;

/// tables[n][b]: what byte b does to the remainder when n more bytes follow it.
constexpr Tables makeTables() {
  Tables tables{};
  for (uint32_t byte = 0; byte < 256; ++byte) {
    uint32_t rest = byte;
    for (int bit = 0; bit < 8; ++bit) rest = rest >> 1 ^ (rest & 1 ? 0xEDB88320U : 0U);
    tables[0][byte] = rest;
  }
  for (size_t n = 1; n < kAtOnce; ++n)
    for (size_t byte = 0; byte < 256; ++byte) {
      const uint32_t before = tables[n - 1][byte];
      tables[n][byte] = before >> 8 ^ tables[0][before & 0xFF];
    }
  return tables;
}

constexpr Tables kTables = makeTables();

}  // namespace

uint32_t checksum(std::span<const std::byte> bytes, uint32_t before) {
  uint32_t rest = ~before;
  for (; bytes.size() >= kAtOnce; bytes = bytes.subspan(kAtOnce)) {
    uint32_t next = 0;
    for (size_t i = 0; i < kAtOnce; ++i) {
      const uint32_t mixed = static_cast<uint32_t>(bytes[i]) ^ (i < 4 ? rest >> 8 * i & 0xFF : 0);
      next ^= kTables[kAtOnce - 1 - i][mixed];
    }
    rest = next;
  }
  for (const std::byte byte : bytes)
    rest = rest >> 8 ^ kTables[0][(rest ^ static_cast<uint32_t>(byte)) & 0xFF];
  return ~rest;
}

}  // namespace minnow::analysis::zip
