// Decoding of TensorProto (onnx.proto, message TensorProto). Every count in the file is checked
// against the shape before it is used.
#include "converter/onnx/tensor_proto.h"

#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <limits>
#include <optional>

#include "base/fail.h"
#include "converter/file_bytes.h"

namespace minnow::converter {
namespace {

/// More than any real tensor; keeps products of extents and sizes far from overflow.
constexpr int64_t kMaxElements = int64_t{1} << 40;

Result<TensorType> tensorType(const onnx::TensorProto& proto) {
  const int number = proto.data_type();
  const auto type = static_cast<DataType>(number);
  if (number < 0 || number > 255 || elementSize(type) == 0) {
    return fail(ErrorCode::Unsupported, "tensor ", proto.name(), ": elements of ",
                onnxTypeName(number), " are not supported");
  }
  if (proto.dims_size() > kMaxRank) {
    return fail(ErrorCode::Unsupported, "tensor ", proto.name(), ": rank ", proto.dims_size(),
                " is more than ", kMaxRank);
  }
  Shape shape;
  int64_t elements = 1;
  for (const int64_t dim : proto.dims()) {
    if (dim < 0 || (dim > 0 && elements > kMaxElements / dim)) {
      return fail(ErrorCode::BadModel, "tensor ", proto.name(), ": its shape is not possible");
    }
    elements *= std::max<int64_t>(dim, 1);  // an empty tensor's strides stay in range too
    shape.push_back(dim);
  }
  return TensorType{type, shape};
}

template <class To, class Field>
Result<std::vector<std::byte>> typedField(const onnx::TensorProto& proto, const Field& field,
                                          int64_t elements) {
  if (field.size() != elements) {
    return fail(ErrorCode::BadModel, "tensor ", proto.name(), ": ", elements,
                " elements expected, the file holds ", field.size());
  }
  std::vector<std::byte> bytes(static_cast<size_t>(elements) * sizeof(To));
  for (int64_t i = 0; i < elements; ++i) {
    const To value = static_cast<To>(field.Get(static_cast<int>(i)));
    std::memcpy(bytes.data() + static_cast<size_t>(i) * sizeof(To), &value, sizeof(To));
  }
  return bytes;
}

/// The fields that hold elements when raw_data does not, by type (onnx.proto says which).
Result<std::vector<std::byte>> typedData(const onnx::TensorProto& proto, const TensorType& type) {
  const int64_t n = type.shape.elements();
  switch (type.type) {
    case DataType::Float32:
      return typedField<float>(proto, proto.float_data(), n);
    case DataType::Float64:
      return typedField<double>(proto, proto.double_data(), n);
    case DataType::Int64:
      return typedField<int64_t>(proto, proto.int64_data(), n);
    case DataType::Uint64:
      return typedField<uint64_t>(proto, proto.uint64_data(), n);
    case DataType::Uint32:
      return typedField<uint32_t>(proto, proto.uint64_data(), n);
    case DataType::Int32:
      return typedField<int32_t>(proto, proto.int32_data(), n);
    case DataType::Int16:
      return typedField<int16_t>(proto, proto.int32_data(), n);
    case DataType::Uint16:
    case DataType::Float16:
      return typedField<uint16_t>(proto, proto.int32_data(), n);
    case DataType::Int8:
      return typedField<int8_t>(proto, proto.int32_data(), n);
    default:
      return typedField<uint8_t>(proto, proto.int32_data(), n);
  }
}

struct ExternalPlace {
  std::filesystem::path file;
  uint64_t offset = 0;
  std::optional<uint64_t> length;
};

Result<uint64_t> externalNumber(const onnx::TensorProto& proto, const std::string& value) {
  char* end = nullptr;
  errno = 0;
  const unsigned long long number = std::strtoull(value.c_str(), &end, 10);
  if (value.empty() || value[0] == '-' || *end != '\0' || errno != 0) {
    return fail(ErrorCode::BadModel, "tensor ", proto.name(), ": '", value,
                "' is no offset or length of external data");
  }
  return number;
}

/// A model must not reach files outside its own folder.
bool staysInside(const std::filesystem::path& relative) {
  if (relative.empty() || relative.is_absolute()) return false;
  for (const auto& part : relative)
    if (part == "..") return false;
  return true;
}

Result<ExternalPlace> externalPlace(const onnx::TensorProto& proto) {
  ExternalPlace place;
  for (const auto& entry : proto.external_data()) {
    if (entry.key() == "location") place.file = entry.value();
    if (entry.key() != "offset" && entry.key() != "length") continue;
    const auto number = externalNumber(proto, entry.value());
    if (!number) return passOn(number);
    if (entry.key() == "offset") {
      place.offset = *number;
    } else {
      place.length = *number;
    }
  }
  if (!staysInside(place.file)) {
    return fail(ErrorCode::BadModel, "tensor ", proto.name(), ": external data at '",
                place.file.string(), "' would lie outside the model's folder");
  }
  return place;
}

Result<std::vector<std::byte>> externalData(const onnx::TensorProto& proto,
                                            const std::filesystem::path& folder, size_t bytes) {
  const auto place = externalPlace(proto);
  if (!place) return passOn(place);
  const std::filesystem::path path = folder / place->file;
  const uint64_t length = place->length.value_or(bytes);
  if (length != bytes) {
    return fail(ErrorCode::BadModel, "tensor ", proto.name(), ": ", bytes,
                " bytes expected, external data says ", length);
  }
  std::error_code error;
  const uint64_t size = std::filesystem::file_size(path, error);
  if (error) {
    return fail(ErrorCode::NotFound, "tensor ", proto.name(), ": external data file ",
                path.string(), " cannot be read: ", error.message());
  }
  if (place->offset > size || size - place->offset < bytes) {
    return fail(ErrorCode::BadModel, "tensor ", proto.name(), ": external data file ",
                path.string(), " is too short (", size, " bytes)");
  }
  std::vector<std::byte> data(bytes);
  if (auto ok = readAt(path, place->offset, data); !ok)
    return fail(ok.error().code, "tensor ", proto.name(), ": external data file ",
                ok.error().message);
  return data;
}

}  // namespace

std::string onnxTypeName(int type) {
  // onnx.proto of ONNX 1.23, TensorProto.DataType
  static constexpr const char* kNames[] = {
      "no type",        "float",      "uint8",          "int8",       "uint16",    "int16",
      "int32",          "int64",      "string",         "bool",       "float16",   "double",
      "uint32",         "uint64",     "complex64",      "complex128", "bfloat16",  "float8e4m3fn",
      "float8e4m3fnuz", "float8e5m2", "float8e5m2fnuz", "uint4",      "int4",      "float4e2m1",
      "float8e8m0",     "uint2",      "int2",           "float6e2m3", "float6e3m2"};
  const bool known = type >= 0 && type < static_cast<int>(std::size(kNames));
  return text(known ? kNames[type] : "an unknown type", " (type ", type, ")");
}

void encodeTensor(const std::string& name, const TensorType& type, const void* elements,
                  onnx::TensorProto& proto) {
  proto.set_name(name);
  proto.set_data_type(static_cast<int>(type.type));
  for (const int64_t extent : type.shape) proto.add_dims(extent);
  proto.set_raw_data(elements, static_cast<size_t>(type.shape.elements()) * elementSize(type.type));
}

Result<NamedTensor> decodeTensor(const onnx::TensorProto& proto,
                                 const std::filesystem::path& folder) {
  const auto type = tensorType(proto);
  if (!type) return passOn(type);
  const size_t bytes = static_cast<size_t>(type->shape.elements()) * elementSize(type->type);
  Result<std::vector<std::byte>> data;
  if (proto.data_location() == onnx::TensorProto::EXTERNAL) {
    data = externalData(proto, folder, bytes);
  } else if (proto.has_raw_data()) {
    const auto* raw = reinterpret_cast<const std::byte*>(proto.raw_data().data());
    if (proto.raw_data().size() != bytes) {
      return fail(ErrorCode::BadModel, "tensor ", proto.name(), ": ", bytes,
                  " bytes expected, the file holds ", proto.raw_data().size());
    }
    data = std::vector<std::byte>(raw, raw + bytes);
  } else {
    data = typedData(proto, *type);
  }
  if (!data) return passOn(data);
  return NamedTensor{proto.name(), *type, std::move(*data)};
}

}  // namespace minnow::converter
