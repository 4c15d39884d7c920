#include "analysis/inflate.h"

#ifdef MINNOW_ZLIB
#include <zlib.h>

#include <algorithm>
#include <limits>
#endif

namespace minnow::analysis {

#ifdef MINNOW_ZLIB

bool canInflate() { return true; }

std::optional<std::vector<std::byte>> inflated(std::span<const std::byte> stream, uint64_t size) {
  z_stream z{};
  if (inflateInit2(&z, -MAX_WBITS) != Z_OK) return std::nullopt;
  constexpr size_t kChunk = 1 << 20, kMost = std::numeric_limits<uInt>::max();
  std::vector<std::byte> out;
  int state = Z_OK;
  while (state == Z_OK && out.size() <= size) {
    const size_t filled = out.size();
    // One byte more than wanted shows a stream that holds too much.
    const uint64_t room = std::min<uint64_t>(size + 1 - filled, std::max(kChunk, filled));
    out.resize(filled + static_cast<size_t>(std::min<uint64_t>(room, kMost)));
    const size_t fed = std::min(stream.size(), kMost);
    z.next_in = reinterpret_cast<Bytef*>(const_cast<std::byte*>(stream.data()));
    z.avail_in = static_cast<uInt>(fed);
    z.next_out = reinterpret_cast<Bytef*>(out.data() + filled);
    z.avail_out = static_cast<uInt>(out.size() - filled);
    state = ::inflate(&z, Z_NO_FLUSH);
    stream = stream.subspan(fed - z.avail_in);
    out.resize(out.size() - z.avail_out);
  }
  inflateEnd(&z);
  if (state != Z_STREAM_END || out.size() != size) return std::nullopt;
  return out;
}

#else

bool canInflate() { return false; }

std::optional<std::vector<std::byte>> inflated(std::span<const std::byte>, uint64_t) {
  return std::nullopt;
}

#endif

}  // namespace minnow::analysis
