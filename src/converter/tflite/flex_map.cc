// A map lies at an address as values of one width, their types behind them, their number before them; before that is
// how far back the keys lie, and how wide their offsets are. The root is at the end. Offsets lead backwards.
#include "converter/tflite/flex_map.h"

#include <cstring>

namespace minnow::converter {
namespace {

/// The format's numbers of types, as they are stored: shifted by what the lowest two bits say, a width.
enum FlexType : uint8_t {
  kInt = 1,
  kUint = 2,
  kFloat = 3,
  kFarInt = 6,
  kFarUint = 7,
  kFarFloat = 8,
  kMap = 9,
  kBool = 26
};

/// Any place may lie outside the bytes: `isGood` says so once and for all, and what is read is 0.
class FlexReader {
 public:
  explicit FlexReader(std::span<const uint8_t> bytes) : bytes_(bytes) {}
  bool isGood() const { return isGood_; }

  uint64_t uint(uint64_t at, uint64_t width) {
    return raw<uint8_t, uint16_t, uint32_t, uint64_t>(at, width);
  }
  /// Where the offset at a place leads.
  uint64_t target(uint64_t at, uint64_t width) {
    const uint64_t back = uint(at, width);
    if (back > at) isGood_ = false;
    return back > at ? 0 : at - back;
  }
  std::string key(uint64_t at) {
    std::string text;
    for (uint64_t c; (c = uint(at, 1)) != 0 && text.size() < 256; ++at)
      text += static_cast<char>(c);
    return text;
  }
  std::optional<double> number(uint8_t packed, uint64_t at, uint64_t width) {
    uint8_t type = packed >> 2;
    if (type >= kFarInt && type <= kFarFloat) {
      at = target(at, width);
      width = uint64_t{1} << (packed & 3);
      type = static_cast<uint8_t>(type - kFarInt + kInt);
    }
    if (type == kInt) return static_cast<double>(raw<int8_t, int16_t, int32_t, int64_t>(at, width));
    if (type == kUint || type == kBool) return static_cast<double>(uint(at, width));
    if (type != kFloat || width < 4) return std::nullopt;
    return width == 4 ? double{read<float>(at)} : read<double>(at);
  }

 private:
  template <class A, class B, class C, class D>
  D raw(uint64_t at, uint64_t width) {
    if (width == 1) return read<A>(at);
    if (width == 2) return read<B>(at);
    return width == 4 ? D{read<C>(at)} : read<D>(at);
  }
  template <class T>
  T read(uint64_t at) {
    T value{};
    if (at > bytes_.size() || bytes_.size() - at < sizeof(T))
      isGood_ = false;
    else
      std::memcpy(&value, bytes_.data() + at, sizeof value);
    return value;
  }

  std::span<const uint8_t> bytes_;
  bool isGood_ = true;
};

}  // namespace

std::optional<std::map<std::string, double>> flexNumbers(std::span<const uint8_t> bytes) {
  if (bytes.size() < 3) return std::nullopt;
  FlexReader reader(bytes);
  const uint64_t rootWidth = bytes.back(), rootType = bytes[bytes.size() - 2];
  if (rootType >> 2 != kMap || rootWidth > 8 || bytes.size() < 2 + rootWidth) return std::nullopt;
  const uint64_t map = reader.target(bytes.size() - 2 - rootWidth, rootWidth);
  const uint64_t width = uint64_t{1} << (rootType & 3);
  if (map < 3 * width) return std::nullopt;
  const uint64_t count = reader.uint(map - width, width),
                 keyWidth = reader.uint(map - 2 * width, width),
                 keys = reader.target(map - 3 * width, width);
  if (count > bytes.size() || keyWidth > 8) return std::nullopt;
  std::map<std::string, double> found;
  for (uint64_t i = 0; i < count && reader.isGood(); ++i) {
    const std::string key = reader.key(reader.target(keys + i * keyWidth, keyWidth));
    const auto type = static_cast<uint8_t>(reader.uint(map + count * width + i, 1));
    if (const auto number = reader.number(type, map + i * width, width)) found[key] = *number;
  }
  return reader.isGood() ? std::optional(std::move(found)) : std::nullopt;
}

}  // namespace minnow::converter
