// Element types, shapes and views.
#include "minnow/tensor.h"

#include <cstring>

#include "minnow/status.h"

namespace minnow {

const char* errorCodeName(ErrorCode code) {
  static constexpr const char* kNames[] = {
      "InvalidArgument", "NotFound",    "Io",   "BadModel", "VersionMismatch", "Unsupported",
      "ShapeMismatch",   "OutOfMemory", "Busy", "Stopped",  "Internal"};
  const auto i = static_cast<size_t>(code);
  return i < std::size(kNames) ? kNames[i] : "Internal";
}

namespace {
struct TypeRow {
  DataType type;
  const char* name;
  size_t size;
};
constexpr TypeRow kTypes[] = {
    {DataType::Float32, "float32", 4}, {DataType::Uint8, "uint8", 1},
    {DataType::Int8, "int8", 1},       {DataType::Uint16, "uint16", 2},
    {DataType::Int16, "int16", 2},     {DataType::Int32, "int32", 4},
    {DataType::Int64, "int64", 8},     {DataType::Bool, "bool", 1},
    {DataType::Float16, "float16", 2}, {DataType::Float64, "float64", 8},
    {DataType::Uint32, "uint32", 4},   {DataType::Uint64, "uint64", 8},
};
const TypeRow* findType(DataType type) {
  for (const TypeRow& row : kTypes)
    if (row.type == type) return &row;
  return nullptr;
}
}  // namespace

size_t elementSize(DataType type) {
  const TypeRow* row = findType(type);
  return row ? row->size : 0;
}

const char* dataTypeName(DataType type) {
  const TypeRow* row = findType(type);
  return row ? row->name : "undefined";
}

const char* packingName(Packing packing) {
  switch (packing) {
    case Packing::None:
      return "none";
    case Packing::F32x16:
      return "F32x16";
  }
  return "unknown";
}

std::string Shape::toString() const {
  if (rank_ == 0) return "scalar";
  std::string out;
  for (int i = 0; i < rank_; ++i) out += (i ? "x" : "") + std::to_string(dims_[i]);
  if (cut_) out += "x…";
  return out;
}

Strides plainStrides(const Shape& shape) {
  Strides strides{};
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    strides[i] = step;
    step *= shape[i];
  }
  return strides;
}

Strides channelsLastStrides(const Shape& shape, int64_t pixelStride) {
  if (shape.rank() < 3) return plainStrides(shape);
  Strides strides{};
  strides[1] = 1;
  int64_t step = pixelStride ? pixelStride : shape[1];
  for (int i = shape.rank() - 1; i >= 2; --i) {
    strides[i] = step;
    step *= shape[i];
  }
  strides[0] = step;
  return strides;
}

bool TensorDesc::isPlain() const {
  int64_t step = 1;
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (shape[i] != 1 && strides[i] != step) return false;
    step *= shape[i];
  }
  return true;
}

bool TensorDesc::isChannelsLast() const {
  if (shape.rank() < 3) return false;
  if (shape[1] != 1 && strides[1] != 1) return false;
  int64_t least = shape[1];
  for (int i = shape.rank() - 1; i >= 0; --i) {
    if (i == 1 || shape[i] == 1) continue;
    if (strides[i] < least) return false;
    least = strides[i] * shape[i];
  }
  return true;
}

namespace {

/// Bytes need not lie as their elements would: a buffer may come from a file.
template <size_t kBytes>
void copyAxis(const TensorView& from, const TensorView& to, int axis, const std::byte* src,
              std::byte* dst) {
  const bool scalar = from.shape.rank() == 0;
  const int64_t n = scalar ? 1 : from.shape[axis];
  const int64_t s = scalar ? 0 : from.strides[axis] * static_cast<int64_t>(kBytes);
  const int64_t d = scalar ? 0 : to.strides[axis] * static_cast<int64_t>(kBytes);
  const bool innermost = axis >= from.shape.rank() - 1;
  for (int64_t i = 0; i < n; ++i) {
    if (innermost)
      std::memcpy(dst + i * d, src + i * s, kBytes);
    else
      copyAxis<kBytes>(from, to, axis + 1, src + i * s, dst + i * d);
  }
}

}  // namespace

void copyTensor(const TensorView& from, const TensorView& to) {
  if (from.elements() == 0) return;
  const auto* src = from.as<const std::byte>();
  auto* dst = to.as<std::byte>();
  switch (elementSize(from.type)) {
    case 1:
      return copyAxis<1>(from, to, 0, src, dst);
    case 2:
      return copyAxis<2>(from, to, 0, src, dst);
    case 4:
      return copyAxis<4>(from, to, 0, src, dst);
    case 8:
      return copyAxis<8>(from, to, 0, src, dst);
    default:
      return;
  }
}

}  // namespace minnow
