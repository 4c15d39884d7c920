// TensorProto to plain bytes.
#include "converter/onnx/tensor_data.h"

#include <bit>
#include <cstring>
#include <fstream>

#include "base/fail.h"
#include "converter/onnx/node_context.h"
#include "ops/operator.h"

namespace minnow::converter {
namespace {

static_assert(std::endian::native == std::endian::little, "ONNX raw data is little endian");

template <class T, class Field>
std::vector<std::byte> fromField(const Field& field) {
  std::vector<std::byte> bytes(static_cast<size_t>(field.size()) * sizeof(T));
  for (int i = 0; i < field.size(); ++i) {
    const T element = static_cast<T>(field.Get(i));
    std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof(T), &element, sizeof(T));
  }
  return bytes;
}

std::vector<std::byte> fromTypedField(const ::onnx::TensorProto& t, DataType type) {
  switch (type) {
    case DataType::Float32:
      return fromField<float>(t.float_data());
    case DataType::Float64:
      return fromField<double>(t.double_data());
    case DataType::Int64:
      return fromField<int64_t>(t.int64_data());
    case DataType::Uint64:
      return fromField<uint64_t>(t.uint64_data());
    case DataType::Uint32:
      return fromField<uint32_t>(t.uint64_data());
    case DataType::Int32:
      return fromField<int32_t>(t.int32_data());
    case DataType::Int16:
      return fromField<int16_t>(t.int32_data());
    case DataType::Uint16:
    case DataType::Float16:
      return fromField<uint16_t>(t.int32_data());
    case DataType::Int8:
      return fromField<int8_t>(t.int32_data());
    case DataType::Uint8:
    case DataType::Bool:
      return fromField<uint8_t>(t.int32_data());
    default:
      return {};
  }
}

int64_t parseNumber(const std::string& digits, const std::string& what) {
  try {
    size_t used = 0;
    const int64_t n = std::stoll(digits, &used);
    if (used == digits.size() && n >= 0) return n;
  } catch (const std::exception&) {
  }
  throw ImportError("tensor " + what + ": '" + digits + "' is no offset or length");
}

std::vector<std::byte> fromExternal(const ::onnx::TensorProto& t, size_t expected,
                                    const std::filesystem::path& folder) {
  std::string location;
  int64_t offset = 0, length = static_cast<int64_t>(expected);
  for (const auto& entry : t.external_data()) {
    if (entry.key() == "location") location = entry.value();
    if (entry.key() == "offset") offset = parseNumber(entry.value(), t.name());
    if (entry.key() == "length") length = parseNumber(entry.value(), t.name());
  }
  const std::filesystem::path relative = std::filesystem::path(location).lexically_normal();
  if (location.empty() || relative.is_absolute() || *relative.begin() == "..")
    throw ImportError("tensor '" + t.name() + "': external data location '" + location +
                      "' must be a file beside the model");
  if (static_cast<size_t>(length) != expected)
    throw ImportError(
        text("tensor '", t.name(), "': external data is ", length, " bytes, expected ", expected));
  std::ifstream file(folder / relative, std::ios::binary);
  if (!file)
    throw ImportError("tensor '" + t.name() + "': external data file '" + location +
                      "' cannot be opened");
  std::vector<std::byte> bytes;
  file.seekg(0, std::ios::end);
  if (file.tellg() < offset + length)
    throw ImportError("tensor '" + t.name() + "': external data file '" + location +
                      "' is too short");
  bytes.resize(expected);
  file.seekg(offset);
  if (!file.read(reinterpret_cast<char*>(bytes.data()), length))
    throw ImportError("tensor '" + t.name() + "': external data file '" + location +
                      "' cannot be read");
  return bytes;
}

}  // namespace

DataType dataTypeOf(int onnxType, const std::string& what) {
  const auto type = static_cast<DataType>(onnxType);
  if (onnxType < 0 || onnxType > 255 || elementSize(type) == 0)
    throw ImportError(text(
        what, " has ONNX element type ", onnxType,
        ", which is not supported (strings, complex, bfloat16 and 4- and 8-bit floats are not)"));
  return type;
}

TensorType tensorTypeOf(const ::onnx::TensorProto& tensor) {
  if (tensor.dims_size() > kMaxRank)
    throw ImportError(text("tensor '", tensor.name(), "' has rank ", tensor.dims_size(),
                           ", at most ", kMaxRank, " is supported"));
  TensorType type{dataTypeOf(tensor.data_type(), "tensor '" + tensor.name() + "'"), {}};
  for (int64_t dim : tensor.dims()) type.shape.push_back(dim);
  if (auto ok = ops::checkShape(type.shape); !ok)
    throw ImportError("tensor '" + tensor.name() + "': " + ok.error().message);
  return type;
}

std::vector<std::byte> tensorBytes(const ::onnx::TensorProto& tensor,
                                   const std::filesystem::path& folder) {
  const TensorType type = tensorTypeOf(tensor);
  const size_t expected = static_cast<size_t>(type.shape.elements()) * elementSize(type.type);
  std::vector<std::byte> bytes;
  if (tensor.data_location() == ::onnx::TensorProto::EXTERNAL) {
    bytes = fromExternal(tensor, expected, folder);
  } else if (tensor.has_raw_data()) {
    bytes.resize(tensor.raw_data().size());
    if (!bytes.empty()) std::memcpy(bytes.data(), tensor.raw_data().data(), bytes.size());
  } else {
    bytes = fromTypedField(tensor, type.type);
  }
  if (bytes.size() != expected)
    throw ImportError(text("tensor '", tensor.name(), "' holds ", bytes.size(),
                           " bytes, its shape ", type.shape, " needs ", expected));
  return bytes;
}

}  // namespace minnow::converter
