// OneHot, Trilu, ReverseSequence; EyeLike and Range, whose results are constants.
#include "ops/index_fill.h"

#include <cmath>
#include <cstring>

#include "converter/onnx/compose.h"
#include "ops/cast.h"
#include "ops/cum_sum.h"
#include "ops/expand.h"
#include "ops/shape_of.h"

namespace minnow::converter {
namespace {

template <class T>
std::vector<std::byte> bytesOf(T value) {
  std::vector<std::byte> bytes(sizeof(T));
  std::memcpy(bytes.data(), &value, sizeof(T));
  return bytes;
}

/// The number 1 in an element type.
std::vector<std::byte> oneAs(const NodeContext& node, DataType type) {
  if (type == DataType::Float32) return bytesOf(1.0f);
  if (type == DataType::Float64) return bytesOf(1.0);
  if (type == DataType::Float16) return bytesOf(uint16_t{0x3C00});
  if (elementSize(type) == 0) node.unsupported("this element type");
  std::vector<std::byte> bytes(elementSize(type));
  bytes[0] = std::byte{1};  // integers and bool, little endian
  return bytes;
}

constexpr int64_t kMostElements = int64_t{1} << 24;

template <class T>
ir::ValueId rangeOf(NodeContext& node, DataType type, T start, T limit, T delta) {
  if (delta == 0) node.broken("a step of 0");
  const double steps = std::ceil((static_cast<double>(limit) - static_cast<double>(start)) /
                                 static_cast<double>(delta));
  if (!(steps < static_cast<double>(kMostElements))) node.unsupported("a range this long");
  const auto count = static_cast<int64_t>(std::max(steps, 0.0));
  std::vector<T> values(static_cast<size_t>(count));
  for (int64_t i = 0; i < count; ++i)
    values[static_cast<size_t>(i)] = static_cast<T>(start + static_cast<T>(i) * delta);
  return node.constantOf({type, {count}}, std::as_bytes(std::span(values)));
}

template <class T, class Source>
ir::ValueId rangeFrom(NodeContext& node, DataType type, Source&& numbers) {
  T ends[3];
  for (int i = 0; i < 3; ++i) {
    const auto given = numbers(i);
    if (given.size() != 1) node.broken("start, limit and delta are not single numbers");
    ends[i] = static_cast<T>(given[0]);
  }
  return rangeOf<T>(node, type, ends[0], ends[1], ends[2]);
}

/// How many numbers a range has, as a row of one integer.
ir::ValueId lengthOf(const Composer& c, ir::ValueId start, ir::ValueId limit, ir::ValueId delta) {
  const auto wide = [&](ir::ValueId x) { return c.cast(x, DataType::Float64); };
  const ir::ValueId span = c(ops::BinaryFn::Sub, wide(limit), wide(start));
  const ir::ValueId steps = c(ops::UnaryFn::Ceil, c(ops::BinaryFn::Div, span, wide(delta)));
  const ir::ValueId count = c(ops::BinaryFn::Max, steps, c.number(0, DataType::Float64));
  return c.reshape(c.cast(count, DataType::Int64), {1});
}

[[noreturn]] void refuseUnbounded(const NodeContext& node) {
  for (int i = 0; i < 3; ++i) node.expectBounded(i);
  node.unsupported(
      "a range whose step may be 0, as far as is known (a Max with 1 says it is not),");
}

/// A range whose ends follow from sizes: as many ones added up as there are numbers, times delta.
ir::ValueId followingRange(NodeContext& node, DataType type) {
  const Composer c(node);
  const bool isFloat = type == DataType::Float32 || type == DataType::Float16;
  // A delta that follows is assumed to stay, for it could be 0.
  if (node.isConstant(node.input(2)) && type != DataType::Float64)
    isFloat ? void(node.constantFloats(2)) : void(node.constantInts(2));
  const auto number = [&](int i) { return c.reshape(node.input(i), {}); };
  const ir::ValueId length = lengthOf(c, number(0), number(1), number(2));
  if (!node.isConstant(length) && !node.isBounded(length)) refuseUnbounded(node);
  auto ones = std::make_unique<ops::Expand>();
  ones->shape = node.settingInts(*ones, "shape", length, "the length");
  auto sums = std::make_unique<ops::CumSum>();
  sums->exclusive = true;
  const ir::ValueId places =
      node.emit(std::move(sums), {node.emit(std::move(ones), {c.integer(1)})});
  const DataType wide = isFloat                     ? DataType::Float32
                        : type == DataType::Float64 ? DataType::Float64
                                                    : DataType::Int64;
  const auto term = [&](ir::ValueId x) { return c.cast(x, wide); };
  const ir::ValueId product = c(ops::BinaryFn::Mul, term(places), term(number(2)));
  return c.cast(c(ops::BinaryFn::Add, term(number(0)), product), type);
}

}  // namespace

void importOneHot(NodeContext& node) {
  auto op = std::make_unique<ops::OneHot>();
  op->axis = node.integer("axis", -1);
  const DataType type = node.typeOf(node.input(1)).type;
  const bool isInteger = type == DataType::Int64 || type == DataType::Int32;
  const ir::ValueId depth =
      isInteger ? node.input(1) : Composer(node).cast(node.input(1), DataType::Int64);
  const std::vector<int64_t> depths = node.settingInts(*op, "depth", depth, "input 1");
  if (depths.size() != 1) node.broken("the depth is not one number");
  op->depth = depths[0];
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(2)}));
}

