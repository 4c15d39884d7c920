// The .npy header is a Python dictionary: {'descr': '<f4', 'fortran_order': False, 'shape': (1,
// 3)}.
#include "analysis/npy.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <optional>
#include <string>
#include <string_view>
#include <utility>

#include "base/fail.h"
#include "base/whole_file.h"

namespace minnow::analysis {
namespace {

constexpr std::string_view kMagic = "\x93NUMPY";
constexpr std::array<std::pair<std::string_view, DataType>, 12> kTypes{{
    {"f4", DataType::Float32},
    {"f8", DataType::Float64},
    {"f2", DataType::Float16},
    {"i1", DataType::Int8},
    {"i2", DataType::Int16},
    {"i4", DataType::Int32},
    {"i8", DataType::Int64},
    {"u1", DataType::Uint8},
    {"u2", DataType::Uint16},
    {"u4", DataType::Uint32},
    {"u8", DataType::Uint64},
    {"b1", DataType::Bool},
}};

std::unexpected<Error> bad(const std::string& name, const std::string& what) {
  return std::unexpected(Error{ErrorCode::InvalidArgument, name + ": " + what});
}

/// What follows 'key': in the header.
std::optional<std::string_view> valueOf(std::string_view header, std::string_view key) {
  const size_t at = header.find(fmt::format("'{}'", key));
  if (at == std::string_view::npos) return std::nullopt;
  const size_t colon = header.find(':', at);
  if (colon == std::string_view::npos) return std::nullopt;
  const size_t start = header.find_first_not_of(' ', colon + 1);
  if (start == std::string_view::npos) return std::nullopt;
  return header.substr(start);
}

std::optional<DataType> parseType(std::string_view text) {
  if (text.size() < 4 || (text[1] != '<' && text[1] != '|')) return std::nullopt;
  for (const auto& [code, type] : kTypes)
    if (text.substr(2, 2) == code && text.substr(4, 1) == "'") return type;
  return std::nullopt;
}

std::optional<Shape> parseShape(std::string_view text) {
  const size_t close = text.find(')');
  if (!text.starts_with('(') || close == std::string_view::npos) return std::nullopt;
  Shape shape;
  int64_t elements = 1;
  for (size_t i = 1; i < close;) {
    if (text[i] == ' ' || text[i] == ',') {
      ++i;
      continue;
    }
    int64_t dim = 0;
    const auto [end, error] = std::from_chars(text.data() + i, text.data() + close, dim);
    if (error != std::errc() || dim < 0 || shape.rank() == kMaxRank) return std::nullopt;
    const int64_t factor = std::max<int64_t>(dim, 1);  // an extent of 0 hides no others
    if (elements > (int64_t{1} << 40) / factor) return std::nullopt;
    elements *= factor;
    shape.push_back(dim);
    i = static_cast<size_t>(end - text.data());
  }
  return shape;
}

/// From Fortran order (first axis contiguous) to C order.
HostTensor fromFortran(const HostTensor& tensor) {
  TensorView view = tensor.view();
  int64_t stride = 1;
  for (int axis = 0; axis < view.shape.rank(); ++axis) {
    view.strides[axis] = stride;
    stride *= view.shape[axis];
  }
  return HostTensor::copyOf(view);
}

}  // namespace

Result<HostTensor> parseNpy(std::span<const std::byte> file, const std::string& name) {
  const std::string_view text(reinterpret_cast<const char*>(file.data()), file.size());
  if (text.empty()) return bad(name, "is empty, not a .npy file; write it with numpy.save");
  if (text.size() < 12 || !text.starts_with(kMagic))
    return bad(name, "is no .npy file; write it with numpy.save");
  const auto byteAt = [&](size_t i) { return static_cast<size_t>(static_cast<uint8_t>(text[i])); };
  const bool longHeader = byteAt(6) >= 2;
  const size_t start = longHeader ? 12 : 10;
  size_t length = byteAt(8) | byteAt(9) << 8;
  if (longHeader) length |= byteAt(10) << 16 | byteAt(11) << 24;
  if (length > text.size() - start) return bad(name, "is truncated");
  const std::string_view header = text.substr(start, length);

  const auto descr = valueOf(header, "descr");
  const auto order = valueOf(header, "fortran_order");
  const auto extents = valueOf(header, "shape");
  if (!descr || !order || !extents) return bad(name, "has a damaged header");
  const auto type = parseType(*descr);
  if (!type) {
    return bad(
        name,
        fmt::format("has elements of type {}; read are bool, integers, float16, float32 and "
                    "float64, little-endian: write x.astype('<f4') with numpy.save",
                    descr->starts_with('\'') ? descr->substr(0, descr->find(',')) : "a structure"));
  }
  const auto shape = parseShape(*extents);
  if (!shape)
    return bad(name, fmt::format("has an impossible shape, {}: supported are at most {} axes of 0 "
                                 "or more elements",
                                 extents->substr(0, extents->find(')') + 1), kMaxRank));
  HostTensor tensor{{*type, *shape}, {}};
  const auto data = file.subspan(start + length);
  const size_t bytes = static_cast<size_t>(shape->elements()) * elementSize(*type);
  if (data.size() < bytes) {
    return bad(
        name, fmt::format("is truncated: {} bytes of data expected, {} found", bytes, data.size()));
  }
  tensor.bytes.assign(data.begin(), data.begin() + static_cast<ptrdiff_t>(bytes));
  return order->starts_with("True") ? fromFortran(tensor) : tensor;
}

Result<HostTensor> readNpy(const std::filesystem::path& path) {
  const auto file = base::readFile(path);
  if (!file) return passOn(file);
  return parseNpy(*file, path.string());
}

std::vector<std::byte> npyHeader(const TensorType& type) {
  const auto* row = std::find_if(kTypes.begin(), kTypes.end(),
                                 [&](const auto& entry) { return entry.second == type.type; });
  std::string shape;
  for (const int64_t dim : type.shape.dims()) shape += fmt::format("{}, ", dim);
  if (type.shape.rank() > 1) shape.resize(shape.size() - 2);
  if (type.shape.rank() == 1) shape.pop_back();
  const char order = elementSize(type.type) == 1 ? '|' : '<';
  std::string header = fmt::format("{{'descr': '{}{}', 'fortran_order': False, 'shape': ({}), }}",
                                   order, row->first, shape);
  // The data begin at a multiple of 64, the header ends in a newline.
  header.append(63 - (kMagic.size() + 4 + header.size()) % 64, ' ');
  header += '\n';
  std::string file(kMagic);
  file += '\x01';
  file += '\x00';
  file += static_cast<char>(header.size() & 0xff);
  file += static_cast<char>(header.size() >> 8);
  file += header;
  const auto* begin = reinterpret_cast<const std::byte*>(file.data());
  return {begin, begin + file.size()};
}

std::vector<std::byte> encodeNpy(const HostTensor& tensor) {
  std::vector<std::byte> bytes = npyHeader(tensor.type);
  bytes.insert(bytes.end(), tensor.bytes.begin(), tensor.bytes.end());
  return bytes;
}

}  // namespace minnow::analysis
