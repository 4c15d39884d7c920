// The first 64 bytes of a .minnow file. All numbers are little-endian.
//
//   file     := header  metadata  padding  weights
//   header   := 64 bytes, struct Header
//   metadata := a FlatBuffer, schema.fbs
//   padding  := zeros up to weightsOffset, a multiple of 64
//   weights  := constants, each on a multiple of 64 and padded with zeros to one, then 64 zeros
//               more, so that a vector may be read past the end of any constant
//
// metadataChecksum covers metadata and padding, headerChecksum the bytes of the header before it.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "base/checksum.h"
#include "minnow/status.h"

namespace minnow::format {

inline constexpr std::array<char, 8> kMagic{'M', 'I', 'N', 'N', 'O', 'W', '\r', '\n'};
/// Raised whenever older files would be misread.
inline constexpr uint32_t kFormatVersion = 3;

struct Header {
  std::array<char, 8> magic = kMagic;
  uint32_t version = kFormatVersion;
  uint32_t headerBytes = 64;
  uint64_t metadataBytes = 0;
  uint64_t weightsOffset = 0;
  uint64_t weightsBytes = 0;
  uint64_t metadataChecksum = 0;
  uint64_t weightsChecksum = 0;
  uint64_t headerChecksum = 0;
};
static_assert(sizeof(Header) == 64);

using base::checksum;

/// The header, checked: magic, version, own checksum, and parts that lie inside the file.
Result<Header> readHeader(std::span<const std::byte> file, std::string_view sourceName);

/// Computes the checksums of a file anew, if it is large enough to have them. For tools that alter
/// a file, and for fuzzing, which would otherwise never get past them.
void seal(std::span<std::byte> file);

}  // namespace minnow::format