void importTrilu(NodeContext& node) {
  auto op = std::make_unique<ops::Trilu>();
  op->upper = node.integer("upper", 1) != 0;
  if (node.hasInput(1)) op->diagonal = node.settingInt(*op, "diagonal", 1);
  node.setOutput(0, node.emit(std::move(op), {node.input(0)}));
}

void importReverseSequence(NodeContext& node) {
  auto op = std::make_unique<ops::ReverseSequence>();
  op->batchAxis = node.integer("batch_axis", 1);
  op->timeAxis = node.integer("time_axis", 0);
  node.setOutput(0, node.emit(std::move(op), {node.input(0), node.input(1)}));
}

/// Ones, of which but a diagonal becomes 0: for a matrix of which data decide the size.
ir::ValueId diagonalOnes(NodeContext& node, DataType type, const std::vector<std::byte>& one) {
  const Composer c(node);
  auto ones = std::make_unique<ops::Expand>();
  ones->shape = node.settingInts(
      *ones, "shape", node.emit(std::make_unique<ops::ShapeOf>(), {node.input(0)}), "input 0");
  ir::ValueId value = node.emit(std::move(ones), {node.constantOf({type, {}}, one)});
  for (const bool upper : {true, false}) {
    auto triangle = std::make_unique<ops::Trilu>();
    triangle->upper = upper;
    triangle->diagonal = node.integer("k", 0);
    value = node.emit(std::move(triangle), {value});
  }
  return value;
}

void importEyeLike(NodeContext& node) {
  const TensorType like = node.typeOf(node.input(0));
  if (like.shape.rank() != 2) node.broken("the input is no matrix");
  if (like.shape.elements() > kMostElements) node.unsupported("a matrix this large");
  const int64_t given = node.integer("dtype", 0);
  if (given < 0 || given > 255) node.unsupported("this element type");
  const DataType type = given ? static_cast<DataType>(given) : like.type;
  const std::vector<std::byte> one = oneAs(node, type);
  if (node.isFromData(0, 0) || node.isFromData(0, 1))
    return node.setOutput(0, diagonalOnes(node, type, one));
  const int64_t rows = like.shape[0], columns = like.shape[1];
  std::vector<std::byte> bytes(static_cast<size_t>(rows * columns) * one.size());
  const int64_t k = std::clamp<int64_t>(node.integer("k", 0), -rows, columns);
  for (int64_t row = std::max<int64_t>(0, -k); row < rows && row + k < columns; ++row)
    std::ranges::copy(one,
                      bytes.begin() + (row * columns + row + k) * static_cast<int64_t>(one.size()));
  const Shape shape = like.shape;
  node.noteShapeDependence();
  node.setOutput(0, node.constantOf({type, shape}, bytes));
}

void importRange(NodeContext& node) {
  const auto floats = [&](int i) { return node.constantFloats(i); };
  const auto ints = [&](int i) { return node.constantInts(i); };
  const DataType type = node.typeOf(node.input(0)).type;
  bool isFixed = type != DataType::Float64;
  for (int i = 0; i < 3; ++i)
    isFixed = isFixed && node.isConstant(node.input(i)) && !node.follows(node.input(i));
  if (!isFixed) return node.setOutput(0, followingRange(node, type));
  switch (type) {
    case DataType::Float16: {
      auto narrow = std::make_unique<ops::Cast>();
      narrow->to = type;
      const ir::ValueId wide = rangeFrom<float>(node, DataType::Float32, floats);
      return node.setOutput(0, node.emit(std::move(narrow), {wide}));
    }
    case DataType::Float32:
      return node.setOutput(0, rangeFrom<float>(node, type, floats));
    case DataType::Int16:
      return node.setOutput(0, rangeFrom<int16_t>(node, type, ints));
    case DataType::Int32:
      return node.setOutput(0, rangeFrom<int32_t>(node, type, ints));
    case DataType::Int64:
      return node.setOutput(0, rangeFrom<int64_t>(node, type, ints));
    default:
      node.unsupported("a range of this element type");
  }
}

}  // namespace minnow::converter
