// Element types, shapes and views.
#include "minnow/tensor.h"

#include <array>
#include <cstdlib>
#include <cstring>
#include <utility>

#include "minnow/status.h"

namespace minnow {

const char* errorCodeName(ErrorCode code) {
  static constexpr const char* kNames[] = {
      "InvalidArgument", "NotFound",    "Io",   "BadModel", "VersionMismatch", "Unsupported",
      "ShapeMismatch",   "OutOfMemory", "Busy", "Stopped",  "Internal",        "DeviceFailed"};
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
    case Packing::F16x16:
      return "F16x16";
    case Packing::I8x16:
      return "I8x16";
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

/// An axis of a copy; distances in bytes.
struct CopyAxis {
  int64_t count = 1, from = 0, to = 0;
};

/// Axes of more than one element, the nearest elements of `to` last, so that runs that lie together in both tensors
/// are copied at once, whatever the order of axes.
struct CopyAxes {
  std::array<CopyAxis, kMaxRank + 1> axes;
  int rank = 0;

  CopyAxes(const TensorView& from, const TensorView& to) {
    const auto size = static_cast<int64_t>(elementSize(from.type));
    for (int i = 0; i < from.shape.rank(); ++i)
      if (from.shape[i] != 1)
        axes[rank++] = {from.shape[i], from.strides[i] * size, to.strides[i] * size};
    const auto farther = [](const CopyAxis& a, const CopyAxis& b) {
      return std::abs(a.to) > std::abs(b.to);
    };
    for (int i = 1; i < rank; ++i)
      for (int j = i; j > 0 && farther(axes[j], axes[j - 1]); --j) std::swap(axes[j], axes[j - 1]);
    axes[rank++] = {size, 1, 1};
    joinLast();
  }

  /// Elements that follow each other in both tensors are one run of bytes.
  void joinLast() {
    for (; rank > 1; --rank) {
      CopyAxis& outer = axes[rank - 2];
      const CopyAxis& run = axes[rank - 1];
      if (outer.from != run.count || outer.to != run.count) return;
      outer = {outer.count * run.count, 1, 1};
    }
  }

  /// Bytes need not lie as their elements would: a buffer may come from a file.
  void copy(int axis, const std::byte* from, std::byte* to) const {
    const CopyAxis& here = axes[axis];
    if (axis + 1 == rank) {
      std::memcpy(to, from, static_cast<size_t>(here.count));
      return;
    }
    if (axis + 2 == rank && axes[axis + 1].count == 4) return copyEach<4>(here, from, to);
    for (int64_t i = 0; i < here.count; ++i) copy(axis + 1, from + i * here.from, to + i * here.to);
  }

  /// With a size that the compiler knows a memcpy is one load and one store.
  template <size_t kBytes>
  static void copyEach(const CopyAxis& axis, const std::byte* from, std::byte* to) {
    for (int64_t i = 0; i < axis.count; ++i)
      std::memcpy(to + i * axis.to, from + i * axis.from, kBytes);
  }
};

}  // namespace

void copyTensor(const TensorView& from, const TensorView& to) {
  if (from.elements() == 0 || elementSize(from.type) == 0) return;
  CopyAxes(from, to).copy(0, from.as<const std::byte>(), to.as<std::byte>());
}

}  // namespace minnow
