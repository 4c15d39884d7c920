// xxHash as headers only: nothing to link on a device.
#include "analysis/hash.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <bit>
#include <cstring>
#include <span>

#include "analysis/host_tensor.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace minnow::analysis {
namespace {

static_assert(std::endian::native == std::endian::little);

/// Elements of a floating-point type as they are hashed. `infinity`: the bits of +infinity, which
/// are the exponent's.
template <class Bits>
void makeNansAlike(std::span<std::byte> elements, Bits infinity, Bits quietBit) {
  const auto magnitude = static_cast<Bits>(~(Bits{1} << (8 * sizeof(Bits) - 1)));
  for (size_t at = 0; at < elements.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, elements.data() + at, sizeof bits);
    if ((bits & magnitude) <= infinity) continue;
    bits = infinity | quietBit;
    std::memcpy(elements.data() + at, &bits, sizeof bits);
  }
}

void makeNansAlike(std::span<std::byte> elements, DataType type) {
  if (type == DataType::Float32) makeNansAlike<uint32_t>(elements, 0x7F800000, 0x00400000);
  if (type == DataType::Float16) makeNansAlike<uint16_t>(elements, 0x7C00, 0x0200);
  if (type == DataType::Float64)
    makeNansAlike<uint64_t>(elements, 0x7FF0000000000000, 0x0008000000000000);
}

}  // namespace

std::string hashOf(const TensorView& view) {
  if (!view.isPlain()) return hashOf(HostTensor::copyOf(view).view());
  std::array<std::byte, 1 << 14> chunk;  // instead of a copy of it all
  XXH3_state_t state;
  XXH3_128bits_reset(&state);
  for (size_t at = 0; at < view.bytes(); at += chunk.size()) {
    const auto part = std::span(chunk).first(std::min(chunk.size(), view.bytes() - at));
    std::memcpy(part.data(), view.as<const std::byte>() + at, part.size());
    makeNansAlike(part, view.type);
    XXH3_128bits_update(&state, part.data(), part.size());
  }
  const XXH128_hash_t hash = XXH3_128bits_digest(&state);
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace minnow::analysis
