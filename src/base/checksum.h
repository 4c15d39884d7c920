// A checksum of bytes, for files.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>

namespace minnow::base {

/// Over little-endian 64-bit words, the last one filled up with zeros: from 0xcbf29ce484222325, for
/// each word h = (h ^ word) * 0x100000001b3 modulo 2^64, then h ^= h >> 32. (FNV-1a's numbers; its
/// bytes are words here, and the shift lets high bits act on low ones.) Every step is one to one,
/// so that every change of a single word is found.
uint64_t checksum(std::span<const std::byte> bytes);

}  // namespace minnow::base
