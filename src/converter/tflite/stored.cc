// How constants are stored: as float16, as integers with a scale, or as the elements that are not zero.
#include <algorithm>

#include "base/fail.h"
#include "converter/tflite/operator.h"
#include "converter/tflite/quantised.h"
#include "ops/quantize.h"

namespace minnow::converter {
namespace {

using Value = ir::ValueId;

Value scaled(TfliteOperator& op) {
  const tfl::Tensor& tensor = op.declaredInput(0);
  const auto& quantisation = *tensor.quantization();
  auto made = std::make_unique<ops::DequantizeLinear>();
  const std::vector<float> scales(quantisation.scale()->begin(), quantisation.scale()->end());
  const bool each = scales.size() > 1;
  made->spread.axis = each ? op.axisOf(quantisation.quantized_dimension(), op.rank(0)) : 0;
  const Shape shape = each ? Shape{std::ssize(scales)} : Shape{};
  const Composer c = op.compose();
  std::vector<int64_t> zeros = zeroPoints(quantisation);
  if (zeros.empty()) zeros = {0};
  if (zeros.size() != scales.size() && zeros.size() != 1)
    op.broken("scales and zero points differ in number");
  if (zeros.size() == 1) zeros.resize(scales.size(), zeros.front());
  const Value zero = c.cast(op.context().constantIntTensor(shape, zeros), op.typeOf(0));
  return op.emit(std::move(made),
                 {op.in(0), op.context().constantFloatTensor(shape, scales), zero});
}

}  // namespace

/// Halves are widened, at conversion where they are constants; integers become (q - zero point) * scale.
void importDequantize(TfliteOperator& op) {
  if (isQuantised(op.declaredInput(0))) return op.set(0, scaled(op));
  if (op.typeOf(0) != DataType::Float16)
    op.unsupported(typeName(op.declaredInput(0)) + " without a scale");
  if (!op.isConstant(0)) return op.set(0, op.compose().cast(op.in(0), DataType::Float32));
  op.set(0, op.widened(0));
}

// Sparse constants --------------------------------------------------------------------------------

namespace {

std::vector<int64_t> numbersOf(tfl::IndexVector type, const void* vector) {
  const auto read = [](const auto* table) {
    const auto* values = table ? table->values() : nullptr;
    return values ? std::vector<int64_t>(values->begin(), values->end()) : std::vector<int64_t>();
  };
  switch (type) {
    case tfl::IndexVector::Int32Vector:
      return read(static_cast<const tfl::Int32Vector*>(vector));
    case tfl::IndexVector::Uint16Vector:
      return read(static_cast<const tfl::Uint16Vector*>(vector));
    case tfl::IndexVector::Uint8Vector:
      return read(static_cast<const tfl::Uint8Vector*>(vector));
    default:
      return {};
  }
}

/// A level of the tree that a sparse tensor is stored as: all places of an axis, or for each place of the levels above
/// a segment of indices.
struct Level {
  bool sparse = false;
  int64_t extent = 0, axis = 0, scale = 1;  ///< a place counts `scale` elements of `axis`
  std::vector<int64_t> segments, indices;
};

/// Walks the tree in the order in which its leaves are stored.
class SparseWalk {
 public:
  SparseWalk(TfliteOperator& op, const Shape& shape, size_t stored)
      : op_(op), shape_(shape), places_(static_cast<size_t>(shape.rank()), 0) {
    offsets_.reserve(stored);
    stored_ = stored;
  }

  /// Row-major places of all stored elements.
  std::vector<int64_t> offsets(const tfl::SparsityParameters& sparsity) {
    readLevels(sparsity);
    visit(0, 0);
    if (offsets_.size() != stored_) wrong();
    return std::move(offsets_);
  }

 private:
  [[noreturn]] void wrong() { op_.broken("its sparse tensor does not fit its shape"); }

