// xxHash as headers only: nothing to link on a device.
#include "analysis/hash.h"

#include <fmt/format.h>

#include <bit>
#include <cstring>

#include "analysis/host_tensor.h"
#define XXH_INLINE_ALL
#include <xxhash.h>

namespace minnow::analysis {
namespace {

static_assert(std::endian::native == std::endian::little);

/// `infinity`: the bits of +infinity, which are the exponent's.
template <class Bits>
void makeNansAlike(HostTensor& tensor, Bits infinity, Bits quietBit) {
  const auto magnitude = static_cast<Bits>(~(Bits{1} << (8 * sizeof(Bits) - 1)));
  for (size_t at = 0; at < tensor.bytes.size(); at += sizeof(Bits)) {
    Bits bits;
    std::memcpy(&bits, tensor.bytes.data() + at, sizeof bits);
    if ((bits & magnitude) <= infinity) continue;
    bits = infinity | quietBit;
    std::memcpy(tensor.bytes.data() + at, &bits, sizeof bits);
  }
}

}  // namespace

std::string hashOf(const TensorView& view) {
  HostTensor tensor = HostTensor::copyOf(view);
  if (view.type == DataType::Float32) makeNansAlike<uint32_t>(tensor, 0x7F800000, 0x00400000);
  if (view.type == DataType::Float16) makeNansAlike<uint16_t>(tensor, 0x7C00, 0x0200);
  if (view.type == DataType::Float64)
    makeNansAlike<uint64_t>(tensor, 0x7FF0000000000000, 0x0008000000000000);
  const XXH128_hash_t hash = XXH3_128bits(tensor.bytes.data(), tensor.bytes.size());
  return fmt::format("{:016x}{:016x}", hash.high64, hash.low64);
}

}  // namespace minnow::analysis
