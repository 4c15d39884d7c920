// Element types, shapes, descriptions and views of tensors. A view owns nothing.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <span>
#include <string>

#pragma GCC visibility push(default)

namespace minnow {

/// Numbered as ONNX numbers TensorProto.DataType (onnx.proto, enum TensorProto.DataType).
enum class DataType : uint8_t {
  Undefined = 0,
  Float32 = 1,
  Uint8 = 2,
  Int8 = 3,
  Uint16 = 4,
  Int16 = 5,
  Int32 = 6,
  Int64 = 7,
  Bool = 9,
  Float16 = 10,
  Float64 = 11,
  Uint32 = 12,
  Uint64 = 13,
};

/// Bytes of one element; 0 for Undefined and for numbers that are not listed above.
size_t elementSize(DataType type);
/// "float32", "int64", …
const char* dataTypeName(DataType type);

inline constexpr int kMaxRank = 8;
/// The most that an axis can be where nothing bounds it.
inline constexpr int64_t kAnyExtent = INT64_MAX;

/// The extents of a tensor in the model's own (ONNX) axis order, outermost first. Rank 0 is a
/// scalar. A shape that is given more than kMaxRank extents keeps the first and is not valid: every
/// function that takes it refuses it.
class Shape {
 public:
  Shape() = default;
  Shape(std::initializer_list<int64_t> dims) : Shape(std::span(dims.begin(), dims.size())) {}
  explicit Shape(std::span<const int64_t> dims) {
    for (int64_t dim : dims) push_back(dim);
  }
  static Shape ofRank(int rank, int64_t fill = 1) {
    Shape s;
    for (int i = 0; i < rank && s.isValid(); ++i) s.push_back(fill);
    return s;
  }

  /// False if it was given more than kMaxRank extents.
  bool isValid() const { return !cut_; }
  int rank() const { return rank_; }
  int64_t operator[](int axis) const { return dims_[axis]; }
  int64_t& operator[](int axis) { return dims_[axis]; }
  const int64_t* begin() const { return dims_.data(); }
  const int64_t* end() const { return dims_.data() + rank_; }
  std::span<const int64_t> dims() const { return {dims_.data(), static_cast<size_t>(rank_)}; }
  void push_back(int64_t dim) {
    if (rank_ < kMaxRank)
      dims_[rank_++] = dim;
    else
      cut_ = true;
  }
  /// Product of all extents; 1 for a scalar. Extents are validated on load so that this cannot
  /// overflow.
  int64_t elements() const {
    int64_t n = 1;
    for (int64_t d : dims()) n *= d;
    return n;
  }
  bool operator==(const Shape& other) const {
    if (rank_ != other.rank_ || cut_ != other.cut_) return false;
    for (int i = 0; i < rank_; ++i)
      if (dims_[i] != other.dims_[i]) return false;
    return true;
  }
  /// "1x3x320x320"; "scalar" for rank 0; "1x1x1x1x1x1x1x1x…" for what is not valid.
  std::string toString() const;

 private:
  std::array<int64_t, kMaxRank> dims_{};
  int rank_ = 0;
  bool cut_ = false;  // there were more than kMaxRank
};

/// Distance in elements between neighbours along each axis.
using Strides = std::array<int64_t, kMaxRank>;

/// Row-major strides of a shape: the last axis is contiguous.
Strides plainStrides(const Shape& shape);
/// Storage order N, spatial…, C of a tensor whose axes are N, C, spatial… (rank >= 3; lower ranks
/// are row-major). `pixelStride` is the distance between neighbouring pixels, 0 for the number of
/// channels.
Strides channelsLastStrides(const Shape& shape, int64_t pixelStride = 0);

/// What shape inference knows of a tensor.
struct TensorType {
  DataType type = DataType::Undefined;
  Shape shape;
  bool operator==(const TensorType&) const = default;
};

/// What the integers of a tensor stand for: (integer - zero point) * scale. Lives as long as the model.
struct Quantisation {
  /// Whose arithmetic made the integers: docs/quantisation.md has the formulae.
  enum class Rule : uint8_t { OnnxRuntime, TensorFlowLite };

  std::span<const float> scales;        ///< one, or one a position of `axis`; none: not quantised
  std::span<const int32_t> zeroPoints;  ///< one, or as many
  int axis = -1;                        ///< -1 where one scale is the whole tensor's
  Rule rule = Rule::OnnxRuntime;

  explicit operator bool() const { return !scales.empty(); }
};

/// How constant weights are rearranged for the kernels that read them. Model files store these
/// numbers.
enum class Packing : uint8_t {
  None = 0,    ///< not at all: elements lie where strides say
  F32x16 = 1,  ///< float32 in panels of 16 output channels (kernels/packing.h)
  F16x16 = 2,  ///< the same in half the bytes: each element is what float16 holds of a float32
  I8x16 = 3,   ///< int8 in panels of 16 output channels by 4 steps (kernels/byte_packing.h)
};
/// "F32x16"; "unknown" for numbers that are not listed above.
const char* packingName(Packing packing);

/// All that is known of a tensor but where it is. Element (i0, i1, …) lies i0*strides[0] +
/// i1*strides[1] + … elements from the first. Axes are always the model's own; channels-last
/// storage shows in the strides alone.
struct TensorDesc {
  DataType type = DataType::Undefined;
  Shape shape;
  Strides strides{};
  Packing packing = Packing::None;  ///< strides mean nothing unless it is None

  explicit operator bool() const { return type != DataType::Undefined; }
  int64_t elements() const { return shape.elements(); }
  /// Of the elements, without gaps between them and without padding of packed ones.
  size_t bytes() const { return static_cast<size_t>(elements()) * elementSize(type); }
  /// True if elements lie row-major without gaps.
  bool isPlain() const;
  /// True if elements lie in N, spatial…, C order with channels adjacent; pixels and rows may have
  /// gaps.
  bool isChannelsLast() const;
};

/// A tensor somewhere in memory:
///
///   TensorView image{{.type = DataType::Float32, .shape = shape, .strides = plainStrides(shape)},
///                    pixels.data()};
struct TensorView : TensorDesc {
  void* data = nullptr;
  const char* missing = nullptr;  ///< of a view that tests false: what there is none of, or nullptr

  template <class T>
  T* as() const {
    return static_cast<T*>(data);
  }
};

/// Copies element by element between views of one shape and type, whatever their strides.
void copyTensor(const TensorView& from, const TensorView& to);

}  // namespace minnow

#pragma GCC visibility pop