  void readLevels(const tfl::SparsityParameters& sparsity) {
    const auto *order = sparsity.traversal_order(), *map = sparsity.block_map();
    const auto* levels = sparsity.dim_metadata();
    const auto rank = static_cast<int64_t>(shape_.rank()), blocks = map ? int64_t{map->size()} : 0;
    if (!order || !levels || order->size() != levels->size() || order->size() != rank + blocks)
      wrong();
    std::vector<int64_t> scales(places_.size(), 1), seen(order->size(), 0);
    for (flatbuffers::uoffset_t i = 0; i < order->size(); ++i) {
      const int64_t at = order->Get(i);
      if (at < 0 || at >= rank + blocks || seen[static_cast<size_t>(at)]++ != 0) wrong();
      const int64_t axis =
          at < rank ? at : map->Get(static_cast<flatbuffers::uoffset_t>(at - rank));
      if (axis < 0 || axis >= rank) wrong();
      levels_.push_back(levelOf(*levels->Get(i), axis));
      if (at >= rank) scales[static_cast<size_t>(axis)] *= levels_.back().extent;
    }
    for (flatbuffers::uoffset_t i = 0; i < order->size(); ++i)
      if (order->Get(i) < rank) levels_[i].scale = scales[static_cast<size_t>(levels_[i].axis)];
  }

  Level levelOf(const tfl::DimensionMetadata& stored, int64_t axis) {
    Level level{stored.format() == 1, stored.dense_size(), axis, 1, {}, {}};
    if (stored.format() != 0 && stored.format() != 1) op_.unsupported("its sparse format");
    if (level.sparse) {
      level.segments = numbersOf(stored.segments_type(), stored.segments());
      level.indices = numbersOf(stored.indices_type(), stored.indices());
    } else if (level.extent < 0) {
      wrong();
    }
    return level;
  }

  /// `at` counts the places of the levels above.
  void visit(size_t depth, int64_t at) {
    if (depth == levels_.size()) return leaf();
    const Level& level = levels_[depth];
    int64_t first = at * level.extent, end = first + level.extent;
    if (level.sparse) {
      const auto segment = static_cast<size_t>(at);
      if (segment + 1 >= level.segments.size()) wrong();
      first = level.segments[segment];
      end = level.segments[segment + 1];
      if (first < 0 || end < first || end > std::ssize(level.indices)) wrong();
    }
    for (int64_t i = first; i < end; ++i) {
      if (++steps_ > kMostSteps) wrong();
      const int64_t place = level.sparse ? level.indices[static_cast<size_t>(i)] : i - first;
      if (place < 0 || place > INT32_MAX) wrong();
      int64_t& along = places_[static_cast<size_t>(level.axis)];
      along += place * level.scale;
      visit(depth + 1, i);
      along -= place * level.scale;
    }
  }

  void leaf() {
    int64_t offset = 0;
    for (int axis = 0; axis < shape_.rank(); ++axis) {
      const int64_t place = places_[static_cast<size_t>(axis)];
      if (place >= shape_[axis]) wrong();
      offset = offset * shape_[axis] + place;
    }
    if (offsets_.size() == stored_) wrong();
    offsets_.push_back(offset);
  }

  static constexpr int64_t kMostSteps = int64_t{1} << 28;
  TfliteOperator& op_;
  const Shape shape_;
  std::vector<int64_t> places_;
  std::vector<Level> levels_;
  std::vector<int64_t> offsets_;
  size_t stored_ = 0;
  int64_t steps_ = 0;
};

}  // namespace

/// The dense form of a sparse constant.
void importDensify(TfliteOperator& op) {
  const tfl::Tensor& tensor = op.declaredInput(0);
  const std::span<const std::byte> stored = op.sparse(0);
  const Shape shape = declaredShape(tensor);
  const DataType type = dataTypeOf(tensor);
  const size_t size = elementSize(type);
  if (!tensor.sparsity() || size == 0) op.broken("its input is no sparse tensor");
  op.spend(static_cast<size_t>(shape.elements()) * size);
  const auto offsets = SparseWalk(op, shape, stored.size() / size).offsets(*tensor.sparsity());
  std::vector<std::byte> dense(static_cast<size_t>(shape.elements()) * size);
  for (size_t i = 0; i < offsets.size(); ++i)
    std::ranges::copy(stored.subspan(i * size, size),
                      dense.begin() + static_cast<std::ptrdiff_t>(offsets[i]) *
                                          static_cast<std::ptrdiff_t>(size));
  op.set(0, op.context().constantOf({type, shape}, dense));
}

}  // namespace minnow::converter
