// What writing and reading zip archives share (PKWARE's APPNOTE.TXT 6.3): signatures, the fixed
// sizes of records, and the checksum. All numbers are little-endian and lie at any byte.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

namespace minnow::analysis::zip {

inline constexpr uint32_t kLocalHeader = 0x04034B50, kCentralHeader = 0x02014B50, kEnd = 0x06054B50,
                          kEnd64 = 0x06064B50, kEnd64Locator = 0x07064B50;
inline constexpr size_t kLocalSize = 30, kCentralSize = 46, kEndSize = 22, kEnd64Size = 56,
                        kEnd64LocatorSize = 20;
/// A field that holds this has its value in the zip64 extra field or record.
inline constexpr uint32_t kIn64 = 0xFFFFFFFF;
inline constexpr uint16_t kIn64Short = 0xFFFF;
inline constexpr size_t kMostComment = 0xFFFF;
inline constexpr uint16_t kZip64Extra = 1;
inline constexpr uint16_t kStored = 0, kDeflated = 8;
inline constexpr uint16_t kEncrypted = 1, kUtf8 = 0x800;  ///< flags

/// The CRC-32 of ISO 3309, of `bytes` alone or of what gave `before` and then `bytes`.
uint32_t checksum(std::span<const std::byte> bytes, uint32_t before = 0);

}  // namespace minnow::analysis::zip
