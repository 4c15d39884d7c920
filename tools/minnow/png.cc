// PNG (ISO/IEC 15948): signature, chunks of length, name, data and CRC-32; the pixels are a zlib
// stream (RFC 1950) of stored blocks (RFC 1951, 3.2.4).
#include "png.h"

#include <algorithm>
#include <string_view>

#include "analysis/zip.h"

namespace minnow::tool {
namespace {

using Bytes = std::vector<uint8_t>;

void putBigEndian(Bytes& out, uint32_t value) {
  for (int shift = 24; shift >= 0; shift -= 8) out.push_back(static_cast<uint8_t>(value >> shift));
}

void putChunk(Bytes& out, std::string_view name, std::span<const uint8_t> data) {
  putBigEndian(out, static_cast<uint32_t>(data.size()));
  const size_t covered = out.size();
  out.insert(out.end(), name.begin(), name.end());
  out.insert(out.end(), data.begin(), data.end());
  putBigEndian(out, analysis::zip::checksum(std::as_bytes(std::span(out).subspan(covered))));
}

uint32_t adler32(std::span<const uint8_t> bytes) {
  uint32_t a = 1, b = 0;
  for (const uint8_t byte : bytes) {
    a = (a + byte) % 65521;
    b = (b + a) % 65521;
  }
  return b << 16 | a;
}

Bytes stored(std::span<const uint8_t> bytes) {
  constexpr size_t kBlock = 65535;
  Bytes out = {0x78, 0x01};
  for (size_t at = 0; at == 0 || at < bytes.size(); at += kBlock) {
    const auto block = bytes.subspan(at, std::min(kBlock, bytes.size() - at));
    const auto length = static_cast<uint16_t>(block.size());
    const auto inverse = static_cast<uint16_t>(~length);
    const bool last = at + kBlock >= bytes.size();
    out.insert(out.end(), {static_cast<uint8_t>(last), static_cast<uint8_t>(length),
                           static_cast<uint8_t>(length >> 8), static_cast<uint8_t>(inverse),
                           static_cast<uint8_t>(inverse >> 8)});
    out.insert(out.end(), block.begin(), block.end());
  }
  putBigEndian(out, adler32(bytes));
  return out;
}

}  // namespace

std::vector<uint8_t> encodePng(uint32_t width, uint32_t height, std::span<const uint8_t> indices,
                               std::span<const Colour> palette) {
  Bytes header, colours, rows;
  putBigEndian(header, width);
  putBigEndian(header, height);
  header.insert(header.end(), {8, 3, 0, 0, 0});  // 8 bits, palette
  for (const Colour& colour : palette) colours.insert(colours.end(), colour.begin(), colour.end());
  for (uint32_t y = 0; y < height; ++y) {
    rows.push_back(0);  // no filter
    const auto row = indices.subspan(size_t{y} * width, width);
    rows.insert(rows.end(), row.begin(), row.end());
  }
  Bytes out = {0x89, 'P', 'N', 'G', '\r', '\n', 0x1a, '\n'};
  putChunk(out, "IHDR", header);
  putChunk(out, "PLTE", colours);
  putChunk(out, "tRNS", Bytes{0});
  putChunk(out, "IDAT", stored(rows));
  putChunk(out, "IEND", {});
  return out;
}

std::string pngAddress(std::span<const uint8_t> png) {
  constexpr std::string_view kDigits =
      "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
  std::string out = "data:image/png;base64,";
  for (size_t at = 0; at < png.size(); at += 3) {
    const size_t there = std::min<size_t>(3, png.size() - at);
    uint32_t bits = 0;
    for (size_t i = 0; i < 3; ++i) bits = bits << 8 | (i < there ? png[at + i] : 0u);
    for (size_t i = 0; i < 4; ++i) out += i <= there ? kDigits[bits >> (18 - 6 * i) & 63] : '=';
  }
  return out;
}

}  // namespace minnow::tool
